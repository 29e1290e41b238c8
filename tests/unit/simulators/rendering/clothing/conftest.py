"""An asset folder as the project makes it, and a bundle made of the renderer's own body."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("cv2", reason="asset folders need the extra render")

from simulators.rendering import bodies
from simulators.rendering.bodies import BONES, LAYERS, UNIT_M
from simulators.rendering.clothing.bundle import VERTICES
from simulators.rendering.clothing.folder import load_assets
from simulators.rendering.clothing.pieces import AssetSet
from simulators.rendering.clothing.sample import make_sample

_FILE = Path(bodies.__file__).parent / "assets" / "bodies.npz"
Arrays = dict[str, NDArray[Any]]


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the example of an asset folder; not to be changed."""
    path = tmp_path_factory.mktemp("assets") / "sample"
    make_sample(path)
    return path


@pytest.fixture(scope="session")
def sample(folder: Path) -> AssetSet:
    """Return what the example holds."""
    return load_assets(folder)


@pytest.fixture(scope="session")
def bundle() -> Arrays:
    """Return a bundle whose first vertices are those of the renderer's own body, in every shape."""
    own = np.load(_FILE, allow_pickle=False)
    count = len(own["base"])

    def padded(values: NDArray[Any]) -> NDArray[np.float32]:
        # int16 steps of UNIT_M metres become decimetres; what is beyond the own body stays at its first vertex.
        dm = values.astype(np.float32) * UNIT_M * 10
        return np.concatenate([dm, np.repeat(dm[:1], VERTICES - count, axis=0)])

    weights = own["weights"].astype(np.float32)
    triangles, layers = own["triangles"].astype(np.int64), own["triangle_layers"]
    solid = triangles[layers <= LAYERS.index("clothes")]
    worn = triangles[layers == LAYERS.index("clothes")]
    points = np.unique(worn)
    heads = np.unique(triangles[layers == LAYERS.index("hair")])
    rng = np.random.default_rng(1)
    places = own["base"].astype(np.float64)[:, :2]
    flat = (places - places.min(axis=0)) / np.ptp(places, axis=0)
    arrays: Arrays = {
        "base": padded(own["base"]),
        "bones": np.array(BONES),
        "W": np.concatenate([weights, np.repeat(weights[:1], VERTICES - count, axis=0)]),
        "body_v": np.arange(count),
        "body_uv": flat,
        "body_t": solid,
        "items": np.array(["female_suit", "male_suit", "shoes", "short01"]),
        "skins": np.array(["young_female", "old_male"]),
        **{f"t_{name[7:]}": padded(own[name]) for name in own.files if name.startswith("target/")},
        **{f"s_{name}": np.full((8, 8, 4), 180, np.uint8) for name in ("young_female", "old_male")},
    }
    for name, used in (("female_suit", points), ("male_suit", points), ("shoes", points), ("short01", heads)):
        faces = np.searchsorted(used, worn if used is points else triangles[layers == LAYERS.index("hair")])
        arrays |= {
            f"i_{name}_{key}": value
            for key, value in {
                "idx": np.repeat(used[:, None], 3, axis=1),
                "w": np.tile([1.0, 0.0, 0.0], (len(used), 1)),
                "off": np.zeros((len(used), 3)),
                "sc": np.zeros((3, 3)),
                "del": used if used is points else np.zeros(0, np.int64),
                "v": np.arange(len(used)),
                "uv": flat[used],
                "t": faces,
                "tex": np.dstack([rng.integers(0, 255, (16, 16, 3)), np.full((16, 16), 255)]).astype(np.uint8),
            }.items()
        }
    return arrays


@pytest.fixture(scope="session")
def dressed(bundle: Arrays, tmp_path_factory: pytest.TempPathFactory) -> AssetSet:
    """Return what the bundle holds."""
    path = tmp_path_factory.mktemp("bundle") / "own.npz"
    np.savez(path, allow_pickle=False, **bundle, licence=np.array("CC0-1.0"))
    return load_assets(path)
