"""A detector of white rectangles in place of the model."""

import pytest

from tests.fakes.cameras import BrightDetector


@pytest.fixture
def bright_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.camera_building.OnnxDetector", lambda *_: BrightDetector())
