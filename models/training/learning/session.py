"""What the commands do: train in a folder, and write what was learned there as files that the project can run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import msgspec
import numpy as np
import onnx
import torch
from torch import Tensor, nn

from models.building.fit import corrected, fitting_ranges
from models.building.graph import FLOAT, tensor_info
from models.building.quantize import quantize
from models.errors import ModelError
from models.loader import open_session
from models.registry import ModelRegistry, read_verified
from models.training.discriminant import Array
from models.training.figure import Map
from models.training.footage import cut_people
from models.training.learning.augmentation import normalized
from models.training.learning.beside import Beside, Reader, learn_beside, worse_pictures
from models.training.learning.export import FLOAT_FROM, INPUT, OUTPUT, difference, to_onnx
from models.training.learning.initial import load_embedder, load_imagenet
from models.training.learning.mixing import Part, embedder_part, mixed, run_part
from models.training.learning.network import FEATURES, Network, renormalize, settle_levels
from models.training.learning.run import CHECKPOINT_FILE, LOG_FILE, Progress, Run, decode
from models.training.light import with_light
from models.training.pictures import Shard
from models.training.recipe import Budget, Recipe
from models.training.release import (
    CHANNEL_MEAN,
    CHANNEL_SPREAD,
    Footage,
    card,
    held_out_told,
    manifest_of,
    named,
    provenance,
    write_release,
)
from models.training.styles import Styles
from models.training.worn import Weights
from models.training.worn_graph import map_names, turned, with_worn

_COMPARED = 256
_CALIBRATED = 512
_CORRECTED_BATCHES = 2
_AT_ONCE = 64
_LEAST_SHARE = 1e-9


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How to train.

    Attributes:
        recipe: What a run does.
        budget: When it ends.
        folder: Gets checkpoint and log.
        initial: A file with ImageNet weights or the name of an embedder; None: go on from the checkpoint.
        checkpoint_s: How often to write one, seconds.
        threads: Of the processor; 0: as many as PyTorch takes.
        device: `cpu`, `cuda`, or None: `cuda` where there is one.
    """

    recipe: Recipe
    budget: Budget
    folder: Path
    initial: str | None
    checkpoint_s: float
    threads: int = 0
    device: str | None = None


def train(
    settings: Settings, shard: Shard, registry: ModelRegistry, progress: Callable[[Progress], None]
) -> dict[str, float]:
    """Train, and return what the averaged weights reach on people who were held out.

    Raises:
        ModelError: The pictures, the first weights or the checkpoint do not fit.
    """
    cv2.setNumThreads(1)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    device = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
    run = Run(settings.recipe, shard, settings.folder, device)
    initial = settings.initial
    if initial is None:
        run.resume()
    else:
        run.begin(lambda network, pictures: _begin(network, pictures, initial, registry))
    run.train(settings.budget, settings.checkpoint_s, progress)
    return run.measure()


def _begin(network: Network, pictures: Tensor, initial: str, registry: ModelRegistry) -> str:
    """Give a network its first weights. Return where they come from."""
    if Path(initial).exists():
        told = load_imagenet(network, Path(initial))
        settle_levels(network, pictures)
        return told
    model = registry.get(initial)
    load_embedder(network, read_verified(model.path, model.manifest.sha256), pictures)
    return named(model.manifest)


def export_untrained(weights: Path, folder: Path, named: tuple[str, str]) -> Path:
    """Write ImageNet's features as an embedder, to see what training adds. Return the model's path.

    Args:
        weights: As `load_imagenet` takes them.
        folder: Gets the files.
        named: Name and version.

    Raises:
        ModelError: The weights are other ones.
    """
    network = Network(1, FEATURES).eval()
    told = f"The pooled features of {load_imagenet(network, weights)}; not trained on people."
    for reduce in network.reduce:
        nn.init.eye_(reduce.weight)
    model = to_onnx(network)
    code = model.SerializeToString(deterministic=True)
    return write_release(folder, manifest_of(*named, model, code, told), code)


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """What to write of a run.

    Attributes:
        folder: Gets the files.
        name: What to call the model; the integer one gets `-int8`.
        version: Of its weights.
        tolerance: Most that file and network may differ in any number.
        dimensions: How many numbers the network's vectors are turned to; 0: they stay as they are.
        weights: How much what people wear counts beside the network; None: what does best with people held out.
        mixed_with: Embedders by name and other runs by folder, each with the share of the mean of weights that it is;
            what they leave is the run's.
        footage: Real people on whom normalization is measured beside rendered ones.
        styles: How real cameras show people, which the discriminant and integers learn from; None: as the run did.
    """

    folder: Path
    name: str
    version: str
    tolerance: float
    dimensions: int = 128
    weights: Weights | None = None
    mixed_with: tuple[tuple[str, float], ...] = ()
    footage: Footage | None = None
    styles: Styles | None = None


def export(
    run: Path,
    pictures: tuple[Shard, dict[str, Any]],
    release: Release,
    registry: ModelRegistry,
    others: Shard | None = None,
) -> tuple[list[Path], float]:
    """Write a run's averaged weights in floats and in integers, with manifests and a card.

    Args:
        run: The run's folder.
        pictures: As `read_folder` returns them; some give the ranges of integers, and compare file and checkpoint.
        release: What to write.
        registry: Knows embedders that weights are mixed with.
        others: Pictures of people whom the network did not learn from, to learn what follows and accompanies it: those
            whom it learned from it tells apart too well. None: `pictures`.

    Returns:
        The models' paths, and how much file and checkpoint differ.

    Raises:
        ModelError: They differ by more, or there is no checkpoint.
    """
    shard, settings = pictures
    some = normalized(decode(shard.jpegs[:: max(1, len(shard.jpegs) // _CALIBRATED)])).numpy()
    gathered = _gathered(run, settings, release, torch.from_numpy(some), registry)
    recipe = msgspec.structs.replace(gathered.recipe, styles=release.styles or gathered.recipe.styles)
    network = mixed(gathered.parts)
    seen = torch.from_numpy(some)
    renormalize(network, _blended(seen, release.footage, registry) if release.footage else seen)
    model = to_onnx(network)
    found = difference(network, model.SerializeToString(deterministic=True), some[:_COMPARED])
    if found > release.tolerance:
        tolerance = f"--tolerance {release.tolerance:g}"
        msg = f"the written model differs from the learned one by {found:.2e} in some number, more than {tolerance}"
        raise ModelError(msg)
    forms = {"32-bit floats": model, "8-bit integers": _in_integers(model, shard, recipe)}
    weights = release.weights or Weights(0.0, 0.0)
    by_weight: dict[Weights, float] = {}
    if release.weights != Weights(0.0, 0.0) or release.dimensions:
        readers = [reader_of(one) for one in forms.values()]
        beside, by_weight = learn_beside(others or shard, recipe, readers, release.dimensions)
        weights = release.weights or best(by_weight)
        learned = zip(forms.items(), beside, strict=True)
        forms = {form: accompanied(one, each, weights) for (form, one), each in learned}
    forms = {form: with_light(one, CHANNEL_MEAN, CHANNEL_SPREAD) for form, one in forms.items()}
    parts = [(part.share, part.told) for part in gathered.parts]
    told = provenance(parts, release.dimensions, weights, release.footage, recipe.styles)
    written, paths = {}, []
    for (form, one), suffix in zip(forms.items(), ("", "-int8"), strict=True):
        code = one.SerializeToString(deterministic=True)
        manifest = manifest_of(f"{release.name}{suffix}", release.version, one, code, told)
        paths.append(write_release(release.folder, manifest, code))
        written[form] = manifest, len(code)
    text = card(written, gathered.minutes, held_out_told(gathered.logged, by_weight))
    (release.folder / "card.md").write_text(text, encoding="utf-8")
    return paths, found


def _blended(pictures: Tensor, footage: Footage, registry: ModelRegistry) -> Tensor:
    """Return as many pictures, of which a share shows real people, in mixed order.

    What normalization subtracts and divides by then suits real cameras, too (Li et al., "Adaptive Batch Normalization
    for practical domain adaptation", Pattern Recognition 80, 2018).
    """
    real = normalized(torch.from_numpy(cut_people(footage.path, registry)))
    real = torch.cat([real, real.flip(3)])
    generator = torch.Generator().manual_seed(0)
    count = round(footage.share * len(pictures))
    kept = pictures[torch.randperm(len(pictures), generator=generator)[: len(pictures) - count]]
    both = torch.cat([kept, real[torch.randint(len(real), (count,), generator=generator)]])
    return both[torch.randperm(len(both), generator=generator)]


def _in_integers(model: onnx.ModelProto, shard: Shard, recipe: Recipe) -> onnx.ModelProto:
    """Return a model in integers but for its end, which costs little time in floats and errs much without.

    Its ranges and biases are measured on pictures made worse, as the discriminant's.
    """
    fed = worse_pictures(shard, recipe, _CALIBRATED).split(_AT_ONCE)
    batches = [part.numpy() for part in fed]
    ranges = fitting_ranges(model, INPUT, batches, FLOAT_FROM)
    return corrected(model, quantize(model, ranges, FLOAT_FROM), INPUT, batches[:_CORRECTED_BATCHES])


def reader_of(model: onnx.ModelProto) -> Reader:
    """Return what a file, and the maps within it, say of normalized pictures."""
    names = map_names(model)
    telling = onnx.ModelProto()
    telling.CopyFrom(model)
    telling.graph.output.extend(tensor_info(name, FLOAT, ["N", "C", "H", "W"]) for name in names)
    session = open_session(telling.SerializeToString(deterministic=True), source="the exported model")

    def read(fed: Tensor) -> tuple[Array, list[Map]]:
        vectors, *maps = session.run([OUTPUT, *names], {INPUT: fed.numpy()})
        return vectors.astype(np.float64), maps

    return read


def best(by_weight: Mapping[Weights, float]) -> Weights:
    """Return by which weights people held out are found best."""
    return max(by_weight, key=by_weight.__getitem__)


def accompanied(model: onnx.ModelProto, beside: Beside, weights: Weights) -> onnx.ModelProto:
    """Return a network with what follows it, if anything does, and what people wear beside it, if that counts."""
    if beside.discriminant:
        model = turned(model, beside.discriminant)
    return with_worn(model, beside.worn, weights, CHANNEL_MEAN, CHANNEL_SPREAD) if any(weights) else model


@dataclass(frozen=True, slots=True)
class _Gathered:
    """Whose mean is written, how it was learned, for how many minutes, and the last line of the run's log."""

    parts: list[Part]
    recipe: Recipe
    minutes: float
    logged: str


def _gathered(
    run: Path, settings: dict[str, Any], release: Release, pictures: Tensor, registry: ModelRegistry
) -> _Gathered:
    worn = tuple((each[0], each[1]) for each in settings.get("assets", ()))
    parts: list[Part] = []
    recipe, minutes, logged = Recipe(), 0.0, ""
    own = 1 - sum(share for _, share in release.mixed_with)
    folders = [(Path(name), share) for name, share in release.mixed_with if (Path(name) / CHECKPOINT_FILE).exists()]
    if own > _LEAST_SHARE:
        folders.insert(0, (run, own))
        logged = (run / LOG_FILE).read_text(encoding="utf-8").splitlines()[-1] if (run / LOG_FILE).exists() else ""
    for folder, share in folders:
        part, learned, took = run_part(folder, share, worn)
        parts.append(part)
        recipe, minutes = (learned if len(parts) == 1 else recipe), minutes + took
    parts += [
        embedder_part(name, share, recipe.levelled, pictures, registry)
        for name, share in release.mixed_with
        if not (Path(name) / CHECKPOINT_FILE).exists()
    ]
    return _Gathered(parts, recipe, minutes, logged)
