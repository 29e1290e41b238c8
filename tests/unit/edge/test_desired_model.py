"""A model comes piece by piece, is checked, tried, and given up where it cannot run."""

import hashlib
from pathlib import Path

import pytest

pytest.importorskip("cv2", reason="cameras need the extra edge")

from contracts.device_model import (
    CHUNK_BYTES,
    DesiredModel,
    ModelChunk,
    ModelRequest,
    ReportedModel,
    WantedModel,
    decode_model_message,
    encode_model_message,
)
from contracts.errors import ContractError
from edge.adapters.device_link import Answer
from edge.camera_settings import CameraConfig, CameraSettings
from edge.config import DeviceSettings
from edge.desired_model import ModelKeeper
from models.manifest import render_manifest
from models.registry import DEFAULT_DETECTOR, DEFAULT_EMBEDDER, ModelRegistry

CONTENT = bytes(range(256)) * 1300  # three pieces


class Camera:
    """A camera that is handed models, and what it says."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.restarts, self.said = folder, 0, list[Answer]()
        self.registry = ModelRegistry(folder / "models")
        device = DeviceSettings(tenant="a", store="s", id="c", data_dir=folder)
        self.config = CameraConfig(device=device, camera=CameraSettings(source="file:x", model="own"))
        self.start_again()

    def start_again(self) -> None:
        self.keeper = ModelKeeper(self.folder, self.registry, self._restart)

    def _restart(self) -> None:
        self.restarts += 1

    def model(self) -> str:
        return self.keeper.in_force(self.config).camera.model

    def wants(self, version: int, model: WantedModel | None) -> None:
        self.keeper.take_desired(encode_model_message(DesiredModel(version=version, model=model)), self.said.append)

    def gets(self, content: bytes, most: int = 100) -> None:
        """Answer its requests as the gateway does."""
        while self.said and self.said[-1].name == "model-request" and most:
            most -= 1
            request = decode_model_message(self.said.pop().body, ModelRequest)
            data = content[request.offset : request.offset + CHUNK_BYTES]
            chunk = ModelChunk(sha256=request.sha256, offset=request.offset, data=data)
            self.keeper.take_chunk(encode_model_message(chunk), self.said.append)

    def reported(self) -> ReportedModel:
        return decode_model_message(self.said[-1].body, ReportedModel)


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    return Camera(tmp_path)


def wanted(content: bytes = CONTENT, name: str = "new-one", like: str = DEFAULT_DETECTOR) -> WantedModel:
    sha256 = hashlib.sha256(content).hexdigest()
    manifest = ModelRegistry().get(like).manifest
    text = render_manifest(manifest).replace(manifest.name, name).replace(manifest.sha256, sha256)
    return WantedModel(manifest=text, sha256=sha256, size=len(content))


def test_a_model_is_fetched_checked_tried_and_kept(camera: Camera):
    camera.wants(1, wanted())
    camera.gets(CONTENT)
    assert camera.restarts == 1
    assert camera.model() == "new-one"
    camera.keeper.started()
    camera.wants(1, wanted())
    assert camera.reported() == ReportedModel(version=1)
    camera.start_again()
    assert camera.model() == "new-one"
    assert camera.registry.get("new-one").path.read_bytes() == CONTENT
    assert not list(camera.folder.glob("*.part"))
    camera.wants(2, None)
    assert (camera.restarts, camera.model()) == (2, "own")


def test_an_interrupted_model_goes_on_where_it_was(camera: Camera):
    camera.wants(1, wanted())
    camera.gets(CONTENT, most=1)
    camera.start_again()
    camera.wants(1, wanted())
    assert decode_model_message(camera.said[-1].body, ModelRequest).offset == CHUNK_BYTES
    camera.gets(CONTENT)
    assert camera.restarts == 1


def test_a_model_that_came_damaged_is_refused(camera: Camera):
    camera.wants(1, wanted())
    camera.gets(b"x" + CONTENT[1:])
    assert "the model came damaged" in (camera.reported().error or "")
    assert (camera.restarts, camera.model()) == (0, "own")
    camera.wants(2, wanted())
    camera.gets(CONTENT)
    assert camera.restarts == 1, "it can be tried again"


def test_a_model_that_cannot_start_gives_way_to_the_one_before(camera: Camera):
    camera.wants(1, wanted())
    camera.gets(CONTENT)
    camera.keeper.started()
    camera.wants(2, wanted(CONTENT + b"y", "newer"))
    camera.gets(CONTENT + b"y")
    assert camera.model() == "newer"
    assert camera.keeper.failed("it is no ONNX")
    assert camera.model() == "new-one"
    camera.wants(2, wanted(CONTENT + b"y", "newer"))
    assert camera.reported() == ReportedModel(version=2, error="it is no ONNX")
    assert not camera.keeper.failed("something else is wrong")


def test_a_model_that_ends_the_process_each_time_is_given_up(camera: Camera):
    camera.wants(1, wanted())
    camera.gets(CONTENT)
    models = []
    for _ in range(5):
        camera.start_again()
        models.append(camera.model())
    assert models == ["new-one", "new-one", "new-one", "own", "own"]


def test_what_cannot_be_a_model_is_refused(camera: Camera):
    camera.wants(1, WantedModel(manifest="[", sha256="0" * 64, size=1))
    assert "manifest from the gateway" in (camera.reported().error or "")
    camera.wants(2, wanted(name=DEFAULT_DETECTOR))
    assert "another model called" in (camera.reported().error or "")
    with pytest.raises(ContractError, match="expected DesiredModel"):
        camera.keeper.take_desired(b"{}", camera.said.append)
    stray = ModelChunk(sha256="0" * 64, offset=0, data=b"x")
    camera.keeper.take_chunk(encode_model_message(stray), camera.said.append)
    assert camera.restarts == 0


def test_an_embedder_takes_the_embedders_place(camera: Camera):
    camera.wants(1, wanted(name="looks", like=DEFAULT_EMBEDDER))
    camera.gets(CONTENT)
    assert camera.keeper.in_force(camera.config).camera.embedder == "looks"
    assert camera.model() == "own"


def test_a_file_that_cannot_be_read_is_as_none(camera: Camera):
    (camera.folder / "desired-model.json").write_text("{")
    camera.start_again()
    assert camera.model() == "own"


def test_a_piece_that_comes_twice_changes_nothing(camera: Camera):
    camera.wants(1, wanted())
    camera.said.clear()
    chunk = ModelChunk(sha256=wanted().sha256, offset=0, data=CONTENT[:CHUNK_BYTES])
    for _ in range(2):
        camera.keeper.take_chunk(encode_model_message(chunk), camera.said.append)
    assert len(camera.said) == 1
    camera.gets(CONTENT)
    assert camera.restarts == 1
