"""An audit finds again what is known: true crossings, those that are missed, and those that never were."""

import re
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.fakes.cameras import BrightDetector, FakeClock, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

import cv2
from msgspec.structs import replace

from edge.adapters.hidden_heads import MOST_BLOCKS, head_regions, hide_heads
from edge.auditing.folder import (
    AuditError,
    AuditFolder,
    DensityMark,
    LabelledCrossing,
    Labels,
    people_at,
)
from edge.auditing.report import Report, ReportOptions, audit_folder, build_report
from edge.auditing.report_page import render
from edge.auditing.report_pictures import crossing_pictures
from edge.auditing.truth_import import labels_from_boxes, labels_from_table, refer_to_footage
from edge.errors import ConfigurationError, EdgeError
from models.registry import ModelRegistry
from tests.unit.edge.auditing.scenes import START_MS, clip, config_of, walk

pytestmark = pytest.mark.usefixtures("bright_people")

CROSSES_AFTER = 24  # frames: from the left edge to the line in the middle


def labels(*frames: int, labeller: str = "truth", density: tuple[DensityMark, ...] = (), until: int | None = None):
    crossings = tuple(LabelledCrossing(frame=frame, tripwire_id="door", direction="in") for frame in frames)
    return Labels(labeller=labeller, crossings=crossings, density=density, looked_until_frame=until)


def audit_of(tmp_path: Path, *starts: int, frames: int = 120) -> AuditFolder:
    """Return an audit, not yet labelled, of people who walk in from these frames on."""
    video = clip(tmp_path / "clip.avi", walk(*starts, frames=frames))
    folder = AuditFolder(tmp_path / "audit")
    refer_to_footage(config_of(tmp_path), video, folder)
    return folder


def run(*folders: AuditFolder, **options: object):
    audited = [
        audit_folder(folder, ReportOptions(**options), FakeClock().as_camera_clock(), ModelRegistry())  # type: ignore[arg-type]
        for folder in folders
    ]
    return build_report(audited), audited


def test_a_camera_that_is_right_gets_full_marks(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, 0, 30)
    folder.save_labels(labels(CROSSES_AFTER, 30 + CROSSES_AFTER))
    report, _ = run(folder)
    assert (report.scores.matched, report.missed, report.invented) == (2, (), ())
    assert report.scores.accuracy.value == 1.0
    assert report.certified_level is None
    assert report.statement.startswith("Not certified: 2 of 2 crossings right")
    assert "35 labelled crossings would do" in report.statement
    assert [part.value for part in report.slices] == ["in", "door", "door in", "2026-03-02 12:00", "0 to 1"]


def test_what_was_missed_and_invented_is_listed_with_its_place(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, 0, 30)
    folder.save_labels(labels(CROSSES_AFTER, 100))
    report, _ = run(folder)
    (missed,), (invented,) = report.missed, report.invented
    assert (missed.frame, missed.seconds, missed.time) == (100, 10.0, "2026-03-02T12:00:10.000Z")
    assert abs(invented.frame - (30 + CROSSES_AFTER)) <= 2
    assert (report.scores.labelled, report.scores.counted, report.scores.net_error.value) == (2, 2, 0.0)
    assert report.scores.accuracy.value == pytest.approx(1 / 3)
    assert "above 90 % is needed first" in report.statement


def test_the_tolerance_decides_what_is_the_same_crossing(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, 0)
    folder.save_labels(labels(CROSSES_AFTER + 12))
    assert run(folder)[0].scores.matched == 1  # within 15 frames
    strict, _ = run(folder, tolerance_s=0.5)
    assert (strict.scores.matched, strict.recordings[0].tolerance_s) == (0, 0.5)


def test_what_was_not_looked_at_is_not_judged(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, 0, 60)
    folder.save_labels(labels(CROSSES_AFTER, until=50))
    report, _ = run(folder)
    assert (report.scores.matched, report.scores.invented) == (1, 0)
    assert (report.recordings[0].seconds, report.recordings[0].frames) == (5.0, 51)


def test_marks_of_people_in_view_outrank_the_cameras_count(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, 0, 30)
    marks = (DensityMark(frame=0, people=12), DensityMark(frame=40, people=5))
    folder.save_labels(labels(CROSSES_AFTER, 30 + CROSSES_AFTER, density=marks))
    report, _ = run(folder)
    assert [part.value for part in report.slices if part.by == "people in view"] == ["4 to 6", "11 and more"]
    assert report.recordings[0].density == "labels"
    assert people_at(labels(density=marks[1:]), 39) is None


def test_several_labellers_and_several_recordings(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, 0, 30)
    folder.save_labels(labels(CROSSES_AFTER, 30 + CROSSES_AFTER, labeller="Ana"), "Ana")
    folder.save_labels(labels(CROSSES_AFTER + 1, labeller="Bo"), "Bo")
    report, _ = run(folder, folder)
    assert (report.scores.matched, len(report.recordings)) == (4, 2)
    (agreed,) = report.recordings[0].agreements
    assert (agreed.first, agreed.second) == ("Ana", "Bo")
    assert (agreed.figures.both, agreed.figures.first_only, agreed.figures.second_only) == (1, 1, 0)
    assert agreed.figures.kappa == pytest.approx(0.6, abs=0.1)
    other, _ = run(folder, labeller="Bo")
    assert (other.scores.labelled, other.scores.invented, other.recordings[0].labeller) == (1, 1, "Bo")
    with pytest.raises(AuditError, match="no labels of 'Cy'; choose Ana, Bo"):
        run(folder, labeller="Cy")


def test_another_configuration_can_be_tried_on_the_same_recording(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, 0)
    folder.save_labels(labels(CROSSES_AFTER))
    settings_now = config_of(tmp_path)
    beside = replace(settings_now.tripwires[0], points=((160.0, 60.0), (160.0, 10.0)))
    report, _ = run(folder, config=replace(settings_now, tripwires=(beside,)))
    assert (report.scores.matched, report.scores.missed) == (0, 1)
    assert report.recordings[0].config_sha256 != folder.manifest().config_sha256
    with pytest.raises(ConfigurationError, match="no line 'door', only none"):
        run(folder, config=replace(settings_now, tripwires=()))


def test_what_cannot_be_audited_says_what_to_do(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, frames=20)
    with pytest.raises(AuditError, match="holds no labels; run `shopthread audit label"):
        run(folder)
    folder.save_labels(labels())
    with pytest.raises(AuditError, match="record a busier time"):
        run(folder)
    folder.save_labels(labels(20))
    with pytest.raises(AuditError, match="frame 20 is none of 0 to 19"):
        run(folder)
    with pytest.raises(AuditError, match=r"letters, digits and '-', got '\.\./x'"):
        folder.labels("../x")
    assert folder.labels("nobody") is None


def test_the_same_audit_gives_the_same_page_that_needs_nothing_else(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, 0, 30)
    folder.save_labels(labels(CROSSES_AFTER, 100))
    pages = []
    for _ in range(2):
        report, audited = run(folder)
        pages.append(render(report, crossing_pictures(report, audited, [BrightDetector()])))
    assert pages[0] == pages[1]
    page = pages[0]
    assert page.count("data:image/jpeg;base64,") == 2
    assert page.count("<svg") == 2
    assert not re.search(r"<script|https?://|src=\"(?!data:)|@import|url\(", page)
    assert "data:image" not in render(report, {})
    assert msgspec.json.decode(msgspec.json.encode(report), type=Report) == report


def test_names_cannot_break_the_page(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, 0)
    folder.save_labels(labels(CROSSES_AFTER, labeller="<script>alert(1)</script>"))
    folder.save_manifest(replace(folder.manifest(), operator="<b>Ana", reason='"><img src=x>'))
    page = render(run(folder)[0], {})
    assert "<script" not in page
    assert "<img" not in page
    assert "<b>Ana" not in page


def test_truth_comes_from_boxes(tmp_path: Path) -> None:
    places = walk(0, 30, frames=120)
    rows = [
        f"{frame},{person},{left},{top},20,50,1"
        for frame, here in enumerate(places, start=1)
        for person, (left, top) in enumerate(reversed(here), start=1 if frame <= 47 else 2)
    ]
    boxes = tmp_path / "gt.txt"
    folder = audit_of(tmp_path, 0, 30)
    boxes.write_text("\n".join(sorted(rows)), encoding="utf-8")
    config, times_ms = config_of(tmp_path), folder.manifest().frame_times_ms
    found = labels_from_boxes(config, boxes, times_ms)
    assert [one.frame for one in found.crossings if one.direction == "in"] == [24, 54]
    assert [people_at(found, frame) for frame in (0, 29, 30, 46, 47, 77)] == [1, 1, 2, 2, 1, 0]
    assert times_ms[0] == START_MS
    floor = replace(config, camera=replace(config.camera, plane="floor"))
    with pytest.raises(AuditError, match="lines in the picture"):
        labels_from_boxes(floor, boxes, times_ms)


def test_truth_comes_from_a_table(tmp_path: Path) -> None:
    table = tmp_path / "truth.csv"
    table.write_text("clip,event,frame\nclip.avi,OUT,30\nclip.avi,IN,7\nother.avi,IN,9\nclip.avi,PASS,\n")
    config = config_of(tmp_path)
    found = labels_from_table(config, table, "clip.avi")
    assert [(one.frame, one.direction, one.tripwire_id) for one in found.crossings] == [
        (7, "in", "door"),
        (30, "out", "door"),
    ]
    table.write_text("event,frame,tripwire\nIN,7,gate\n")
    with pytest.raises(AuditError, match=r"row 2: need a frame from 0 and a tripwire of door"):
        labels_from_table(config, table, "clip.avi")
    with pytest.raises(AuditError, match="cannot be read"):
        labels_from_table(config, tmp_path / "absent.csv", "clip.avi")


def test_footage_is_referred_to_and_never_deleted(tmp_path: Path) -> None:
    folder = audit_of(tmp_path, 0, frames=20)
    manifest = folder.manifest()
    assert (manifest.kind, manifest.delete_after_ms, manifest.video) == ("footage", None, "../clip.avi")
    assert folder.video().resolve() == tmp_path / "clip.avi"
    with pytest.raises(EdgeError, match="there is no file"):
        refer_to_footage(config_of(tmp_path), tmp_path / "absent.avi", AuditFolder(tmp_path / "b"))


def test_heads_are_coarse_and_flat_and_the_rest_stays() -> None:
    image = np.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    boxes = np.array([[100.0, 60.0, 140.0, 180.0], [-10.0, -20.0, 30.0, 60.0], [300.0, 200.0, 340.0, 260.0]])
    hidden = hide_heads(image, boxes)
    touched = np.zeros((240, 320), bool)
    regions = head_regions(boxes, (320, 240))
    assert len(regions) == 3
    for x1, y1, x2, y2 in regions:
        touched[y1:y2, x1:x2] = True
        before, after = image[y1:y2, x1:x2].astype(float), hidden[y1:y2, x1:x2].astype(float)
        assert after.std() < before.std() / 3
        coarse = cv2.resize(hidden[y1:y2, x1:x2], (MOST_BLOCKS, MOST_BLOCKS), interpolation=cv2.INTER_AREA)
        back = cv2.resize(coarse, (x2 - x1, y2 - y1), interpolation=cv2.INTER_LINEAR)
        assert np.abs(back.astype(float) - after).mean() < 12  # nothing is left that so few squares do not tell
    assert touched[60:96, 100:140].all()  # the head of the first, whole
    assert np.array_equal(hidden[~touched], image[~touched])


@settings(max_examples=50)
@given(arrays(np.float64, (3, 4), elements=st.floats(-500, 900)))
def test_any_box_gives_regions_inside_the_picture(boxes: np.ndarray) -> None:
    for x1, y1, x2, y2 in head_regions(boxes, (320, 240)):
        assert 0 <= x1 < x2 <= 320
        assert 0 <= y1 < y2 <= 240
    image = picture([(10, 10)])
    hide_heads(image, boxes)
    assert np.array_equal(image, picture([(10, 10)]))
