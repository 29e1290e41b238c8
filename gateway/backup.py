"""Saves the gateway's state into one file while it runs, and brings it back."""

import hashlib
import io
import os
import sqlite3
import tarfile
import tempfile
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import msgspec
from msgspec import Struct

from contracts.events import Source
from gateway.adapters.data_lock import DataLock
from gateway.config import GatewayConfig
from gateway.device_operation import devices_path
from gateway.errors import GatewayError
from gateway.paths import event_store_path

_MANIFEST = "manifest.json"


class BackupError(GatewayError):
    """The state cannot be saved or brought back."""


class BackupManifest(Struct, frozen=True, kw_only=True):
    """What a backup holds.

    Attributes:
        source: The gateway.
        made_ms: When, Unix milliseconds.
        software_version: Of the gateway that made it.
        files: SHA-256 of each file, by name.
    """

    source: str
    made_ms: int
    software_version: str
    files: dict[str, str]


def back_up(config: GatewayConfig, target: Path, now_ms: int) -> BackupManifest:
    """Save the events and what is known of devices, as of one moment each, while the gateway may run.

    Raises:
        BackupError: There is nothing to save, or a file cannot be read or written.
    """
    sources = [path for path in _state(config) if path.exists()]
    if not sources:
        msg = f"no state at {config.gateway.data_dir}; has this gateway run yet?"
        raise BackupError(msg)
    try:
        with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".backup-") as folder:
            copies = [_copy(path, Path(folder) / path.name) for path in sources]
            manifest = BackupManifest(
                source=str(config.gateway.source),
                made_ms=now_ms,
                software_version=version("shopthread"),
                files={path.name: _sha256(path) for path in copies},
            )
            part = Path(folder) / "part"
            _write_archive(part, manifest, copies)
            part.replace(target)
    except (OSError, sqlite3.Error) as error:
        msg = f"cannot save to {target}: {error}"
        raise BackupError(msg) from error
    return manifest


def restore(config: GatewayConfig, archive: Path, *, replaces: bool = False) -> BackupManifest:
    """Bring a backup's state back. The gateway must not run.

    Args:
        config: The gateway's.
        archive: From `back_up`.
        replaces: Replace the state that is there.

    Raises:
        GatewayError: A gateway runs, there is a state already, or the backup is another store's, damaged or none.
    """
    lock = DataLock(config.gateway.data_dir)
    try:
        there = [path for path in _state(config) if path.exists()]
        if there and not replaces:
            msg = f"there is a state already: {', '.join(map(str, there))}; --force replaces it"
            raise BackupError(msg)
        with tempfile.TemporaryDirectory(dir=config.gateway.data_dir, prefix=".restore-") as folder:
            manifest = _unpack(archive, Path(folder), config.gateway.source)
            for path in _state(config):
                for old in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
                    old.unlink(missing_ok=True)
                if path.name in manifest.files:
                    (Path(folder) / path.name).replace(path)
    except (OSError, sqlite3.Error, tarfile.TarError) as error:
        msg = f"cannot bring {archive} back: {error}"
        raise BackupError(msg) from error
    finally:
        lock.release()
    return manifest


def _state(config: GatewayConfig) -> list[Path]:
    return [event_store_path(config), devices_path(config)]


def _copy(path: Path, target: Path) -> Path:
    """Copy a database with SQLite's online backup, and make sure that the copy is whole."""
    target.touch(mode=0o600)
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")
        _check(copy, path)
    return target


def _check(db: sqlite3.Connection, path: Path) -> None:
    (found,) = db.execute("PRAGMA quick_check").fetchone()
    if found != "ok":
        msg = f"{path} is damaged: {found}"
        raise BackupError(msg)


def _write_archive(target: Path, manifest: BackupManifest, files: list[Path]) -> None:
    target.touch(mode=0o600)
    with tarfile.open(target, "w") as archive:
        text = msgspec.json.format(msgspec.json.encode(manifest))
        entry = tarfile.TarInfo(_MANIFEST)
        entry.size = len(text)
        archive.addfile(entry, io.BytesIO(text))
        for path in files:
            archive.add(path, path.name)
    with target.open("rb") as written:
        os.fsync(written.fileno())


def _unpack(path: Path, folder: Path, gateway: Source) -> BackupManifest:
    with tarfile.open(path, "r:") as archive:
        manifest = _read_manifest(archive, path)
        if manifest.source != str(gateway):
            msg = f"{path} is of {manifest.source}, this gateway is {gateway}"
            raise BackupError(msg)
        for name, sha256 in manifest.files.items():
            _unpack_file(archive, name, folder / Path(name).name, sha256)
    return manifest


def _read_manifest(archive: tarfile.TarFile, path: Path) -> BackupManifest:
    try:
        found = archive.extractfile(_MANIFEST)
        return msgspec.json.decode(b"" if found is None else found.read(), type=BackupManifest)
    except (KeyError, msgspec.DecodeError) as error:
        msg = f"{path} is no backup of a gateway: {error}"
        raise BackupError(msg) from error


def _unpack_file(archive: tarfile.TarFile, name: str, target: Path, sha256: str) -> None:
    try:
        found = archive.extractfile(name)
    except KeyError:
        found = None
    if found is None:
        msg = f"the backup lacks {name}"
        raise BackupError(msg)
    target.touch(mode=0o600)
    with target.open("wb") as file:
        while piece := found.read(1 << 20):
            file.write(piece)
    if _sha256(target) != sha256:
        msg = f"{name} in the backup is damaged"
        raise BackupError(msg)
    with closing(sqlite3.connect(target)) as db:
        _check(db, target)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
