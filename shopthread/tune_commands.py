"""`shopthread edge tune`: which input size and which tiles find most people in a camera's own pictures."""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from shopthread.console import one_line_errors, out, print_warning
from shopthread.models_commands import default_models_dir

if TYPE_CHECKING:
    from edge.core.tuning import Candidate, Yield
    from edge.tuning import DetectorFor, Trial

_POOR_SCORE = 0.5


def tune(
    config: Annotated[Path, typer.Argument(help="The camera's configuration file (TOML).", show_default=False)],
    video: Annotated[Path | None, typer.Option(help="Footage of the camera, in place of its source.")] = None,
    seconds: Annotated[float, typer.Option(min=1, help="How long to look; of footage, its first seconds.")] = 60.0,
    frames: Annotated[int, typer.Option(min=1, help="How many pictures to look at, evenly over that time.")] = 24,
    truth: Annotated[
        Path | None, typer.Option(help="True boxes of the footage, MOTChallenge text: then these say who is there.")
    ] = None,
    write: Annotated[
        bool, typer.Option("--write", help="Set camera.input_size and camera.tiles in the file; a backup stays.")
    ] = False,
) -> None:
    """Look at a stretch of a camera and recommend the model's input size and tiles for it.

    Every candidate looks at the same pictures. Somebody is there whom two of them found at one place (or whom --truth
    tells). The score is the harmonic mean of the share of people found and the share of boxes that are people; of all
    that reach 95 % of the best score, the fastest on this machine is recommended. Let people walk through while it
    looks. With tiles the model sees the whole picture, too, so that those who are near are found.
    """
    from edge.calibration.settings_file import save_tuning
    from edge.core.tuning import agreed, heights_px, recommended, yields
    from edge.errors import ConfigurationError, EdgeError
    from models.errors import ModelError
    from models.evaluate import read_truth

    with one_line_errors(EdgeError, ModelError):
        trial = _tried(config, video, seconds, frames)
        people = [agreed([look.boxes for look in picture]) for picture in trial.looks]
        if truth is not None:
            told = read_truth(truth)
            people = [told.get(index, people[0][:0]) for index in trial.indices]
        found = yields(trial.candidates, trial.looks, people)
        best = recommended(found)
        if best is None:
            msg = f"nobody was seen in {len(trial.looks)} pictures; let people walk through, or look for longer"
            raise ConfigurationError(msg)
        heights = heights_px(people)
        low, middle, high = (heights[round(share * (len(heights) - 1))] for share in (0.1, 0.5, 0.9))
        out.print(
            f"{len(heights)} sightings in {len(trial.looks)} pictures; people are {middle:.0f} pixels tall "
            f"(8 of 10 from {low:.0f} to {high:.0f})",
            highlight=False,
        )
        _show(found, best)
        size, tiles = best.candidate.input_wh_px, best.candidate.tiles
        out.print(
            f"input_size = [{size[0]}, {size[1]}]\ntiles = [{tiles[0]}, {tiles[1]}]", highlight=False, markup=False
        )
        if best.score < _POOR_SCORE:
            print_warning(
                f"the best candidate scores {best.score:.2f}: this detector hardly finds people in this view; let the "
                "camera hang lower and look less steeply, or nearer to the people"
            )
        if write:
            backup = save_tuning(config, size, tiles)
            out.print(f"Saved into {config}; {backup} holds what was there before.", highlight=False, soft_wrap=True)


def _tried(config: Path, video: Path | None, seconds: float, frames: int) -> "Trial":
    from msgspec.structs import replace

    from edge.camera_building import frame_source
    from edge.camera_config import load_camera_config
    from edge.core.tuning import candidates_for
    from edge.main import CAMERA_CLOCK
    from edge.tuning import spread, try_candidates

    settings = load_camera_config(config)
    camera = replace(settings.camera, realtime=False, loop=False, max_fps=None)
    if video is not None:
        camera = replace(camera, source=f"file:{video}")
    source = frame_source(replace(settings, camera=camera), CAMERA_CLOCK)
    pictures = spread(source, frames, seconds, CAMERA_CLOCK.monotonic_s)
    return try_candidates(pictures, candidates_for, _detectors(camera.model), CAMERA_CLOCK.monotonic_s)


def _detectors(model: str) -> "DetectorFor":
    from edge.adapters.onnx_detector import OnnxDetector
    from edge.adapters.tiled_detector import tiled
    from edge.core.tracker_rules import TrackerRules
    from edge.ports import Detector
    from models.loader import load_model
    from models.registry import ModelRegistry

    loaded = load_model(ModelRegistry(default_models_dir()).get(model))
    rules = TrackerRules()

    def detector_for(candidate: "Candidate") -> Detector:
        whole = OnnxDetector(loaded, candidate.input_wh_px, rules.sure_score, rules.detector_nms_iou)
        return tiled(whole, candidate.tiles, rules.detector_nms_iou)

    return detector_for


def _show(found: "list[Yield]", best: "Yield") -> None:
    from edge.core.tuning import HEIGHTS_PX

    classes = [
        (place, f"{low:.0f}+ px" if high == float("inf") else f"{low:.0f}-{high:.0f} px")
        for place, (low, high) in enumerate(pairwise(HEIGHTS_PX))
        if found[0].by_height[place][1]
    ]
    table = Table("input", "tiles", "found", "alone", "score", "feet, px", "ms", *(name for _, name in classes))
    for each in found:
        (width, height), (columns, rows) = each.candidate.input_wh_px, each.candidate.tiles
        shares = [f"{each.by_height[place][0] / each.by_height[place][1]:.2f}" for place, _ in classes]
        figures = (f"{each.found}/{each.people}", str(each.alone), f"{each.score:.3f}", f"{each.foot_px:.1f}")
        style = "bold green" if each is best else None
        table.add_row(f"{width}x{height}", f"{columns}x{rows}", *figures, f"{each.took_ms:.0f}", *shares, style=style)
    table.add_row("", "", "", "", "", "", "", *(f"of {found[0].by_height[place][1]}" for place, _ in classes))
    out.print(table)
