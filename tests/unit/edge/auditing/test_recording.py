"""A recording is an operator's explicit act: limited, accounted for, private, and gone when its time is up."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.cameras import FakeCamera, FakeClock, picture

pytest.importorskip("cv2", reason="cameras need the extra edge")

from edge.auditing import recording
from edge.auditing.folder import AuditError, AuditFolder, Labels, file_sha256
from edge.auditing.footage import FrameReader, RecordedFrames, pictures
from edge.auditing.log import AuditLog
from edge.auditing.recording import Order, Progress, record
from tests.unit.edge.auditing.scenes import config_of, walk

DAY_MS = 86_400_000
ORDER = Order("Ana", "complaint about counts", minutes=1, keep_days=2)
PLENTY = 10**12


def make(tmp_path: Path, frames: int = 40, order: Order = ORDER, stop_after: int = 10**6, free: int = PLENTY):
    clock = FakeClock()
    done: list[Progress] = []
    manifest = record(
        config_of(tmp_path),
        order,
        FakeCamera([picture(place) for place in walk(0, frames=frames)]),
        AuditFolder(tmp_path / "audit"),
        AuditLog(tmp_path / "home"),
        clock=clock.as_camera_clock(),
        stopped=lambda: len(done) >= stop_after,
        on_progress=done.append,
        free_bytes=lambda _: free,
    )
    return manifest, clock


def modes(folder: Path) -> set[int]:
    return {path.stat().st_mode & 0o777 for path in folder.iterdir()}


def test_a_recording_says_who_made_it_why_and_until_when(tmp_path: Path) -> None:
    manifest, clock = make(tmp_path)
    folder = AuditFolder(tmp_path / "audit")
    assert folder.manifest() == manifest
    assert (manifest.operator, manifest.reason) == ("Ana", "complaint about counts")
    assert manifest.device == "/acme/north/camera-1"
    assert manifest.delete_after_ms == clock.wall_ms() + 2 * DAY_MS
    assert len(manifest.frame_times_ms) == 40
    assert manifest.ended_ms == manifest.frame_times_ms[-1] == manifest.started_ms + 3900
    assert manifest.video_sha256 == file_sha256(folder.video())
    assert manifest.config_sha256 == file_sha256(folder.path / "config.json")
    (entry,) = AuditLog(tmp_path / "home").entries()
    assert (entry.action, entry.operator, entry.note) == ("record", "Ana", "complaint about counts")


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    make(tmp_path)
    assert modes(tmp_path / "audit") == {0o600}
    assert (tmp_path / "audit").stat().st_mode & 0o777 == 0o700
    assert modes(tmp_path / "home") == {0o600}


def test_it_keeps_no_address_and_no_password(tmp_path: Path) -> None:
    make(tmp_path)
    written = b"".join(path.read_bytes() for path in (tmp_path / "audit").glob("*.json"))
    assert b"secret" not in written
    assert b"192.0.2.1" not in written
    kept = AuditFolder(tmp_path / "audit").config()
    assert kept.tripwires == config_of(tmp_path).tripwires
    assert kept.broker.username is None


def test_the_video_shows_what_the_camera_saw(tmp_path: Path) -> None:
    manifest, _ = make(tmp_path)
    video = AuditFolder(tmp_path / "audit").video()
    shown = list(RecordedFrames(video, manifest.frame_times_ms).frames(lambda: False))
    assert [frame.time_ms for frame in shown] == list(manifest.frame_times_ms)
    for frame, place in zip(shown, walk(0, frames=40), strict=True):
        assert np.abs(frame.image_bgr.astype(int) - picture(place)).mean() < 3
    reader = FrameReader(video, config_of(tmp_path))
    for index in (39, 3, 20, 21, 0):
        assert np.array_equal(reader.read(index), shown[index].image_bgr)
    with pytest.raises(AuditError, match="no frame 40"):
        reader.read(40)
    reader.close()
    stopped = iter([False, False, True])
    assert len(list(RecordedFrames(video, manifest.frame_times_ms).frames(lambda: next(stopped)))) == 2


def test_stopping_it_keeps_what_was_recorded(tmp_path: Path) -> None:
    manifest, _ = make(tmp_path, stop_after=15)
    assert len(manifest.frame_times_ms) == 16
    assert len(list(pictures(AuditFolder(tmp_path / "audit").video()))) == 16


def test_a_failure_keeps_what_was_recorded(tmp_path: Path) -> None:
    def fail(progress: Progress) -> None:
        if progress.frames == 12:
            raise KeyboardInterrupt

    clock = FakeClock()
    with pytest.raises(KeyboardInterrupt):
        record(
            config_of(tmp_path),
            ORDER,
            FakeCamera([picture([])] * 40),
            AuditFolder(tmp_path / "audit"),
            AuditLog(tmp_path / "home"),
            clock=clock.as_camera_clock(),
            stopped=lambda: False,
            on_progress=fail,
            free_bytes=lambda _: PLENTY,
        )
    assert len(list(pictures(AuditFolder(tmp_path / "audit").video()))) == 12


def test_it_ends_by_itself(tmp_path: Path) -> None:
    manifest, _ = make(tmp_path, order=Order("Ana", "why", minutes=0.05))
    assert len(manifest.frame_times_ms) == 30  # three seconds
    assert manifest.planned_until_ms == manifest.started_ms + 3000


@pytest.mark.parametrize("frames", [1, 3, 9, 10, 11])
def test_a_very_short_one_is_complete(tmp_path: Path, frames: int) -> None:
    manifest, _ = make(tmp_path, frames=frames)
    assert len(manifest.frame_times_ms) == frames == len(list(pictures(AuditFolder(tmp_path / "audit").video())))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"operator": " "}, "--operator must say something"),
        ({"reason": ""}, "--reason must say something"),
        ({"minutes": 61}, "--minutes must be above 0 and at most 60, got 61"),
        ({"minutes": 0}, "--minutes must be above 0"),
        ({"minutes": float("nan")}, "--minutes must be above 0"),
        ({"keep_days": 31}, "--keep-days must be above 0 and at most 30"),
    ],
)
def test_an_order_must_be_limited_and_accounted_for(change: dict[str, object], said: str) -> None:
    with pytest.raises(AuditError, match=said):
        Order(**{"operator": "Ana", "reason": "why", "minutes": 5.0, **change})  # type: ignore[arg-type]


def test_a_folder_with_something_in_it_is_refused(tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(AuditError, match="choose another folder"):
        make(tmp_path)


def test_a_short_disk_is_refused_before_anything_is_recorded(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="500 MB are free; record less"):
        make(tmp_path, free=500_000_000)
    assert list((tmp_path / "audit").iterdir()) == []
    assert AuditLog(tmp_path / "home").entries() == []


def test_it_ends_where_the_disk_becomes_short(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    looks = iter([PLENTY, PLENTY, 0])
    manifest = record(
        config_of(tmp_path),
        ORDER,
        FakeCamera([picture([])] * 400),
        AuditFolder(tmp_path / "audit"),
        AuditLog(tmp_path / "home"),
        clock=FakeClock().as_camera_clock(),
        stopped=lambda: False,
        free_bytes=lambda _: next(looks),
    )
    assert len(manifest.frame_times_ms) == 200
    assert "the disk has less than 500 MB left" in caplog.text


def test_a_camera_without_a_picture_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match="no picture came from fake"):
        make(tmp_path, frames=0)
    assert not (tmp_path / "audit").exists()


def test_a_recording_deletes_itself_and_its_story_stays(tmp_path: Path) -> None:
    manifest, clock = make(tmp_path)
    log, folder = AuditLog(tmp_path / "home"), AuditFolder(tmp_path / "audit")
    folder.save_labels(Labels(labeller="Ana"))
    assert manifest.delete_after_ms is not None
    assert log.purge(manifest.delete_after_ms - 1) == []
    assert folder.video().exists()
    (deleted,) = log.purge(manifest.delete_after_ms)
    assert deleted.folder == str(folder.path.resolve())
    assert sorted(path.name for path in folder.path.iterdir()) == ["config.json", "labels.json", "manifest.json"]
    assert folder.manifest().deleted_ms == manifest.delete_after_ms
    assert (log.recordings(), log.purge(clock.wall_ms() + 99 * DAY_MS)) == ([], [])
    assert [entry.action for entry in log.entries()] == ["record", "delete"]
    with pytest.raises(AuditError, match="the video was deleted; record anew"):
        folder.video()


def test_an_operator_may_delete_sooner_and_a_folder_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    make(tmp_path)
    for path in (tmp_path / "audit").iterdir():
        path.unlink()
    log = AuditLog(tmp_path / "home")
    assert len(log.purge(0, everything=True, operator="Bo")) == 1
    assert log.entries()[-1].operator == "Bo"


def test_a_recording_that_was_broken_off_or_changed_is_not_audited(tmp_path: Path) -> None:
    make(tmp_path)
    folder = AuditFolder(tmp_path / "audit")
    path = folder.path / "manifest.json"
    (folder.path / "video.mp4").write_bytes(b"other")
    with pytest.raises(AuditError, match="SHA-256 differs"):
        folder.video()
    told = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**told, "video_sha256": None}), encoding="utf-8")
    with pytest.raises(AuditError, match="goes on or was broken off"):
        folder.video()


def test_nothing_else_of_a_store_device_writes_pictures() -> None:
    edge = Path(recording.__file__).parent.parent
    writers = {
        str(path.relative_to(edge))
        for path in edge.rglob("*.py")
        if re.search(r"imwrite|VideoWriter|\.tofile\(|np\.save", path.read_text(encoding="utf-8"))
    }
    assert writers == {"auditing/recording.py"}


def test_a_folder_that_is_none_of_an_audit_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuditError, match=r"manifest.json cannot be read.*audit record"):
        AuditFolder(tmp_path).manifest()
    (tmp_path / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(AuditError, match="is none of an audit"):
        AuditFolder(tmp_path).manifest()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "audit-log.jsonl").write_text("{}\n", encoding="utf-8")
    with pytest.raises(AuditError, match="is damaged"):
        AuditLog(tmp_path / "home").entries()
    (tmp_path / "text.avi").write_text("no video", encoding="utf-8")
    with pytest.raises(AuditError, match="no video that can be read"):
        list(pictures(tmp_path / "text.avi"))
