"""The camera's work on a frame against the bare model."""

from pathlib import Path

import numpy as np

from benchmarks.measure import Result, compare
from contracts.events import Source
from edge.adapters.onnx_detector import OnnxDetector
from edge.core import pipeline, tracker
from edge.core.pipeline import Person, PipelineRules
from edge.core.segments import SegmentRules
from edge.core.tracker_rules import TrackerRules
from edge.core.tripwire import Tripwire
from models.loader import LoadedModel, load_model
from models.registry import DEFAULT_DETECTOR, ModelRegistry

_FRAMES = 40
_FRAME_MS = 100
_INPUT_WH_PX = (320, 256)


def _model() -> LoadedModel:
    return load_model(ModelRegistry().get(DEFAULT_DETECTOR))


def _frames() -> list[np.ndarray]:
    random = np.random.default_rng(1)
    return [random.integers(0, 255, (576, 768, 3), dtype=np.uint8) for _ in range(4)]


def _bare(model: LoadedModel) -> int:
    batch = np.zeros((1, _INPUT_WH_PX[1], _INPUT_WH_PX[0], 3), dtype=np.uint8)
    for _ in range(_FRAMES):
        model.run(batch)
    return _FRAMES


def detector(_folder: Path) -> Result:
    model, frames = _model(), _frames()
    ours_detector = OnnxDetector(model, _INPUT_WH_PX)

    def ours() -> int:
        for index in range(_FRAMES):
            ours_detector.detect(frames[index % len(frames)])
        return _FRAMES

    return compare("detect people, 768x576 frames", "frames/s", ours, "the bare model", lambda: _bare(model))


def camera(_folder: Path) -> Result:
    """Detect, then follow twelve people who walk, and decide events."""
    model, frames = _model(), _frames()
    ours_detector = OnnxDetector(model, _INPUT_WH_PX)
    wire = Tripwire(id="w", kind="entrance", points=((384.0, 570.0), (384.0, 10.0)), band=8.0, settle_s=1.0)
    rules = PipelineRules(
        source=Source("bench", "store", "cam-1"), tripwires=(wire,), zones=(), segments=SegmentRules()
    )

    def ours() -> int:
        followed, state = tracker.initial_state(), pipeline.initial_state()
        for index in range(_FRAMES):
            ours_detector.detect(frames[index % len(frames)])
            left = 20.0 * np.arange(12) + 8.0 * index
            top = 30.0 * np.arange(12)
            boxes = np.stack([left, top, left + 30, top + 80], axis=1)
            followed, seen = tracker.track(TrackerRules(), followed, boxes, np.full(12, 0.9), index * _FRAME_MS)
            people = tuple(Person(str(box.number), box.foot_px, box.score) for box in seen)
            state, _ = pipeline.step(rules, state, people, index * _FRAME_MS)
        return _FRAMES

    return compare("a camera's whole frame, twelve people", "frames/s", ours, "the bare model", lambda: _bare(model))
