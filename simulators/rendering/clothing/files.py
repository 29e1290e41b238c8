"""Reads and checks the files of an asset folder: pictures and array files, none outside of it, none too large."""

import struct
import zipfile
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.rendering.clothing.pieces import AssetError

PICTURES = (".png", ".jpg", ".jpeg")
MOST_PICTURE_BYTES = 16 * 2**20
MOST_SIDE_PX = 4096
MOST_ARRAY_BYTES = 256 * 2**20
_KEPT_PX = 256
_GREY, _OPAQUE = 2, 4
_BYTE_MAX, _BYTES_IN_SHORT = 255, 257


def inside(folder: Path, name: str) -> Path:
    """Return the path of a file in a folder.

    Raises:
        AssetError: The name leads out of the folder, or there is no such file.
    """
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        msg = f"{folder}: {name!r} leads out of the folder; put the file into it"
        raise AssetError(msg)
    if not path.is_file():
        msg = f"{folder}: there is no file {name!r}"
        raise AssetError(msg)
    return path


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return a PNG or JPEG as red, green, blue and opacity, shape (H, W, 4), at most 256 pixels a side.

    Raises:
        AssetError: It is too large, damaged, or no such picture.
    """
    if path.suffix.lower() not in PICTURES:
        msg = f"{path}: pictures are PNG or JPEG, not {path.suffix!r}"
        raise AssetError(msg)
    size = path.stat().st_size
    if size > MOST_PICTURE_BYTES:
        msg = f"{path} has {size} bytes; a picture may have {MOST_PICTURE_BYTES}"
        raise AssetError(msg)
    raw = path.read_bytes()
    _refuse_big(path, _png_size(raw))
    try:
        found = cv2.imdecode(np.frombuffer(raw, dtype=np.uint8), cv2.IMREAD_UNCHANGED) if raw else None
    except cv2.error:
        found = None
    if found is None:
        msg = f"{path} is no picture, or is damaged; save it as PNG or JPEG again"
        raise AssetError(msg)
    picture = np.asarray(found)
    _refuse_big(path, (picture.shape[1], picture.shape[0]))
    if picture.dtype == np.uint16:
        picture = (picture // _BYTES_IN_SHORT).astype(np.uint8)
    return _small(_rgba(picture))


def _png_size(raw: bytes) -> tuple[int, int]:
    """Return a PNG's width and height as its head says, before anything is unpacked; (1, 1) of anything else."""
    head = struct.Struct(">II")
    if raw[:8] != b"\x89PNG\r\n\x1a\n" or len(raw) < 16 + head.size:
        return 1, 1
    width, height = head.unpack_from(raw, 16)
    return int(width), int(height)


def _refuse_big(path: Path, size: tuple[int, int]) -> None:
    if max(size) > MOST_SIDE_PX:
        msg = f"{path} is {size[0]} x {size[1]} pixels; a side may have {MOST_SIDE_PX}"
        raise AssetError(msg)


def _rgba(picture: NDArray[Any]) -> NDArray[np.uint8]:
    if picture.ndim == _GREY:
        picture = np.repeat(picture[..., None], 3, axis=2)
    opacity = picture[..., 3:] if picture.shape[2] == _OPAQUE else np.full((*picture.shape[:2], 1), _BYTE_MAX)
    return np.concatenate([picture[..., 2::-1], opacity], axis=2).astype(np.uint8)


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    scale = _KEPT_PX / max(height, width)
    if scale >= 1:
        return picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of an npz file; what is pickled is not read.

    Raises:
        AssetError: It is damaged, no npz file, or too large when unpacked.
    """
    _refuse_heavy(path)
    try:
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        msg = f"{path} is no npz file of plain arrays, or is damaged: {error}"
        raise AssetError(msg) from error


def _refuse_heavy(path: Path) -> None:
    """Refuse what would fill the memory: the size is that which the archive's directory tells."""
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except (OSError, zipfile.BadZipFile) as error:
        msg = f"{path} is no npz file, or is damaged: {error}"
        raise AssetError(msg) from error
    if size > MOST_ARRAY_BYTES:
        msg = f"{path} has {size} bytes when unpacked; an npz file may have {MOST_ARRAY_BYTES}"
        raise AssetError(msg)
