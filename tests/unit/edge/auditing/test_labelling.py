"""The page on which a person labels: frames, what is saved at once, what is refused."""

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import pytest

from edge.adapters.local_page import PAGES_DIR, Reply, Request
from tests.fakes.cameras import picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

import cv2
from msgspec.structs import replace

from edge.auditing.folder import AuditError, AuditFolder, DensityMark, LabelledCrossing, Labels
from edge.auditing.labelling import LabelSession
from edge.auditing.truth_import import refer_to_footage
from tests.unit.edge.auditing.scenes import clip, config_of, walk

FRAMES = 30
MASK = "[[mask]]\npoints = [[0.0, 0.0], [60.0, 0.0], [60.0, 240.0], [0.0, 240.0]]\n"


@pytest.fixture
def folder(tmp_path: Path) -> AuditFolder:
    made = AuditFolder(tmp_path / "audit")
    refer_to_footage(config_of(tmp_path), clip(tmp_path / "clip.avi", walk(0, frames=FRAMES)), made)
    return made


@pytest.fixture
def session(folder: AuditFolder) -> Iterator[LabelSession]:
    made = LabelSession(folder, "Ana")
    yield made
    made.close()


def ask(session: LabelSession, method: str, path: str, body: bytes = b"", **query: str) -> Reply:
    return session.handlers()[method, path](Request(method, path, query, body))


def save(session: LabelSession, labels: Labels) -> Reply:
    return ask(session, "POST", "/labels", msgspec.json.encode(labels))


def crossing(frame: int, direction: str = "in", line: str = "door") -> LabelledCrossing:
    return LabelledCrossing(frame=frame, tripwire_id=line, direction=direction)  # type: ignore[arg-type]


def test_it_begins_with_the_recording_its_lines_and_no_labels(session: LabelSession) -> None:
    told = msgspec.json.decode(ask(session, "GET", "/session").body)  # type: ignore[arg-type]
    assert told["frame_wh_px"] == [320, 240]
    assert len(told["times_ms"]) == FRAMES
    assert told["frame_ms"] == 100
    assert told["lines"] == [{"id": "door", "points": [[160.0, 230.0], [160.0, 10.0]]}]
    assert (told["labels"]["labeller"], told["labels"]["crossings"], told["labels"]["looked_until_frame"]) == (
        "Ana",
        [],
        0,
    )


def test_any_frame_can_be_seen(session: LabelSession) -> None:
    for index in (0, 29, 7, 7):
        reply = ask(session, "GET", "/frame", i=str(index))
        assert reply.content_type == "image/jpeg"
        shown = cv2.imdecode(np.frombuffer(reply.body, np.uint8), cv2.IMREAD_COLOR)  # type: ignore[arg-type]
        assert np.abs(np.asarray(shown, int) - picture(walk(0)[index])).mean() < 3


@pytest.mark.parametrize("index", ["30", "-1", "", "x", "1.5", "٣"])
def test_a_frame_that_is_not_there_is_refused(session: LabelSession, index: str) -> None:
    with pytest.raises(AuditError, match="none of 0 to 29; reload"):
        ask(session, "GET", "/frame", i=index)


def test_masks_are_black_on_the_page_too(tmp_path: Path) -> None:
    folder = AuditFolder(tmp_path / "audit")
    refer_to_footage(config_of(tmp_path, MASK), clip(tmp_path / "clip.avi", walk(0, frames=FRAMES)), folder)
    session = LabelSession(folder, None)
    shown = cv2.imdecode(np.frombuffer(ask(session, "GET", "/frame", i="0").body, np.uint8), cv2.IMREAD_COLOR)  # type: ignore[arg-type]
    assert np.asarray(shown)[:, :50].max() < 10
    session.close()


def test_labels_are_saved_at_once_in_order_and_found_again(folder: AuditFolder, session: LabelSession) -> None:
    marks = (DensityMark(frame=9, people=3), DensityMark(frame=2, people=1))
    given = Labels(labeller="Ana", crossings=(crossing(20), crossing(4, "out")), density=marks, looked_until_frame=25)
    assert save(session, given).body == b'{"saved":2}'
    kept = folder.labels("Ana")
    assert kept == replace(given, crossings=given.crossings[::-1], density=marks[::-1])
    assert folder.labels_path("Ana").stat().st_mode & 0o777 == 0o600
    assert not folder.labels_path(None).exists()
    again = LabelSession(folder, "Ana")
    told = msgspec.json.decode(ask(again, "GET", "/session").body)  # type: ignore[arg-type]
    assert told["labels"]["looked_until_frame"] == 25
    again.close()


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (Labels(labeller="Ana", crossings=(crossing(30),)), "frames must be 0 to 29, got 0 to 30"),
        (Labels(labeller="Ana", density=(DensityMark(frame=-1, people=1),)), "got -1 to 0"),
        (Labels(labeller="Ana", looked_until_frame=31), "got 31 to 31"),
        (Labels(labeller="Ana", crossings=(crossing(3, line="gate"),)), "lines must be door, got gate"),
    ],
)
def test_labels_that_do_not_fit_are_refused_and_nothing_is_lost(
    folder: AuditFolder, session: LabelSession, labels: Labels, said: str
) -> None:
    good = Labels(labeller="Ana", crossings=(crossing(3),))
    save(session, good)
    with pytest.raises(AuditError, match=said):
        save(session, labels)
    with pytest.raises(AuditError, match="cannot be saved"):
        ask(session, "POST", "/labels", b"[]")
    assert folder.labels("Ana") == good


def test_lines_on_the_floor_are_named_but_not_drawn(tmp_path: Path) -> None:
    floor = "[floor]\nimage_px = [[0,0],[320,0],[320,240],[0,240]]\nfloor_m = [[0,0],[4,0],[4,3],[0,3]]\n"
    config = config_of(tmp_path, floor)
    config = replace(config, camera=replace(config.camera, plane="floor"))
    folder = AuditFolder(tmp_path / "audit")
    refer_to_footage(config, clip(tmp_path / "clip.avi", walk(0, frames=3)), folder)
    session = LabelSession(folder, None)
    told = msgspec.json.decode(ask(session, "GET", "/session").body)  # type: ignore[arg-type]
    assert told["lines"] == [{"id": "door", "points": []}]
    session.close()
    folder.save_config(replace(config, tripwires=()))
    with pytest.raises(AuditError, match="no line to label"):
        LabelSession(folder, None)
    with pytest.raises(AuditError, match="letters, digits"):
        LabelSession(folder, "a/b")


@pytest.mark.parametrize("name", ["audit", "view"])
def test_pages_load_nothing_from_elsewhere_and_find_what_they_name(name: str) -> None:
    folder = PAGES_DIR / name
    page = (folder / "index.html").read_text(encoding="utf-8")
    script = (folder / f"{name}.js").read_text(encoding="utf-8")
    everything = page + script + (folder / f"{name}.css").read_text(encoding="utf-8")
    assert not re.search(r"https?://|style=\"|onclick=|<script>|<style>", page)
    assert "http" not in everything.replace("http-equiv", "")
    for path in re.findall(r"(?:src|href)=\"/([^\"]+)\"", page):
        assert (folder / path).exists() or (PAGES_DIR / "common" / path).exists()
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'\bat\("([^"]+)"\)', script)) <= ids
    assert "message" in ids
