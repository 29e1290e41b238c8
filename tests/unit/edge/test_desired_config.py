"""What the gateway wants is laid over the camera's own file; what cannot be used changes nothing."""

from pathlib import Path

import pytest

pytest.importorskip("cv2", reason="cameras need the extra edge")

from contracts.device_configuration import (
    DesiredConfiguration,
    ReportedConfiguration,
    decode_reported,
    encode_configuration,
)
from contracts.device_restart import RestartRequest, encode_restart
from contracts.errors import ContractError
from edge import camera_remote
from edge.adapters.device_link import Answer
from edge.camera_config import load_camera_config
from edge.camera_remote import CameraRemote
from edge.camera_settings import CameraConfig
from edge.desired_camera import laid_over
from edge.desired_config import DesiredKeeper
from edge.errors import ConfigurationError
from models.registry import ModelRegistry

OWN = (
    '[device]\ntenant = "a"\nstore = "s"\nid = "cam-1"\ndata_dir = "."\n[camera]\nsource = "tracks:x"\n'
    'plane = "floor"\n[[tripwire]]\nid = "door"\npoints = [[0.0, 2.0], [4.0, 2.0]]\n'
    '[[zone]]\nid = "own"\nkind = "shelf"\npoints = [[0.0, 0.0], [4.0, 0.0], [4.0, 4.0]]\n'
)
LINE = '[[tripwire]]\nid = "inner"\npoints = [[0.0, 1.0], [4.0, 1.0]]\n'


@pytest.fixture
def own(tmp_path: Path) -> CameraConfig:
    (tmp_path / "camera.toml").write_text(OWN)
    return load_camera_config(tmp_path / "camera.toml")


def _desired(document: str, version: int = 1) -> DesiredConfiguration:
    return DesiredConfiguration(version=version, document=document)


def _take(keeper: DesiredKeeper[CameraConfig], document: str, version: int = 1) -> ReportedConfiguration:
    said: list[Answer] = []
    keeper.take(encode_configuration(_desired(document, version)), said.append)
    (answer,) = said
    assert answer.retain
    return decode_reported(answer.body)


def test_tables_that_are_not_there_stay_as_they_are(own: CameraConfig):
    found = laid_over(own, _desired(LINE + '[camera]\nmodel = "m"\n'))
    assert ([each.id for each in found.tripwires], [each.id for each in found.zones]) == (["inner"], ["own"])
    assert (found.camera.model, found.camera.embedder) == ("m", own.camera.embedder)
    assert laid_over(own, _desired("zone = []\n")).zones == ()
    assert laid_over(own, _desired('[camera]\nembedder = "e"\n')).camera.embedder == "e"


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("[broker]\nport = 1\n", "unknown field `broker`"),
        ('[camera]\nsource = "file:x"\n', "unknown field `source`"),
        ("tripwire = 3\n", "version 1: "),
        (LINE + LINE, "must be unique"),
        ("[", "version 1: "),
    ],
)
def test_what_cannot_be_used_is_told_precisely(own: CameraConfig, document: str, reason: str):
    with pytest.raises(ConfigurationError, match=reason):
        laid_over(own, _desired(document))


def test_the_last_that_could_be_used_is_kept_over_restarts(own: CameraConfig):
    put: list[CameraConfig] = []

    def reconfigure(config: CameraConfig) -> tuple[str, ...]:
        put.append(config)
        return ("camera.model",)

    keeper = DesiredKeeper(own, laid_over, lambda: own, reconfigure)
    assert keeper.in_force(own) is own
    assert _take(keeper, LINE, 4) == ReportedConfiguration(version=4, restart_needed=("camera.model",))
    assert _take(keeper, LINE, 4).restart_needed == ("camera.model",), "told again, done once"
    assert len(put) == 1
    refused = _take(keeper, "[broker]\n", 5)
    assert (refused.version, refused.refused) == (4, 5)
    assert "unknown field" in (refused.error or "")
    assert _take(keeper, "[broker]\n", 5) == refused
    again = DesiredKeeper(own, laid_over, lambda: own, reconfigure)
    again.started()
    assert [each.id for each in again.in_force(own).tripwires] == ["inner"]
    assert _take(again, LINE, 4) == ReportedConfiguration(version=4)


def test_what_no_longer_fits_the_camera_gives_way_to_its_own_file(own: CameraConfig, caplog: pytest.LogCaptureFixture):
    path = own.device.data_dir / "desired-config.json"
    path.write_bytes(encode_configuration(_desired("[broker]\n", 7)))
    keeper = DesiredKeeper(own, laid_over, lambda: own, lambda _: ())
    assert keeper.in_force(own) is own
    assert "configuration 7 from the gateway no longer fits" in caplog.text
    assert _take(keeper, "[broker]\n", 7).version is None, "it is not in force, though it was kept"
    path.write_bytes(b"{")
    assert DesiredKeeper(own, laid_over, lambda: own, lambda _: ()).in_force(own) is own
    assert "the device's own file is in force" in caplog.text


def test_a_disk_that_cannot_be_written_is_told(own: CameraConfig):
    (own.device.data_dir / "desired-config.part").mkdir()
    keeper = DesiredKeeper(own, laid_over, lambda: own, lambda _: ())
    assert "cannot write" in (_take(keeper, LINE).error or "")


def test_what_is_no_message_is_refused(own: CameraConfig):
    with pytest.raises(ContractError):
        DesiredKeeper(own, laid_over, lambda: own, lambda _: ()).take(b"?", lambda _: None)


def test_a_camera_that_does_not_start_says_so(own: CameraConfig, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(camera_remote, "_START_S", 0.01)
    remote, said = CameraRemote(own, lambda: own, ModelRegistry(), lambda: 5), list[Answer]()
    take = remote.commands["config-desired"]
    take(encode_configuration(_desired(LINE)), said.append)
    assert "has not started" in (decode_reported(said[0].body).error or "")
    assert not remote.must_restart
    remote.commands["restart"](encode_restart(RestartRequest(reason="x")), said.append)
    assert remote.must_restart
