"""Several cameras in one process: each on its own, and one that fails takes no other down."""

import threading
from pathlib import Path

import pytest

from edge.camera_settings import CameraConfig
from edge.errors import FeedError
from edge.many_cameras import Failure, load_cameras, run_together

TEXT = """
[device]
tenant = "acme"
store = "north"
id = "{name}"
data_dir = "{data}"
[camera]
source = "file:x.avi"
"""


def written(tmp_path: Path, name: str, data: str | None = None) -> Path:
    path = tmp_path / f"{name}-{data}.toml"
    path.write_text(TEXT.format(name=name, data=data or name), encoding="utf-8")
    return path


def test_a_bad_file_keeps_no_other_camera_from_running(tmp_path: Path) -> None:
    first, last = written(tmp_path, "cam-1"), written(tmp_path, "cam-3")
    bad = tmp_path / "cam-2.toml"
    bad.write_text("[device", encoding="utf-8")
    configs, failures = load_cameras([first, bad, tmp_path / "absent.toml", last])
    assert list(configs) == [first, last]
    assert [failure.path for failure in failures] == [bad, tmp_path / "absent.toml"]


@pytest.mark.parametrize(("name", "data", "said"), [("cam-1", "x", "device.id"), ("cam-2", "cam-1", "device.data_dir")])
def test_two_cameras_with_one_name_or_one_folder_are_refused(tmp_path: Path, name: str, data: str, said: str) -> None:
    first, second = written(tmp_path, "cam-1"), written(tmp_path, name, data)
    configs, (failure,) = load_cameras([first, second])
    assert list(configs) == [first]
    assert failure.path == second
    assert failure.reason.startswith(said)


def test_cameras_run_side_by_side_and_one_that_fails_is_told_while_the_others_go_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = [written(tmp_path, f"cam-{number}") for number in range(4)]
    configs, _ = load_cameras(paths)
    together, ended = threading.Barrier(4, timeout=10), []

    def run(path: Path, config: CameraConfig) -> None:
        together.wait()
        if path == paths[1]:
            msg = "camera.source: there is no file"
            raise FeedError(msg)
        if path == paths[2]:
            raise ZeroDivisionError
        ended.append(config.device.id)

    failures = run_together(configs, run)
    assert sorted(ended) == ["cam-0", "cam-3"]
    assert failures == [Failure(paths[1], "camera.source: there is no file"), Failure(paths[2], "ZeroDivisionError: ")]
    assert "this camera has ended, the others go on: camera.source" in caplog.text


def test_no_camera_is_no_failure() -> None:
    assert run_together({}, lambda _path, _config: None) == []
