"""`shopthread models`: see, check, add and measure the models that the cameras run."""

import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from shopthread.console import err, one_line_errors, out, print_error
from shopthread.reid_commands import export_reid, measure_styles, train_reid

if TYPE_CHECKING:
    from models.manifest import Task
    from models.registry import ModelRegistry, RegisteredModel

HOME_VARIABLE = "SHOPTHREAD_HOME"

app = typer.Typer(
    no_args_is_help=True,
    help="The models that find people in frames and know them again: list, verify, add your own, train, measure.",
)
app.command()(train_reid)
app.command()(export_reid)
app.command()(measure_styles)


def default_models_dir() -> Path:
    """Return where this user's own models live: under SHOPTHREAD_HOME, or in the home directory."""
    home = os.environ.get(HOME_VARIABLE)
    base = Path(home) if home else Path.home() / ".local" / "share" / "shopthread"
    return base / "models"


@dataclass(frozen=True, slots=True)
class _ThreeNumbers:
    values: tuple[float, float, float]


def _three_numbers(text: str) -> _ThreeNumbers:
    try:
        first, second, third = (float(part) for part in text.split(","))
    except ValueError as error:
        msg = f"need three numbers with commas, such as 123.7,116.3,103.5; got {text!r}"
        raise typer.BadParameter(msg) from error
    return _ThreeNumbers((first, second, third))


def _size(text: str) -> tuple[int, int]:
    try:
        width_px, height_px = (int(part) for part in text.lower().split("x"))
    except ValueError as error:
        msg = f"need width x height in pixels, such as 320x256; got {text!r}"
        raise typer.BadParameter(msg) from error
    return width_px, height_px


def _registry() -> "ModelRegistry":
    from models.registry import ModelRegistry

    return ModelRegistry(default_models_dir())


@contextmanager
def _explained() -> Iterator[None]:
    """Print what is wrong with a model, and what to do, instead of a traceback."""
    from models.errors import ModelError

    with one_line_errors(ModelError):
        yield


@app.command("list")
def list_models() -> None:
    """Show every model: task, licence, where it came from."""
    table = Table(title="Models")
    table.add_column("name", no_wrap=True)
    for heading in ("task", "version", "from", "licence", "sha256"):
        table.add_column(heading)
    with _explained():
        for model in _registry().list():
            manifest = model.manifest
            table.add_row(
                manifest.name,
                manifest.task,
                manifest.version,
                model.origin,
                manifest.licence,
                manifest.sha256[:12],
            )
    out.print(table)


@app.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="One model; without it, all.")] = None,
) -> None:
    """Check each model's file against its manifest and open it; exit code 1 if any is refused."""
    from models.errors import ModelError
    from models.loader import load_model

    with _explained():
        registry = _registry()
        models = registry.list() if name is None else [registry.get(name)]
    refused = 0
    for model in models:
        with _explained():
            try:
                load_model(model)
            except ModelError as error:
                refused += 1
                err.print(f"refused  {error}", markup=False, soft_wrap=True)
            else:
                out.print(f"ok       {model.manifest.name}  {model.path}", soft_wrap=True)
    if refused:
        raise typer.Exit(1)


@app.command()
def add(  # noqa: PLR0913, PLR0917 - one option for each thing that a file cannot say of itself
    file: Annotated[Path, typer.Argument(help="An ONNX file.")],
    name: Annotated[str, typer.Option(help="What to call it: small letters, digits, . _ -")],
    task: Annotated[str, typer.Option(help="detector or embedder.")],
    licence: Annotated[str, typer.Option(help="The licence of the weights.")],
    provenance: Annotated[
        str, typer.Option(help="Where it came from, what it was trained on.")
    ] = "added by a user; provenance not stated",
    version: Annotated[str, typer.Option(help="Your version of it.")] = "1",
    rgb: Annotated[bool, typer.Option("--rgb/--bgr", help="Order of the colours.")] = False,
    mean: Annotated[
        _ThreeNumbers, typer.Option(parser=_three_numbers, metavar="A,B,C", help="Subtracted, by channel.")
    ] = "0,0,0",  # type: ignore[assignment]
    std: Annotated[
        _ThreeNumbers, typer.Option(parser=_three_numbers, metavar="A,B,C", help="Divided by, by channel.")
    ] = "1,1,1",  # type: ignore[assignment]
    size_multiple: Annotated[int, typer.Option(help="Sides are multiples of it, pixels.")] = 32,
    score_threshold: Annotated[float, typer.Option(help="Boxes below it are dropped.")] = 0.42,
    nms_iou: Annotated[float, typer.Option(help="Overlap that makes a duplicate.")] = 0.5,
) -> None:
    """Add your own detector or embedder: look into FILE, copy it, write its manifest, open it.

    A detector has one image input and two float32 outputs: boxes [N, A, 4] as x1, y1, x2, y2 in
    input pixels and scores [N, A]. An embedder gives one vector per image, [N, D].
    """
    from models.errors import ModelError
    from models.inspection import (
        Description,
        describe_file,
    )
    from models.loader import load_model
    from models.manifest import Task

    if task not in set(Task):
        msg = f"--task must be one of {', '.join(Task)}, got {task!r}"
        raise typer.BadParameter(msg)
    with _explained():
        description = Description(
            name=name,
            task=Task(task),
            licence=licence,
            provenance=provenance,
            version=version,
            channel_order="RGB" if rgb else "BGR",
            mean=mean.values,
            std=std.values,
            size_multiple_px=size_multiple,
            score_threshold=score_threshold,
            nms_iou=nms_iou,
        )
        registry = _registry()
        model = registry.add(describe_file(file, description), file)
        try:
            load_model(model)
        except ModelError:
            registry.remove(name)
            raise
    _show(model)


def _show(model: "RegisteredModel") -> None:
    manifest = model.manifest
    table = Table("what", "found", title=f"Added {manifest.name}", show_header=False)
    for tensor in manifest.inputs:
        table.add_row("input", f"{tensor.name}: {tensor.dtype} {_shape(tensor.shape)}")
    for tensor in manifest.outputs:
        table.add_row("output", f"{tensor.name}: {tensor.dtype} {_shape(tensor.shape)}")
    table.add_row("layout, colours", f"{manifest.preprocessing.layout}, {manifest.preprocessing.channel_order}")
    table.add_row("sha256", manifest.sha256)
    table.add_row("file", str(model.path))
    out.print(table)
    if manifest.detector is not None:
        out.print(f'Use it in a camera\'s file: model = "{manifest.name}"', markup=False)


def _shape(shape: tuple[int | str, ...]) -> str:
    return " x ".join(str(dimension) for dimension in shape)


@app.command()
def evaluate(  # noqa: PLR0913, PLR0917 - one argument per option
    video: Annotated[Path | None, typer.Option(help="For detectors: footage.")] = None,
    truth: Annotated[Path | None, typer.Option(help="For detectors: true boxes, MOTChallenge text.")] = None,
    people: Annotated[
        Path | None, typer.Option(metavar="DIR", help="For embedders: pictures of one person each, named by --layout.")
    ] = None,
    name: Annotated[list[str] | None, typer.Option(help="A model; repeat for several. Without it, all.")] = None,
    size: Annotated[str, typer.Option(help="Detectors' input size, width x height in pixels.")] = "320x256",
    every: Annotated[int, typer.Option(help="Take each n-th frame of the footage.", min=1)] = 16,
    first: Annotated[int, typer.Option(help="Index of the first frame taken.", min=0)] = 0,
    layout: Annotated[
        str, typer.Option(help="How pictures are named: id_camera (0002_c1s1_000451.jpg), id_angle_camera (VIPeR).")
    ] = "id_camera",
    query_camera: Annotated[
        str | None, typer.Option(metavar="CAMERA", help="Whose people are looked for in the others; else the first.")
    ] = None,
    sample: Annotated[
        int | None, typer.Option(min=1, help="Draw so many people for each split; without it all, once.")
    ] = None,
    splits: Annotated[int, typer.Option(min=1, help="How often people are drawn.")] = 10,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write every figure there, by model.")
    ] = None,
) -> None:
    """Measure detectors on labelled footage, or embedders on labelled pictures of people.

    With --video and --truth: average precision, precision, recall and milliseconds of detectors. With --people: how
    often an embedder finds a person again in another camera, at rank 1, 5 and 10, and mean average precision.
    """
    from msgspec import json

    from models.manifest import Task
    from models.reidentification import Layout, read_people
    from shopthread.evaluate_commands import evaluate_detectors, evaluate_embedders

    figures: Mapping[str, object]
    size_wh_px = _size(size)
    if layout not in set(Layout):
        msg = f"--layout must be one of {', '.join(Layout)}, got {layout!r}"
        raise typer.BadParameter(msg)
    with _explained():
        if people is not None and video is None and truth is None:
            pictures = read_people(people, Layout(layout))
            figures = evaluate_embedders(_chosen(name, Task.EMBEDDER), pictures, query_camera, sample, splits)
        elif people is None and video is not None and truth is not None:
            frames = range(first, sys.maxsize, every)
            figures = evaluate_detectors(_chosen(name, Task.DETECTOR), video, truth, size_wh_px, frames)
        else:
            msg = "give --video and --truth to measure detectors, or --people to measure embedders"
            raise typer.BadParameter(msg)
    if json_file is not None:
        json_file.write_bytes(json.format(json.encode(figures), indent=1) + b"\n")


def _chosen(names: list[str] | None, task: "Task") -> "list[RegisteredModel]":
    registry = _registry()
    if names:
        return [registry.get(one) for one in names]
    return [model for model in registry.list() if model.manifest.task is task]


@app.command()
def embed(
    images: Annotated[list[Path], typer.Argument(help="Pictures of one person each.", show_default=False)],
    features: Annotated[Path, typer.Option("--out", help="Where to write the arrays `name` and `feat`.")],
    model: Annotated[str | None, typer.Option(help="An embedder; without it, the default one.")] = None,
) -> None:
    """Write the signatures of people in pictures, to measure an embedder: a NumPy file with names and vectors."""
    import cv2
    import numpy as np

    from models.embedding import PersonEmbedder
    from models.errors import ModelRefusedError
    from models.loader import load_model
    from models.registry import DEFAULT_EMBEDDER
    from models.video import opencv_resize

    with _explained():
        embedder = PersonEmbedder(load_model(_registry().get(model or DEFAULT_EMBEDDER)), opencv_resize)
        pictures = []
        for path in images:
            picture = cv2.imread(str(path))
            if picture is None:
                msg = f"picture {path} cannot be read; check the path and that it is a picture"
                raise ModelRefusedError(msg)
            pictures.append(np.asarray(picture, dtype=np.uint8))
        found = embedder.embed(pictures)
        np.savez(features, name=np.array([path.name for path in images]), feat=found)
    out.print(f"{len(images)} signatures of {found.shape[1]} numbers in {features}", highlight=False, soft_wrap=True)


@app.command()
def count(
    config: Annotated[Path, typer.Option(help="A camera's configuration; its tripwires are measured.")],
    video: Annotated[Path, typer.Option(help="Footage, in place of the configuration's source.")],
    truth: Annotated[Path, typer.Option(help="True boxes with identities, MOTChallenge text.")],
    model: Annotated[str | None, typer.Option(help="A model in place of the configuration's.")] = None,
    tolerance_s: Annotated[float, typer.Option(help="Farther apart is not the same crossing.", min=0)] = 1.5,
) -> None:
    """Measure a camera's counts against labelled footage: crossings found, missed and made up."""
    from msgspec.structs import replace

    from edge import audit
    from edge.adapters.camera import CameraClock, VideoFile
    from edge.camera_building import build_camera_agent
    from edge.camera_config import load_camera_config
    from edge.camera_rules import pipeline_rules
    from edge.errors import EdgeError
    from edge.ports import Drafts

    found: list[Drafts] = []

    class Collected:
        """Keeps events in memory."""

        def emit(self, drafts: Drafts, resume_offset_bytes: int | None = None) -> None:
            """See `EventSink.emit`; `resume_offset_bytes` has no meaning for footage."""
            del resume_offset_bytes
            found.append(drafts)

    with _explained():
        try:
            settings = load_camera_config(config)
            camera = replace(settings.camera, source=f"file:{video}", realtime=False, loop=False, max_fps=None)
            settings = replace(settings, camera=replace(camera, model=model or camera.model))
            clock = CameraClock(lambda: 0, time.monotonic, time.sleep)
            fps = VideoFile(video, 0, clock).frames_per_second()
            agent = build_camera_agent(settings, Collected(), clock, registry=_registry(), on_bad_line=out.print)
            agent.run(lambda: False)
            start_ms = 0 if camera.start is None else round(camera.start.timestamp() * 1000)
            paths = audit.read_true_paths(truth, start_ms, fps)
        except EdgeError as error:
            print_error(str(error))
            raise typer.Exit(1) from error
    drafts = [draft for emitted in found for draft in emitted]
    table = Table("tripwire", "true in/out", "found in/out", "matched", "missed", "made up", title=video.name)
    for tripwire in pipeline_rules(settings).tripwires:
        happened = audit.true_crossings(tripwire, paths)
        result = audit.compare(tripwire, happened, audit.found_crossings(tripwire, drafts), round(tolerance_s * 1000))
        table.add_row(
            result.tripwire_id,
            f"{result.true_in}/{result.true_out}",
            f"{result.found_in}/{result.found_out}",
            str(result.matched),
            str(result.missed),
            str(result.extra),
        )
    out.print(table)
    out.print(f"{agent.frames_processed} frames")
