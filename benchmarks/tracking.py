"""Following people: milliseconds a frame, and the scores on labelled footage."""

import csv
import io
import os
import statistics
import time
from collections import Counter, defaultdict
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Result, compare
from contracts.events import Event
from contracts.payloads import FootfallCrossing, VisitSegment
from contracts.privacy import UplinkPayload
from edge.camera_config import load_camera_config
from edge.core import tracker
from edge.core.appearance import LOOK_SIZE, colour_stripes
from edge.core.assignment import assign
from edge.core.boxes import overlaps
from edge.core.tracker_rules import TrackerRules
from edge.main import CAMERA_CLOCK
from edge.replay import replay
from edge.tracking_scores import FrameBoxes, read_mot, score_tracks
from models.registry import ModelRegistry

PETS_VARIABLE = "SHOPTHREAD_PETS"
"""Names a folder with vtest.avi (PETS09-S2L1, in Debian's opencv-doc) and its truth gt.txt (MOTChallenge 2015)."""

DOOR_VARIABLE = "SHOPTHREAD_SHOP_DOOR"
"""Names a folder with clips of a shop's doorway (CAVIAR, front views) and truth.csv: clip, event, frame."""

_FRAMES = 200
FRAME_MS = 100
RULES = TrackerRules()
_CONFIG = """
[device]
tenant = "bench"
store = "store"
id = "cam-1"
data_dir = "data"
[camera]
source = "file:vtest.avi"
"""
_PETS = """
input_size = [416, 320]
reentry_s = 300
[[tripwire]]
id = "road"
points = [[345.0, 230.0], [345.0, 420.0]]
"""
_DOOR = """
input_size = [640, 480]
[[tripwire]]
id = "door"
points = [[330.0, 150.0], [210.0, 150.0]]
"""

Boxes = dict[int, FrameBoxes]
Frame = tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]  # boxes, scores, looks


def crowd(people: int, frames: int = _FRAMES) -> list[Frame]:
    """Return detections of people who walk about a 1920x1080 picture, one in twenty missed."""
    random = np.random.default_rng(people)
    width_px, height_px = 1920.0, 1080.0
    feet = random.uniform((0, 100), (width_px, height_px), (people, 2))
    step = random.normal(0, 6, (people, 2))
    looks = np.abs(random.normal(size=(people, LOOK_SIZE)))
    looks /= np.linalg.norm(looks, axis=1, keepdims=True)
    made = []
    for _ in range(frames):
        feet = feet + step
        step = np.where((feet < 0) | (feet > (width_px, height_px)), -step, step)
        tall = (80 + feet[:, 1] * 0.05)[:, None]
        boxes = np.hstack([feet - tall * (0.2, 1.0), feet + tall * (0.2, 0.0)]) + random.normal(0, 1.5, (people, 4))
        seen = random.random(people) > 0.05
        made.append((boxes[seen], random.uniform(0.35, 0.9, people)[seen], looks[seen]))
    return made


def follow(frames: list[Frame]) -> list[float]:
    """Return the processor time of each frame, milliseconds: what else runs on the machine does not count."""
    state, took_ms = tracker.initial_state(), []
    for index, (boxes, scores, looks) in enumerate(frames):
        started_s = time.thread_time()
        state, _ = tracker.track(RULES, state, boxes, scores, index * FRAME_MS, looks)
        took_ms.append((time.thread_time() - started_s) * 1000)
    return took_ms


def _bare(frames: list[Frame]) -> int:
    for (before, *_), (now, *_) in pairwise(frames):
        assign(1 - overlaps(before, now), 0.8)
    return len(frames) - 1


def _run_again(
    video: Path, config: str, registry: ModelRegistry | None = None
) -> tuple[list[Event[UplinkPayload]], Boxes]:
    """Return the events of a recording, and its tracks by frame."""
    with TemporaryDirectory() as scratch:
        path, tracks = Path(scratch) / "camera.toml", Path(scratch) / "tracks.txt"
        path.write_text(_CONFIG + config, encoding="utf-8")
        text = io.StringIO()
        events = replay(load_camera_config(path), video, CAMERA_CLOCK, registry or ModelRegistry(), text).events
        tracks.write_text(text.getvalue(), encoding="utf-8")
        return events, read_mot(tracks)


def folder_of(variable: str, *files: str) -> Path | None:
    """Return the folder that a variable of the environment names, None where it lacks a file; that is said."""
    folder = Path(os.environ.get(variable, ""))
    if variable in os.environ and all((folder / file).exists() for file in files):
        return folder
    print(f"Not measured: set {variable} to a folder with {' and '.join(files)}")
    return None


def _print_pets() -> None:
    folder = folder_of(PETS_VARIABLE, "vtest.avi", "gt.txt")
    if folder is None:
        return
    events, tracks = _run_again(folder / "vtest.avi", _PETS)
    truth = read_mot(folder / "gt.txt", only_counted=True)
    scores = score_tracks(truth, tracks)
    print(
        f"PETS09-S2L1: HOTA {scores.hota:.1%}, IDF1 {scores.idf1:.1%}, MOTA {scores.mota:.1%}, "
        f"{scores.switches} switches, {scores.misses} misses, {scores.false_boxes} false boxes"
    )
    crossings = [event.data.direction for event in events if isinstance(event.data, FootfallCrossing)]
    print(f"PETS09-S2L1: {crossings.count('in')} in (13 in truth), {crossings.count('out')} out (10)")
    by_eye = folder_of(PETS_VARIABLE, "reentry_by_eye.csv")
    if by_eye is not None:
        found, wrong, happened = _reentries(by_eye / "reentry_by_eye.csv", truth, tracks, events)
        print(f"PETS09-S2L1: {found} of {happened} re-entries found, {wrong} taken for somebody else")


def reentries_with(folder: Path, embedder: str, registry: ModelRegistry) -> tuple[int, int, int]:
    """Return how many re-entries a camera finds with an embedder, how many people it takes for others, and the truth.

    Args:
        folder: Holds vtest.avi, gt.txt and reentry_by_eye.csv.
        embedder: Its name.
        registry: Knows it.
    """
    events, tracks = _run_again(folder / "vtest.avi", f'embedder = "{embedder}"\n{_PETS}', registry)
    return _reentries(folder / "reentry_by_eye.csv", read_mot(folder / "gt.txt", only_counted=True), tracks, events)


def _reentries(path: Path, truth: Boxes, tracks: Boxes, events: list[Event[UplinkPayload]]) -> tuple[int, int, int]:
    """Return how many re-entries were found, how many people were taken for others, and how many there were."""
    person_of: dict[int, str] = {}
    happened = 0
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            numbers = [int(number) for number in row["track_ids_in_time_order"].split(">")]
            happened += len(numbers) - 1
            person_of.update(dict.fromkeys(numbers, row["person"]))
    seen_as: dict[int, Counter[str]] = defaultdict(Counter)
    for frame in truth.keys() & tracks.keys():
        seen, true = tracks[frame], truth[frame]
        for place, column in assign(1 - overlaps(seen.boxes_xyxy_px, true.boxes_xyxy_px), 0.5):
            seen_as[int(seen.numbers[place])][person_of[int(true.numbers[column])]] += 1
    who = {f"0-{number}": counts.most_common(1)[0][0] for number, counts in seen_as.items()}
    closed = [event.data for event in events if isinstance(event.data, VisitSegment) and event.data.phase == "closed"]
    again = [
        (who.get(one.track_id), who.get(one.reentry_hint or "")) for one in closed if one.reentry_hint != one.track_id
    ]
    return sum(one == other for one, other in again), sum(one != other for one, other in again), happened


def _print_door() -> None:
    folder = folder_of(DOOR_VARIABLE, "truth.csv")
    if folder is None:
        return
    with (folder / "truth.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    truth: dict[str, list[tuple[str, int]]] = {row["clip"]: [] for row in rows}
    for row in rows:
        if row["event"] != "PASS":
            truth[row["clip"]].append((row["event"].lower(), int(row["frame"])))
    for clip, happened in truth.items():
        events, _ = _run_again(folder / clip, _DOOR)
        found = [
            (event.data.direction, round(event.time_ms * 25 / 1000))
            for event in events
            if isinstance(event.data, FootfallCrossing)
        ]
        print(f"{clip}: truth {happened}, found {found}")


def tracking(_folder: Path) -> Result:
    """Follow eight people; print what a hundred take, what colours take, and the scores on footage."""
    for people in (8, 100):
        print(f"following {people} people: {statistics.median(follow(crowd(people))):.2f} ms a frame")
    image = np.random.default_rng(1).integers(0, 255, (576, 768, 3), dtype=np.uint8)
    boxes = crowd(8, 1)[0][0]
    started_s = time.perf_counter()
    for _ in range(50):
        colour_stripes(image, boxes)
    print(f"colours of 8 people: {(time.perf_counter() - started_s) * 20:.2f} ms a frame")
    _print_pets()
    _print_door()
    few = crowd(8)

    def ours() -> int:
        return len(follow(few))

    return compare("follow 8 people, colours known", "frames/s", ours, "overlaps and assignment", lambda: _bare(few))
