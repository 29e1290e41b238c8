"""`shopthread simulate render` and `render-check`: rendered footage with its truth, and how much a detector finds."""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from shopthread.console import one_line_errors, out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from simulators.core.layout import Camera
    from simulators.core.scenario import Scenario
    from simulators.rendering.recall import Recall

_FLOAT_DETECTORS = ("nanodet-g-person",)
_DEFAULT_START = "2026-03-02T12:00:00Z"
_HEIGHTS_PX = (0, 60, 90, 120, 150, 200, 10_000)


def render(  # noqa: PLR0913, PLR0917 - one argument per option
    scenario: Annotated[
        str, typer.Argument(metavar="SCENARIO", help="A name that `scenarios` lists, or your own TOML file.")
    ],
    out_dir: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Gets a folder per camera; earlier footage is replaced.")
    ],
    camera: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Which camera; repeatable (default: all).")
    ] = None,
    seconds: Annotated[float, typer.Option(min=0.1, metavar="S", help="Length of the footage.")] = 60.0,
    fps: Annotated[float, typer.Option(min=1, max=30, help="Frames a second.")] = 10.0,
    start: Annotated[str, typer.Option(metavar="TIME", help="Store time of the first frame.")] = _DEFAULT_START,
    lead: Annotated[
        float, typer.Option(min=0, metavar="S", help="Seconds before it during which the store fills unseen.")
    ] = 600.0,
    seed: Annotated[int, typer.Option(min=0, help="Same seed and same start, same people and same paths.")] = 1,
    plain: Annotated[
        bool, typer.Option("--plain", help="Without blur, noise, colour casts and compression of the cameras.")
    ] = False,
    assets: Annotated[
        Path | None,
        typer.Option(metavar="DIR|FILE.npz", help="Clothes, hair, skins and fabrics that people wear besides ours."),
    ] = None,
    assets_licence: Annotated[
        str | None, typer.Option(metavar="NAME", help="Licence of an npz file that names none.")
    ] = None,
) -> None:
    """Render what the cameras of a scenario see, with exact truth: who shows where, and how much of whom.

    Each camera gets a folder: video.mp4, gt.txt (MOTChallenge), sightings.jsonl (boxes of the whole and of the visible
    silhouette, visible share, place on the floor), truth.json (what happened), camera.toml (for `shopthread edge
    camera`), preview.png.

    With --assets people wear what a folder holds (`shopthread simulate assets init DIR` makes an example); who wears
    what follows from the seed and the person's id alone.
    """
    from contracts.timestamps import parse_time
    from simulators.adapters.scenario_files import load_scenario
    from simulators.core.errors import ScenarioError

    with one_line_errors(ImportError):
        from simulators.rendering.clothing.folder import load_assets
        from simulators.rendering.studio import Take, film
    from rich.progress import Progress

    try:
        start_ms = parse_time(start)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--start") from error
    with one_line_errors(ScenarioError, OSError, ValueError):
        config = load_scenario(scenario)
        cameras = _chosen(config, camera)
        take = Take(seed=seed, start_ms=start_ms, lead_s=lead, seconds=seconds, fps=fps, plain=plain)
        worn = load_assets(assets, assets_licence) if assets else None
        with Progress(console=out, transient=True) as progress:
            task = progress.add_task(f"{config.title}: {len(cameras)} camera(s)", total=round(seconds * fps))
            film(config, cameras, take, out_dir, lambda frame: progress.update(task, completed=frame), worn)
    for each in cameras:
        out.print(f"{out_dir / each.id}", highlight=False, soft_wrap=True)


def _chosen(scenario: "Scenario", ids: list[str] | None) -> "Sequence[Camera]":
    known = {camera.id: camera for camera in scenario.cameras}
    for name in ids or ():
        if name not in known:
            msg = f"--camera must be one of {', '.join(known)}, got {name!r}"
            raise ValueError(msg)
    return scenario.cameras if ids is None else [known[name] for name in dict.fromkeys(ids)]


def render_check(
    folders: Annotated[
        list[Path], typer.Argument(metavar="DIR...", help="Folders that `render` made, one per camera.")
    ],
    model: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="A detector; repeatable (default: the stock ones).")
    ] = None,
    score: Annotated[float, typer.Option(min=0, max=1, help="Boxes below this score do not count.")] = 0.45,
    every: Annotated[int, typer.Option(min=1, metavar="N", help="Look at every n-th frame.")] = 5,
    width: Annotated[int, typer.Option(min=32, help="Width that the model sees, pixels.")] = 640,
    height: Annotated[int, typer.Option(min=32, help="Height that the model sees, pixels.")] = 480,
) -> None:
    """Measure how many of the rendered people a detector finds: those of whom half shows, at IoU 0.5.

    Of several folders the mean of their recalls is told too, and the recall by how tall people are in the frame.
    """
    import msgspec
    from rich.table import Table

    with one_line_errors(ImportError):
        from models.detection import PersonDetector
        from models.loader import load_model
        from models.registry import DEFAULT_DETECTOR, ModelRegistry
        from models.video import opencv_resize
        from simulators.rendering.review import review
    from models.errors import ModelError

    registry = ModelRegistry()
    table = Table("Footage", "Detector", "Frames", "People", "Found", "Recall", "Precision")
    with one_line_errors(ModelError, OSError, msgspec.MsgspecError):
        for name in model or (DEFAULT_DETECTOR, *_FLOAT_DETECTORS):
            detector = PersonDetector(
                load_model(registry.get(name)), (width, height), opencv_resize, score_threshold=score
            )
            recalls = [review(folder, detector.detect, every) for folder in folders]
            for folder, recall in zip(folders, recalls, strict=True):
                figures = (recall.frames, recall.people, recall.found)
                shares = (f"{recall.share:.3f}", f"{recall.precision:.3f}")
                table.add_row(str(folder), name, *(str(figure) for figure in figures), *shares)
            _add_summary(table, name, recalls)
    out.print(table)


def _add_summary(table: "Table", detector: str, recalls: "list[Recall]") -> None:
    """Add the mean of several folders' recalls, and the recall of all of them by people's height in the frame."""
    if len(recalls) > 1:
        mean = sum(recall.share for recall in recalls) / len(recalls)
        table.add_row("mean of folders", detector, "", "", "", f"{mean:.3f}", "")
    for low_px, high_px in pairwise(_HEIGHTS_PX):
        counts = [recall.between(low_px, high_px) for recall in recalls]
        people, found = (sum(count) for count in zip(*counts, strict=True))
        if people:
            name = f"{low_px} to {high_px} px tall" if high_px != _HEIGHTS_PX[-1] else f"{low_px} px and taller"
            table.add_row(name, detector, "", str(people), str(found), f"{found / people:.3f}", "")
