"""`shopthread edge calibrate`: a camera's floor, lines, zones and masks, drawn on a local page or read from a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from shopthread.console import one_line_errors, out, print_warning, stop_on_signal

if TYPE_CHECKING:
    from edge.calibration.page import PlanShape
    from edge.calibration.report import Report

_PICTURES_APART = 50


def calibrate(
    config: Annotated[Path, typer.Argument(help="The camera's configuration file (TOML).", show_default=False)],
    points: Annotated[
        Path | None,
        typer.Option(metavar="CSV", help="No page: take the floor's points from lines of image x,y,floor x,y."),
    ] = None,
    plan: Annotated[
        str | None,
        typer.Option(metavar="SCENARIO", help="The store's plan, to pick floor points on: a scenario's name or file."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="With --points: report alone.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of the page; 0: any free one.")] = 0,
) -> None:
    """Set up a camera on a local page: floor points, tripwires, zones, masks, the lens's straight lines.

    The page shows one picture of the camera, with its masks, which is kept in memory alone. It tells the floor's errors
    in centimetres, draws the floor's grid over the picture, and saves into the file: all else in it stays, comments
    too, and the file from before is kept beside it with .bak at its end. Only this machine can open the page, with the
    address that is printed. Ctrl-C ends it.
    """
    if points is not None:
        _from_file(config, points, dry_run=dry_run)
        return
    from edge.adapters.local_page import LocalPage, new_token
    from edge.adapters.still import png, take_still
    from edge.calibration.page import CalibrationPage
    from edge.camera_building import frame_source
    from edge.camera_settings import CameraConfig
    from edge.errors import EdgeError
    from edge.main import CAMERA_CLOCK
    from edge.ports import Image

    def still(settings: CameraConfig, number: int) -> Image:
        source = frame_source(settings, CAMERA_CLOCK)
        is_recording = settings.camera.source.startswith("file:")
        return take_still(source, CAMERA_CLOCK.monotonic_s, _PICTURES_APART * number if is_recording else 0)

    with one_line_errors(EdgeError), stop_on_signal() as stop:
        shapes = () if plan is None else _plan(plan)
        handlers = CalibrationPage(config, still, png, shapes).handlers()
        with LocalPage(handlers, port=port, token=new_token()) as page:
            out.print(f"Open {page.url}", highlight=False, soft_wrap=True)
            out.print("Only this machine can. Ctrl-C ends it.")
            stop.wait()


def _plan(scenario: str) -> "tuple[PlanShape, ...]":
    """Return what stands in a store."""
    from edge.calibration.page import PlanShape

    with one_line_errors(ImportError):
        from simulators.adapters.scenario_files import load_scenario
        from simulators.core.errors import ScenarioError
    with one_line_errors(ScenarioError, OSError):
        store = load_scenario(scenario)
    return (
        *(PlanShape(kind="zone", name=zone.id, points=zone.polygon) for zone in store.zones),
        *(PlanShape(kind="shelf", name=shelf.id, points=shelf.polygon) for shelf in store.shelves),
        *(PlanShape(kind="wall", name="wall", points=wall.polygon) for wall in store.walls),
    )


def _from_file(config: Path, points: Path, *, dry_run: bool) -> None:
    from msgspec.structs import replace

    from edge.calibration.drawing import drawing_of
    from edge.calibration.points_file import read_points
    from edge.calibration.report import report
    from edge.calibration.settings_file import read_settings, save
    from edge.camera_config import parse_camera_config
    from edge.errors import ConfigurationError, EdgeError

    with one_line_errors(EdgeError):
        raw = read_settings(config)
        settings = parse_camera_config(raw, config, is_draft=True)
        image_px, floor_m = read_points(points)
        drawing = replace(drawing_of(settings), image_px=image_px, floor_m=floor_m)
        found = report(settings, drawing)
        if found.errors:
            raise ConfigurationError("; ".join(found.errors))
        _show(found, image_px, floor_m)
        if dry_run:
            return
        _, backup = save(config, raw, drawing)
    out.print(f"Saved into {config}; {backup} holds what was there before.", highlight=False, soft_wrap=True)


def _show(found: "Report", image_px: tuple[tuple[float, float], ...], floor_m: tuple[tuple[float, float], ...]) -> None:
    if found.floor is None:
        return
    table = Table("point", "pixels", "metres", "misses by, cm", "by all others, cm")
    for number, (pixels, metres, told) in enumerate(zip(image_px, floor_m, found.floor.points, strict=True), start=1):
        left_out = "" if told.left_out_cm is None else f"{told.left_out_cm:.1f}"
        place = (f"{pixels[0]:g}, {pixels[1]:g}", f"{metres[0]:g}, {metres[1]:g}")
        table.add_row(str(number), *place, f"{told.residual_cm:.1f}", left_out)
    out.print(table)
    floor = found.floor
    fits = f"root mean square {floor.rms_cm:.1f} cm, point {floor.worst} fits least"
    if len(image_px) == 4:  # noqa: PLR2004 - what every homography fits
        fits = "four points always fit: a fifth one tests them"
    out.print(
        f"{fits}. Positions are expected to be {floor.error_cm:.0f} cm off in each coordinate "
        f"(condition number {floor.condition_number:g}).",
        highlight=False,
    )
    for warning in found.warnings:
        print_warning(warning)
