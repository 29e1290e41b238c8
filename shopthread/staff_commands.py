"""`shopthread edge staff-uniform`: what staff wears, for a camera to know it by."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from shopthread.console import one_line_errors, out
from shopthread.models_commands import default_models_dir


def staff_uniform(
    video: Annotated[
        Path, typer.Argument(help="A recording of this camera that shows the uniform.", show_default=False)
    ],
    config: Annotated[Path, typer.Option(help="The camera's configuration; its source is not used.")],
    out_file: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the model there, for staff.uniform_file.")
    ] = None,
    track: Annotated[
        list[int] | None,
        typer.Option(metavar="N", help="Whose clothes; repeatable (default: who is in staff zones most of the time)."),
    ] = None,
) -> None:
    """Enrol a uniform: the colours of the upper body of those whom you name, as this camera sees them.

    Shows who is in the recording, by the numbers of their tracks. The file holds histograms of colours alone: no
    picture of anybody, and nothing that tells two people in one uniform apart. Enrol each camera by itself, since
    cameras see colours differently.
    """
    import msgspec

    from edge.camera_config import load_camera_config
    from edge.errors import EdgeError
    from edge.main import CAMERA_CLOCK
    from edge.uniform_enrolment import enrol_uniform
    from models.errors import ModelError
    from models.registry import ModelRegistry

    with one_line_errors(EdgeError, ModelError, OSError):
        registry = ModelRegistry(default_models_dir())
        found = enrol_uniform(load_camera_config(config), video, CAMERA_CLOCK, registry, track or ())
        if out_file is not None:
            out_file.write_bytes(msgspec.json.format(msgspec.json.encode(found.model)) + b"\n")
    table = Table("Track", "Good views", "In staff zones, s", "Enrolled")
    for each in found.tracks:
        is_enrolled = "yes" if each.number in found.enrolled else ""
        table.add_row(str(each.number), str(each.views), f"{each.staff_zone_s:.1f}", is_enrolled)
    out.print(table)
    likeness = f"alike {found.model.mean:.2f} on average, standard deviation {found.model.sd:.2f}"
    out.print(f"{found.model.views} views of {len(found.enrolled)} tracks, {likeness}", highlight=False)
    if out_file is not None:
        out.print(
            f'Wrote {out_file}. Set uniform_file = "{out_file.name}" under [staff].',
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
