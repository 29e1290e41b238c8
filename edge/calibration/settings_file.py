"""A camera's configuration file with another drawing in it: everything else, comments too, stays as it was."""

import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import tomlkit
from msgspec.structs import replace
from tomlkit.exceptions import ParseError

from edge.calibration import toml_tables
from edge.calibration.drawing import Drawing, with_drawing
from edge.camera_config import parse_camera_config
from edge.camera_rules import check_placement
from edge.camera_settings import CameraConfig, Point
from edge.errors import ConfigurationError

Table: TypeAlias = Any  # a table of tomlkit, which types its items too loosely to be of use
Values: TypeAlias = Mapping[str, object]


def read_settings(path: Path) -> bytes:
    """Return a configuration file's bytes.

    Raises:
        ConfigurationError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        msg = f"cannot read the configuration {path}: {error.strerror}"
        raise ConfigurationError(msg) from error


def edited(raw: bytes, drawing: Drawing, path: Path) -> bytes:
    """Return a configuration file with another drawing in it, not yet checked.

    Args:
        raw: The file as it is.
        drawing: What it shall draw.
        path: Where the bytes came from, for messages.

    Raises:
        ConfigurationError: The file is no TOML.
    """
    document = _parsed(raw, path)
    if drawing.picture_size is not None:
        _set(document["camera"], {"picture_size": list(drawing.picture_size)})
    _set_tables(
        document,
        "tripwire",
        [(line.was, {"id": line.id, "kind": line.kind, "points": _lists(line.points)}) for line in drawing.tripwires],
        {"kind": "entrance"},
    )
    _set_tables(
        document,
        "zone",
        [(zone.was, {"id": zone.id, "kind": zone.kind, "points": _lists(zone.points)}) for zone in drawing.zones],
    )
    _set_tables(
        document, "mask", [(mask.was, {"points": _lists(mask.points)}) for mask in drawing.masks], by_place=True
    )
    _set_lens(document, drawing)
    _set_floor(document, drawing)
    return tomlkit.dumps(document).encode()


def checked(raw: bytes, path: Path) -> CameraConfig:
    """Return the configuration in bytes, checked as `shopthread edge check` would, but for the camera.

    Raises:
        ConfigurationError: It cannot be used; the message names the key, the value and what is allowed.
    """
    config = parse_camera_config(raw, path)
    if config.camera.picture_size is not None:
        check_placement(config, config.camera.picture_size)
    return config


def save(path: Path, before: bytes, drawing: Drawing) -> tuple[bytes, Path]:
    """Write a drawing into a configuration file: all of it or nothing, with what was there beside it.

    Args:
        path: The file.
        before: What it held when the drawing was begun.
        drawing: What it shall draw.

    Returns:
        What the file holds now, and the path of the backup.

    Raises:
        ConfigurationError: Somebody else changed the file, the result could not be used, or it cannot be written.
    """
    path = path.resolve()
    now = edited(before, drawing, path)
    _put(path, before, now, with_drawing(parse_camera_config(before, path, is_draft=True), drawing))
    return now, backup_of(path)


def save_tuning(path: Path, input_size: tuple[int, int], tiles: tuple[int, int]) -> Path:
    """Write what the model shall see into a configuration file, as `save` writes a drawing; return the backup's path.

    Raises:
        ConfigurationError: As in `save`.
    """
    path = path.resolve()
    before = read_settings(path)
    document = _parsed(before, path)
    _set(document["camera"], {"input_size": list(input_size), "tiles": list(tiles)}, {"tiles": [1, 1]})
    was = parse_camera_config(before, path)
    meant = replace(was, camera=replace(was.camera, input_size=input_size, tiles=tiles))
    _put(path, before, tomlkit.dumps(document).encode(), meant)
    return backup_of(path)


def backup_of(path: Path) -> Path:
    """Return where the file is kept that a saved one took the place of."""
    return path.with_name(f"{path.name}.bak")


def _put(path: Path, before: bytes, now: bytes, meant: CameraConfig) -> None:
    """Put content in a file's place, known to say what is meant and to be usable, and keep what was there."""
    if checked(now, path) != meant:
        msg = f"{path} is written in a way that cannot be changed here; draw in a copy, and take the tables from there"
        raise ConfigurationError(msg)
    if read_settings(path) != before:
        msg = f"{path} was changed by somebody else since it was opened; open it again, and nothing of it is lost"
        raise ConfigurationError(msg)
    try:
        shutil.copy2(path, backup_of(path))
        _replace_file(path, now)
    except OSError as error:
        msg = f"cannot write {error.filename or path}: {error.strerror}; the configuration is as it was"
        raise ConfigurationError(msg) from error


def _replace_file(path: Path, content: bytes) -> None:
    """Put content in a file's place at once: a power cut leaves the old or the new one."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        shutil.copymode(path, name)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _parsed(raw: bytes, path: Path) -> Table:
    try:
        return tomlkit.parse(raw.decode())
    except (ParseError, UnicodeDecodeError) as error:
        msg = f"{path}: {error}"
        raise ConfigurationError(msg) from error


def _set_tables(
    document: Table,
    key: str,
    wanted: Sequence[tuple[str | int | None, Values]],
    defaults: Values | None = None,
    *,
    by_place: bool = False,
) -> None:
    """Change an array of tables: those that stay keep their other keys and comments."""
    if key not in document:
        if not wanted:
            return
        toml_tables.append(document, key, tomlkit.aot())
    tables: Table = document[key]
    present = {place if by_place else table.get("id"): table for place, table in enumerate(tables)}
    kept = [present[was] for was, _ in wanted if was in present]
    for was, values in wanted:
        if was in present:
            _set(present[was], values, defaults or {})
        else:
            toml_tables.append_to_array(tables, values)
    for table in present.values():
        if not any(table is one for one in kept):
            toml_tables.remove_from_array(document, key, table)


def _set_lens(document: Table, drawing: Drawing) -> None:
    if drawing.lines:
        if "lens" not in document:
            toml_tables.append(document, "lens", tomlkit.table())
        lens: Table = document["lens"]
        for key in ("k1", "k2"):
            lens.pop(key, None)
        _set(lens, {"lines": [_lists(line) for line in drawing.lines]})
    elif "lines" in document.get("lens", {}):
        toml_tables.remove(document, "lens")


def _set_floor(document: Table, drawing: Drawing) -> None:
    if not drawing.image_px and not drawing.floor_m:
        if "floor" in document:
            toml_tables.remove(document, "floor")
        return
    if "floor" not in document:
        toml_tables.append(document, "floor", tomlkit.table())
    floor: Table = document["floor"]
    points = {"image_px": _lists(drawing.image_px), "floor_m": _lists(drawing.floor_m)}
    if any(floor.get(key) != value for key, value in points.items()):
        floor.pop("error_m", None)  # it was that of other points
    _set(floor, points)


def _set(table: Table, values: Values, defaults: Values | None = None) -> None:
    """Change those values that are others than before, so that the rest keeps its form."""
    for key, value in values.items():
        if table.get(key, (defaults or {}).get(key)) != value:
            table[key] = value


def _lists(points: Iterable[Point]) -> list[list[float]]:
    return [[x, y] for x, y in points]
