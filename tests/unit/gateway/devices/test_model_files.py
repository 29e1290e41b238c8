"""Models are copied whole, and handed out piece by piece."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from contracts.device_model import CHUNK_BYTES, ModelRequest
from gateway.adapters import model_files
from gateway.adapters.data_lock import DataLock
from gateway.adapters.model_files import ModelFiles
from gateway.errors import ConfigurationError, GatewayError
from models.registry import DEFAULT_DETECTOR, ModelRegistry


def test_the_pieces_make_the_model(tmp_path: Path):
    model, files = ModelRegistry().get(DEFAULT_DETECTOR), ModelFiles(tmp_path / "models")
    wanted = files.put(model)
    content = b""
    while (piece := files.piece(ModelRequest(sha256=wanted.sha256, offset=len(content)))) is not None:
        assert len(piece.data) <= CHUNK_BYTES
        content += piece.data
    assert content == model.path.read_bytes()
    assert wanted.size == len(content)
    assert files.piece(ModelRequest(sha256="0" * 64, offset=0)) is None


def test_a_model_that_is_changed_or_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    model = ModelRegistry().get(DEFAULT_DETECTOR)
    changed = replace(model.manifest, sha256="0" * 64)
    with pytest.raises(ConfigurationError, match="has sha256"):
        ModelFiles(tmp_path).put(type(model)(changed, model.path, model.origin))
    monkeypatch.setattr(model_files, "MAX_MODEL_BYTES", 10)
    with pytest.raises(ConfigurationError, match="may have 10 bytes"):
        ModelFiles(tmp_path).put(model)


def test_a_folder_that_cannot_be_held_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(GatewayError, match="cannot write"):
        DataLock(tmp_path / "file")
    lock = DataLock(tmp_path)
    with pytest.raises(GatewayError, match="a gateway runs"):
        DataLock(tmp_path)
    lock.release()
    DataLock(tmp_path).release()
