"""How an embedder learned: `python -m benchmarks.reid_curve CHECKPOINT... --viper DIR --films DIR`, a row for each.

Checkpoints of one run, copied while it lasted, give what training time brings; last ones of runs with `--people` and
the same `--steps` give what more people bring. Needs the extra `training`. Colours are left out.
"""

import argparse
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks.embedders import COLUMNS, SAMPLE, Embed, filmed, labelled, scored, shown
from models.embedding import PersonEmbedder
from models.loader import LoadedModel, open_session
from models.training.learning.augmentation import normalized
from models.training.learning.export import load_average, to_onnx
from models.training.learning.network import Network, renormalize
from models.training.learning.run import decode
from models.training.pictures import read_folder
from models.training.release import manifest_of
from models.video import opencv_resize

_FEW = 512
_FEWEST_PEOPLE = 64


def embed_of(network: Network) -> Embed:
    """Return how a network tells people."""
    model = to_onnx(network)
    content = model.SerializeToString(deterministic=True)
    manifest = manifest_of("checkpoint", "0", model, content, "a checkpoint")
    return PersonEmbedder(LoadedModel(manifest, open_session(content, source="a checkpoint")), opencv_resize).embed


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reid_curve", description=__doc__)
    parser.add_argument("checkpoints", nargs="+", type=Path, metavar="CHECKPOINT", help="files of training runs")
    parser.add_argument("--data", type=Path, default=Path("build/reid/data"), metavar="DIR", help="rendered pictures")
    parser.add_argument("--viper", type=Path, metavar="DIR", help="pictures named ID_ANGLE_CAMERA")
    parser.add_argument("--films", type=Path, metavar="DIR", help="rendered cameras of one store, a folder each")
    given = parser.parse_args()
    torch.set_num_threads(1)
    shard, _ = read_folder(given.data, _FEWEST_PEOPLE)
    few = normalized(decode(shard.jpegs[:: max(1, len(shard.jpegs) // _FEW)]))
    viper, films = given.viper and labelled(given.viper), given.films and filmed(given.films)
    table = Table("checkpoint", "people", "steps", "minutes", *COLUMNS)
    for path in given.checkpoints:
        network, _, origin = load_average(path)
        renormalize(network, few)
        embed = embed_of(network)
        row = [path.stem, f"{origin.people:,}", f"{origin.steps:,}", f"{origin.minutes:.0f}"]
        row += shown(scored(viper, embed, SAMPLE) if viper else None, ("rank_1", "rank_5", "mean_average_precision"))
        row += shown(scored(films, embed, None) if films else None, ("rank_1", "mean_average_precision"))
        table.add_row(*row)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
