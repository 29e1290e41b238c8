"""Labels from footage of which the truth is known: rendered cameras, public clips. Nobody needs to tap.

The truth is counted from true boxes, apart from the camera's own rules, or read from a table.
"""

import csv
import os
from collections import Counter
from pathlib import Path
from typing import get_args

from msgspec.structs import replace

from edge.adapters.camera import CameraClock, VideoFile
from edge.audit import read_true_paths, true_crossings
from edge.auditing.folder import (
    AuditError,
    AuditFolder,
    DensityMark,
    LabelledCrossing,
    Labels,
    Manifest,
    file_sha256,
)
from edge.auditing.footage import pictures
from edge.camera_rules import pipeline_rules
from edge.camera_settings import CameraConfig
from edge.core.tripwire import Direction

TRUTH = "truth"
_MS_PER_S = 1000


def refer_to_footage(config: CameraConfig, video: Path, folder: AuditFolder) -> tuple[int, ...]:
    """Make an audit of footage that lies somewhere already. It is neither copied nor ever deleted.

    Args:
        config: The camera's configuration; `camera.start` is the time of the first frame, without it 1970.
        video: The footage.
        folder: Gets the manifest.

    Returns:
        When each frame was taken, Unix milliseconds.

    Raises:
        EdgeError: The footage cannot be read, or the folder is not empty.
    """
    still = CameraClock(lambda: 0, lambda: 0.0, lambda _: None)
    fps = VideoFile(video, 0, still).frames_per_second()
    start_ms = 0 if config.camera.start is None else round(config.camera.start.timestamp() * _MS_PER_S)
    shapes = [image.shape[:2] for image in pictures(video)]
    times_ms = tuple(start_ms + round(index * _MS_PER_S / fps) for index in range(len(shapes)))
    if not shapes:
        msg = f"{video} holds no picture; check the file"
        raise AuditError(msg)
    folder.create()
    manifest = Manifest(
        kind="footage",
        operator="",
        reason="footage with known truth",
        device=str(config.device.source),
        started_ms=times_ms[0],
        ended_ms=times_ms[-1],
        config_sha256=folder.save_config(replace(config, camera=replace(config.camera, max_fps=None))),
        video=os.path.relpath(video.resolve(), folder.path.resolve()),
        video_sha256=file_sha256(video),
        frame_wh_px=(shapes[0][1], shapes[0][0]),
        frame_times_ms=times_ms,
    )
    folder.save_manifest(manifest)
    return times_ms


def labels_from_boxes(config: CameraConfig, boxes: Path, times_ms: tuple[int, ...]) -> Labels:
    """Return the crossings of true boxes, and how many people were in view at each frame.

    A true person crosses where the foot point changes sides between a line's ends and then leaves the band around it.

    Args:
        config: The camera's configuration, its lines drawn in the picture.
        boxes: MOTChallenge text, frames from 1.
        times_ms: When each frame was taken.

    Raises:
        EdgeError: The file cannot be read, or lines are drawn on the floor.
    """
    if config.camera.plane != "image":
        msg = f'truth from boxes needs lines in the picture: camera.plane = "image", got {config.camera.plane!r}'
        raise AuditError(msg)
    paths = read_true_paths(boxes, 0, _MS_PER_S)  # a frame a millisecond: times are indices of frames
    crossings = [
        LabelledCrossing(frame=crossing.time_ms, tripwire_id=wire.id, direction=crossing.direction)
        for wire in pipeline_rules(config).tripwires
        for crossing in true_crossings(wire, paths)
    ]
    crossings.sort(key=lambda crossing: (crossing.frame, crossing.tripwire_id, crossing.direction))
    in_view = Counter(frame for path in paths for frame, _ in path)
    density: list[DensityMark] = []
    for frame in range(len(times_ms)):
        if not density or density[-1].people != in_view[frame]:
            density.append(DensityMark(frame=frame, people=in_view[frame]))
    return Labels(labeller=TRUTH, crossings=tuple(crossings), density=tuple(density))


def labels_from_table(config: CameraConfig, table: Path, clip: str) -> Labels:
    """Return the crossings in a CSV table with the columns `event` (in, out; others are passed over) and `frame`.

    `frame` counts from 0. A column `clip` chooses the rows of this footage, a column `tripwire` names the line; without
    it the configuration must have one line alone.

    Raises:
        AuditError: The file cannot be read, or a row is not of that form.
    """
    wires = [wire.id for wire in config.tripwires]
    try:
        with table.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if row.get("clip", clip) == clip]
    except OSError as error:
        msg = f"{table} cannot be read: {error.strerror}"
        raise AuditError(msg) from error
    found = []
    for number, row in enumerate(rows, start=2):
        event, wire = (row.get("event") or "").lower(), row.get("tripwire") or (wires[0] if len(wires) == 1 else "")
        if event not in get_args(Direction):
            continue
        if wire not in wires or not (row.get("frame") or "").isdecimal():
            msg = f"{table}, row {number}: need a frame from 0 and a tripwire of {', '.join(wires)}, got {row}"
            raise AuditError(msg)
        direction: Direction = "in" if event == "in" else "out"
        found.append(LabelledCrossing(frame=int(row["frame"]), tripwire_id=wire, direction=direction))
    return Labels(labeller=TRUTH, crossings=tuple(sorted(found, key=lambda crossing: crossing.frame)))
