"""Makes an example of an asset folder: fabrics, prints, skins, a hat and a scarf, all drawn by rules from a seed."""

# ruff: noqa: PLR2004 - sizes of patterns and of a hat speak for themselves

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from simulators.adapters.feed_files import replace_file
from simulators.adapters.toml_text import Table, toml_text
from simulators.rendering.bodies import BONES, LAYERS, make_body
from simulators.rendering.clothing.forms import REFERENCE
from simulators.rendering.clothing.manifest import MANIFEST_FILE
from simulators.rendering.clothing.meshes import bind
from simulators.rendering.clothing.pieces import AssetError, Fitting
from simulators.rendering.textures import smooth_noise

Floats = NDArray[np.float64]
Painter = Callable[[np.random.Generator, Floats, Floats], Floats]

_SIDE_PX = 128
_KINDS_OF_EACH = 4
_STREAM = 27
_CONTRAST = 0.5
"""How far a pattern goes from its ground to another colour: loud patterns break people up, and detectors miss them."""


def make_sample(folder: Path, seed: int = 1) -> int:
    """Write an example of an asset folder. Return how many pieces it has.

    Args:
        folder: Where; it may not hold an `assets.toml` yet.
        seed: What colours and patterns are drawn from.

    Raises:
        AssetError: There is an asset folder already.
        OSError: A file cannot be written.
    """
    if (folder / MANIFEST_FILE).exists():
        msg = f"{folder / MANIFEST_FILE} is there already; name a new folder, or remove it"
        raise AssetError(msg)
    rng = np.random.default_rng([seed, _STREAM])
    for name in ("fabrics", "prints", "skins", "garments"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    lists = {
        "fabric": _fabrics(folder, rng),
        "print": _prints(folder, rng),
        "skin": _skins(folder, rng),
        "garment": _garments(folder, rng),
    }
    comment = "Clothes for rendered people; `shopthread simulate assets check` says what is in here."
    top: Table = {"name": "sample", "licence": "CC0-1.0"}
    chances: Table = {"headwear": 0.2, "neckwear": 0.15, "fabric": 0.4, "print": 0.25}
    text = toml_text({"chances": chances}, lists, top, comment)
    replace_file(folder / MANIFEST_FILE, text.encode())
    return sum(len(entries) for entries in lists.values())


def _write_picture(path: Path, rgba: Floats) -> None:
    """Write shares of red, green, blue (and opacity) as a PNG."""
    values = np.clip(rgba * 255 + 0.5, 0, 255).astype(np.uint8)
    order = [2, 1, 0, 3][: values.shape[2]]
    _, coded = cv2.imencode(".png", np.ascontiguousarray(values[..., order]))
    replace_file(path, coded.tobytes())


def _colour(rng: np.random.Generator) -> Floats:
    """Return a colour of clothes: of any hue, seldom bright."""
    hue, saturation, value = rng.uniform(0, 6), rng.uniform(0.05, 0.6), rng.uniform(0.12, 0.75)
    wheel = np.clip(np.abs((hue + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1, 0, 1)
    colour: Floats = value * (1 - saturation * (1 - wheel))
    return colour


def _gingham(_: np.random.Generator, x: Floats, y: Floats) -> Floats:
    return 0.5 * ((4 * x) % 1 < 0.5) + 0.5 * ((4 * y) % 1 < 0.5)


def _tartan(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    widths = rng.uniform(0.04, 0.2, 3)
    lines = sum(
        0.5 * (((along + start) % 1) < width)
        for along in (x, y)
        for start, width in zip((0, 0.35, 0.6), widths, strict=True)
    )
    return np.asarray(np.clip(lines, 0, 1))


def _dots(_: np.random.Generator, x: Floats, y: Floats) -> Floats:
    shift = 0.5 * (np.floor(6 * y) % 2)
    return (np.hypot((6 * x + shift) % 1 - 0.5, (6 * y) % 1 - 0.5) < 0.27).astype(np.float64)


def _herringbone(_: np.random.Generator, x: Floats, y: Floats) -> Floats:
    zigzag = np.abs((4 * x) % 1 - 0.5) * 2
    return np.asarray(((12 * y + 2 * zigzag) % 1) < 0.5).astype(np.float64)


def _florals(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    share = np.zeros_like(x)
    for _ in range(14):
        u, v, size, petals = rng.random(), rng.random(), rng.uniform(0.05, 0.11), int(rng.integers(4, 7))
        dx, dy = (x - u + 0.5) % 1 - 0.5, (y - v + 0.5) % 1 - 0.5
        share = np.maximum(share, np.hypot(dx, dy) < size * (0.65 + 0.35 * np.cos(petals * np.arctan2(dy, dx))))
    return share


def _camouflage(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    wave = sum(
        np.sin(2 * np.pi * (int(rng.integers(1, 4)) * x + int(rng.integers(-3, 4)) * y) + rng.uniform(0, 6.28))
        for _ in range(5)
    )
    return np.asarray(np.clip(np.round(0.5 + 0.3 * wave, 1), 0, 1))


def _bands(rng: np.random.Generator, x: Floats, y: Floats) -> Floats:
    edges = np.sort(rng.random(4))
    return np.where(((y > edges[0]) & (y < edges[1])) | ((y > edges[2]) & (y < edges[3])), 1.0, 0.0) + 0 * x


def _knit(_: np.random.Generator, x: Floats, y: Floats) -> Floats:
    return 0.35 + 0.35 * np.sin(2 * np.pi * 10 * x) * np.sin(2 * np.pi * (8 * y + 0.25 * np.abs((20 * x) % 2 - 1)))


def _argyle(_: np.random.Generator, x: Floats, y: Floats) -> Floats:
    diamond = np.abs((2 * x) % 1 - 0.5) + np.abs((y * 1.0) % 1 - 0.5)
    return np.clip((diamond < 0.5) + 0.4 * (np.abs(((2 * x) % 1) - y) < 0.03), 0, 1)


_FABRICS: dict[str, tuple[Painter, float, list[str]]] = {
    "gingham": (_gingham, 0.12, ["top"]),
    "tartan": (_tartan, 0.16, ["top", "bottom"]),
    "dots": (_dots, 0.2, ["top"]),
    "herringbone": (_herringbone, 0.1, ["top", "bottom"]),
    "florals": (_florals, 0.3, ["top"]),
    "camouflage": (_camouflage, 0.45, ["top"]),
    "bands": (_bands, 0.35, ["top"]),
    "knit": (_knit, 0.1, ["top"]),
    "argyle": (_argyle, 0.2, ["top"]),
}


def _grid() -> tuple[Floats, Floats]:
    rows, columns = np.mgrid[0:_SIDE_PX, 0:_SIDE_PX]
    return (columns + 0.5) / _SIDE_PX, (rows + 0.5) / _SIDE_PX


def _fabrics(folder: Path, rng: np.random.Generator) -> list[Table]:
    entries: list[Table] = []
    x, y = _grid()
    for kind, (painter, repeat_m, covers) in _FABRICS.items():
        for number in range(1, _KINDS_OF_EACH + 1):
            ground, ink = _colour(rng), _colour(rng)
            ink = ground + _CONTRAST * (ink - ground)
            share = painter(rng, x, y)[..., None]
            picture = (ground + share * (ink - ground)) * rng.uniform(0.94, 1.04, (*x.shape, 1))
            name = f"{kind}-{number}"
            _write_picture(folder / "fabrics" / f"{name}.png", picture)
            size = round(repeat_m * float(rng.uniform(0.7, 1.4)), 3)
            entries.append({"id": name, "picture": f"fabrics/{name}.png", "repeat_m": size, "covers": covers})
    return entries


def _prints(folder: Path, rng: np.random.Generator) -> list[Table]:
    """Write badges: a disc, a star, a shield and lines like words, each in several colours."""
    entries: list[Table] = []
    x, y = (2 * each - 1 for each in _grid())
    round_, away = np.arctan2(x, y), np.hypot(x, y)
    for number in range(1, 3 * _KINDS_OF_EACH + 1):
        points = int(rng.integers(3, 9))
        words = (np.abs((y * 5) % 1 - 0.5) < 0.28) & (smooth_noise(rng, x.shape, (10, 16)) > -0.3)
        shape = (
            away < 0.9,
            away < 0.6 + 0.3 * np.cos(points * round_),
            (np.abs(x) < 0.8 - 0.5 * np.maximum(y, 0)),
            words,
        )
        shown = shape[number % 4]
        inner = (away < 0.45) if number % 3 else (np.abs(y) < 0.15)
        colour = np.where(inner[..., None], _colour(rng), np.clip(_colour(rng) * 1.2, 0, 1))
        name = f"badge-{number}"
        _write_picture(folder / "prints" / f"{name}.png", np.dstack([colour, shown.astype(np.float64)]))
        entry: dict[str, str | float | bool] = {"id": name, "picture": f"prints/{name}.png"}
        entry |= {"width_m": round(float(rng.uniform(0.12, 0.3)), 3), "front": number % 5 != 0, "back": number % 3 == 0}
        entries.append(entry)
    return entries


def _skins(folder: Path, rng: np.random.Generator) -> list[Table]:
    entries: list[Table] = []
    tones = {
        "light": (0.91, 0.79, 0.71),
        "tan": (0.83, 0.69, 0.6),
        "brown": (0.63, 0.5, 0.41),
        "dark": (0.46, 0.35, 0.28),
    }
    for name, tone in tones.items():
        speckle = smooth_noise(rng, (_SIDE_PX, _SIDE_PX), (24, 24))[..., None]
        blush = smooth_noise(rng, (_SIDE_PX, _SIDE_PX), (5, 5))[..., None] * np.array([0.05, 0.02, 0.01])
        _write_picture(folder / "skins" / f"{name}.png", np.array(tone) * (1 + 0.03 * speckle) + blush)
        entries.append({"id": f"skin-{name}", "picture": f"skins/{name}.png", "repeat_m": 0.4})
    return entries


def _garments(folder: Path, rng: np.random.Generator) -> list[Table]:
    """Write a hat with a picture and a scarf with colours of its own: one example of each kind of garment."""
    body = make_body(REFERENCE)
    x, _ = _grid()
    _write_picture(folder / "garments" / "hat.png", (0.55 + 0.2 * ((x * 24) % 1 < 0.5))[..., None] * np.ones(3))
    vertices, triangles = body.vertices, body.triangles
    skin = triangles[body.layers == LAYERS.index("body")]
    head = body.layers_vertices("body")
    head = head[vertices[head, 1] > body.heads[BONES.index("head"), 1]]
    low, high = vertices[head].min(axis=0), vertices[head].max(axis=0)
    points, faces, uv = _dome(low, high)
    _write_mesh(folder / "garments" / "hat.npz", faces, bind(points, vertices, skin), uv=uv)
    neck = body.heads[BONES.index("neck_01")]
    points, faces, _ = _ring(neck + np.array([0.0, 0.0, 0.015]), 0.085, 0.03)
    solid = triangles[body.layers <= LAYERS.index("clothes")]
    stripes = np.where((np.arange(len(points)) // 8 % 2)[:, None] == 0, 255 * _colour(rng), 255 * _colour(rng))
    _write_mesh(folder / "garments" / "scarf.npz", faces, bind(points, vertices, solid), colours=stripes)
    hat: Table = {
        "id": "hat",
        "mesh": "garments/hat.npz",
        "picture": "garments/hat.png",
        "covers": ["head"],
        "tint_share": 0.9,
    }
    scarf: Table = {"id": "scarf", "mesh": "garments/scarf.npz", "covers": ["neck"], "age": ["young", "old"]}
    return [hat, scarf]


def _dome(low: Floats, high: Floats) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Return half an ellipsoid around the top of a box, its triangles and its places in a picture."""
    around, rings = 25, 9
    turn, rise = np.meshgrid(np.linspace(0, 2 * np.pi, around), np.linspace(-0.15, np.pi / 2, rings))
    middle, half = 0.5 * (low + high), 0.5 * (high - low) + np.array([0.014, 0.0, 0.014])
    brow = low[1] + 0.68 * (high[1] - low[1])
    up = high[1] + 0.025 - brow
    points = np.stack(
        [
            middle[0] + half[0] * np.cos(rise) * np.sin(turn),
            brow + up * np.sin(rise),
            middle[2] - 0.008 + half[2] * np.cos(rise) * np.cos(turn),
        ],
        axis=-1,
    ).reshape(-1, 3)
    uv = np.stack([turn / (2 * np.pi), np.clip(rise / (np.pi / 2), 0, 1)], axis=-1).reshape(-1, 2)
    return points, _sheet(rings, around), uv


def _ring(centre: Floats, radius_m: float, thick_m: float) -> tuple[Floats, NDArray[np.int64], Floats]:
    """Return a torus that lies around a neck."""
    along, across = 33, 13
    turn, roll = np.meshgrid(np.linspace(0, 2 * np.pi, across), np.linspace(0, 2 * np.pi, along))
    away = radius_m + thick_m * np.cos(turn)
    points = np.stack([away * np.sin(roll), 1.6 * thick_m * np.sin(turn), away * np.cos(roll)], axis=-1) + centre
    uv = np.stack([roll, turn], axis=-1).reshape(-1, 2) / (2 * np.pi)
    return points.reshape(-1, 3), _sheet(along, across)[:, ::-1], uv


def _sheet(rows: int, columns: int) -> NDArray[np.int64]:
    """Return the triangles of a grid of points."""
    row, column = (each.reshape(-1) for each in np.meshgrid(np.arange(rows - 1), np.arange(columns - 1), indexing="ij"))
    a = row * columns + column
    b, c, d = a + 1, a + columns, a + columns + 1
    return np.concatenate([np.stack([a, b, c], axis=1), np.stack([b, d, c], axis=1)])


def _write_mesh(path: Path, triangles: NDArray[np.int64], fitting: Fitting, **paint: Floats) -> None:
    arrays: dict[str, NDArray[Any]] = {
        "anchors": fitting.anchors,
        "shares": fitting.shares,
        "offsets_m": fitting.offsets,
        "triangles": triangles,
    }
    arrays |= {name: each.astype(np.float32) for name, each in paint.items()}
    unfinished = io.BytesIO()
    np.savez_compressed(unfinished, allow_pickle=False, **arrays)
    replace_file(path, unfinished.getvalue())
