"""Rendered footage looked at again: its frames beside its truth."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.rendering.annotations import TrueSighting, read_sightings
from simulators.rendering.recall import Boxes, Recall
from simulators.rendering.studio import SIGHTINGS_FILE, VIDEO_FILE

Image = NDArray[np.uint8]  # (H, W, 3), BGR
Detect = Callable[[Image], tuple[Boxes, NDArray[np.float64]]]


def review(folder: Path, detect: Detect, every: int = 1) -> Recall:
    """Return how many of the people in a folder's footage a detector finds, in every n-th frame.

    Raises:
        OSError: The folder holds no footage with its truth.
    """
    recall = Recall()
    for picture, sightings in frames(folder, every):
        boxes, _ = detect(picture)
        recall.add(sightings, boxes, (picture.shape[1], picture.shape[0]))
    return recall


def frames(folder: Path, every: int = 1) -> Iterator[tuple[Image, list[TrueSighting]]]:
    """Yield every n-th picture of a folder's footage with who shows in it.

    Raises:
        OSError: The folder holds no footage with its truth.
    """
    by_frame: dict[int, list[TrueSighting]] = defaultdict(list)
    for sighting in read_sightings((folder / SIGHTINGS_FILE).read_bytes()):
        by_frame[sighting.frame].append(sighting)
    capture = cv2.VideoCapture(str(folder / VIDEO_FILE))
    try:
        if not capture.isOpened():
            msg = f"{folder / VIDEO_FILE} cannot be opened as a video; render it again"
            raise OSError(msg)
        frame = 0
        while capture.grab():
            frame += 1
            if (frame - 1) % every == 0:
                _, picture = capture.retrieve()
                yield np.asarray(picture, dtype=np.uint8), by_frame[frame]
    finally:
        capture.release()
