"""How well clothes tell staff from customers on rendered footage: AUC of tracks, enrolled on other moments."""

from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Result
from edge.core import uniform
from edge.core.appearance import colour_stripes, uncovered
from edge.core.uniform import UniformRules
from simulators.adapters.feed_files import read_truth
from simulators.adapters.scenario_files import load_scenario
from simulators.rendering.annotations import TrueSighting, read_sightings
from simulators.rendering.studio import Take, film

_SCENARIO, _CAMERAS = "fashion_store", ("cam-3", "cam-4", "cam-5")
_TAKE = Take(seed=1, start_ms=1_772_722_800_000, lead_s=400.0, seconds=100.0, fps=1.0, plain=False)
_LEAST_VISIBLE, _COVERED = 0.8, 0.1
_TRACK_MS = 10_000
"""One person's views are cut into tracks of this length, as cameras lose people and find them again."""
_LEAST_AUC = 0.9

Views = NDArray[np.float64]
Tracks = dict[str, list[Views]]


def tracks_in(folder: Path) -> Tracks:
    """Return the upper bodies seen well, by role and track: each list holds one array (views, UNIFORM_SIZE) a track."""
    role_of = {person.person_id: person.role for person in read_truth(folder / "truth.json").people}
    by_frame: dict[int, list[TrueSighting]] = defaultdict(list)
    for sighting in read_sightings((folder / "sightings.jsonl").read_bytes()):
        by_frame[sighting.frame].append(sighting)
    found: dict[tuple[str, str, int], list[Views]] = defaultdict(list)
    video, number = cv2.VideoCapture(str(folder / "video.mp4")), 0
    while True:
        is_read, image = video.read()
        if not is_read:
            break
        number += 1
        for sighting, look in _looks(np.asarray(image, dtype=np.uint8), by_frame[number]):
            key = (role_of[sighting.person_id], sighting.person_id, sighting.t_ms // _TRACK_MS)
            found[key].append(look)
    video.release()
    tracks: Tracks = defaultdict(list)
    for (role, _, _), views in sorted(found.items()):
        if len(views) >= UniformRules().least_views:
            tracks[role].append(np.array(views))
    return tracks


def _looks(image: NDArray[np.uint8], sightings: list[TrueSighting]) -> list[tuple[TrueSighting, Views]]:
    boxes = np.array([each.full_box_px for each in sightings], dtype=np.float64).reshape(-1, 4)
    height_px, width_px = image.shape[:2]
    whole = np.all(boxes[:, :2] >= 0, axis=1) & np.all(boxes[:, 2:] <= (width_px, height_px), axis=1)
    good = (
        whole
        & uncovered(boxes, _COVERED)
        & np.array([s.visible_share >= _LEAST_VISIBLE for s in sightings], dtype=bool)
    )
    rows = np.flatnonzero(good)
    upper = uniform.upper_body(colour_stripes(image, boxes[rows]))
    return [(sightings[row], look) for row, look in zip(rows.tolist(), upper, strict=True)]


def auc(staff: list[float], others: list[float]) -> float:
    """Return how often a track of staff scores higher than one of others; ties count half."""
    wins = sum((one > other) + (one == other) / 2 for one in staff for other in others)
    return wins / (len(staff) * len(others))


def staff_uniform(folder: Path) -> Result:
    """Render three cameras; enrol the uniform on every other track of staff, and score the rest against customers."""
    scenario = load_scenario(_SCENARIO)
    film(scenario, [each for each in scenario.cameras if each.id in _CAMERAS], _TAKE, folder, lambda _: None)
    table = Table("camera", "tracks of staff", "of customers", "AUC", "staff over 4.39", "customers over 4.39")
    scores: tuple[list[float], list[float]] = ([], [])
    for camera in _CAMERAS:
        tracks = tracks_in(folder / camera)
        if len(tracks["staff"]) < 2 or not tracks["shopper"]:
            table.add_row(camera, str(len(tracks["staff"])), str(len(tracks["shopper"])), "-", "-", "-")
            continue
        staff, others = _scored(tracks)
        table.add_row(camera, str(len(staff)), str(len(others)), f"{auc(staff, others):.3f}", *_over(staff, others))
        scores[0].extend(staff)
        scores[1].extend(others)
    found = auc(*scores)
    table.add_row("all", str(len(scores[0])), str(len(scores[1])), f"{found:.3f}", *_over(*scores))
    Console(width=120).print(table)
    return Result(
        name="uniform on rendered footage",
        value=found * 100,
        unit="% AUC",
        reference_name="least",
        reference=_LEAST_AUC * 100,
        ratio=found / _LEAST_AUC,
    )


def _scored(tracks: Tracks) -> tuple[list[float], list[float]]:
    """Return the log-odds of the tracks of staff that were not enrolled, and of customers' tracks."""
    model = uniform.enrol(np.vstack(tracks["staff"][::2]))
    alike = {
        role: [float(uniform.likeness(model, views).mean()) for views in tracks[role]] for role in ("staff", "shopper")
    }
    known = [*alike["shopper"], *alike["staff"]]
    staff, others = (
        [uniform.compare(UniformRules(), model, known, each) for each in alike[role]] for role in ("staff", "shopper")
    )
    return staff[1::2], others


def _over(staff: list[float], others: list[float]) -> tuple[str, str]:
    return tuple(f"{sum(each > 4.39 for each in part) / len(part):.2f}" for part in (staff, others))  # type: ignore[return-value]
