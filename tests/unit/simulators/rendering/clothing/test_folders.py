"""Asset folders and bundles: what is read, and what is refused with which words; and the commands around them."""

import shutil
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from shopthread.simulate_commands import app
from simulators.rendering.clothing.files import MOST_ARRAY_BYTES, inside, read_arrays, read_picture
from simulators.rendering.clothing.folder import load_assets
from simulators.rendering.clothing.manifest import parse_manifest
from simulators.rendering.clothing.pieces import AssetError, AssetSet
from simulators.rendering.clothing.sample import make_sample
from tests.unit.simulators.rendering.clothing.conftest import Arrays

MAKEHUMAN = Path(__file__).resolve().parents[5].parent / "shared" / "data" / "people" / "mh.npz"
WIDE = {"COLUMNS": "250", "NO_COLOR": "1", "TERM": "dumb"}
HEAD = 'name = "mine"\nlicence = "CC0-1.0"\n'
FABRIC = '[[fabric]]\nid = "wool"\npicture = "wool.png"\nrepeat_m = 0.2\n'
GARMENT = '[[garment]]\nid = "cap"\nmesh = "cap.npz"\ncovers = ["head"]\n'
SKIN = '[[skin]]\nid = "pale"\npicture = "wool.png"\ntopology = "makehuman-hm08"\n'


def write(folder: Path, manifest: str) -> Path:
    (folder / "assets.toml").write_text(manifest)
    cv2.imwrite(str(folder / "wool.png"), np.full((8, 8, 3), (40, 80, 200), np.uint8))
    return folder


def mesh(**changed: object) -> dict[str, object]:
    arrays: dict[str, object] = {
        "anchors": np.array([[0, 1, 2]] * 4),
        "shares": np.full((4, 3), 1 / 3),
        "offsets_m": np.eye(4, 3) * 0.2,
        "triangles": np.array([[0, 1, 2], [0, 2, 3]]),
        "colours": np.full((4, 3), 200.0),
    }
    return {name: array for name, array in (arrays | changed).items() if array is not None}


def test_the_example_is_the_same_for_the_same_seed(sample: AssetSet, folder: Path, tmp_path: Path) -> None:
    assert (sample.name, sample.licences, sample.body) == ("sample", ("CC0-1.0",), None)
    assert len(sample.fabrics) >= 30
    assert len(sample.prints) >= 10
    assert {garment.covers for garment in sample.garments} == {("head",), ("neck",)}
    make_sample(tmp_path / "again")
    make_sample(tmp_path / "other", seed=2)
    for name in ("assets.toml", "fabrics/tartan-1.png", "prints/badge-2.png", "garments/hat.png"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes()
    assert (tmp_path / "other" / "fabrics/tartan-1.png").read_bytes() != (folder / "fabrics/tartan-1.png").read_bytes()
    with pytest.raises(AssetError, match=r"assets\.toml is there already"):
        make_sample(tmp_path / "again")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        ("name = ", r"assets\.toml is no TOML"),
        ('name = "mine"\n', r"assets\.toml names no licence"),
        ('name = "mine"\nlicence = " "\n', "names no licence"),
        (HEAD, "lists nothing"),
        (HEAD + 'colour = "red"\n', "colour"),
        (HEAD + FABRIC + 'covers = ["elbow"]\n', r"elbow.*covers"),
        (HEAD + FABRIC + 'role = ["clown"]\n', "clown"),
        (HEAD + FABRIC.replace("0.2", "20"), r"repeat_m.*got 20"),
        (HEAD + FABRIC + "weight = 0\n", "weight.*got 0"),
        (HEAD + FABRIC + FABRIC, "'wool' twice"),
        (HEAD + FABRIC.replace("wool.png", "silk.png"), r"no file 'silk\.png'"),
        (HEAD + FABRIC.replace("wool.png", "../wool.png"), r"'\.\./wool\.png' leads out of the folder"),
        (HEAD + FABRIC.replace("wool.png", "/etc/hostname"), "leads out of the folder"),
        (HEAD + FABRIC.replace("wool.png", "assets.toml"), r"PNG or JPEG, not '\.toml'"),
        (HEAD + GARMENT + 'topology = "smpl"\n', r"smpl.*topology"),
        (HEAD + GARMENT + 'topology = "makehuman-hm08"\n', r"name a \[\[bundle\]\]"),
        (HEAD + SKIN, r"'pale' is made for makehuman-hm08"),
    ],
)
def test_a_wrong_manifest_is_refused_by_name_and_value(tmp_path: Path, manifest: str, words: str) -> None:
    with pytest.raises(AssetError, match=words):
        load_assets(write(tmp_path, manifest))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"anchors": None}, "no array 'anchors'; it has colours"),
        (
            {"anchors": np.array([[0, 1, 9999]] * 4)},
            "'anchors' names 9999; vertices of topology shopthread-1 are 0 to 2742",
        ),
        ({"anchors": np.array([[0, -1, 9]] * 4)}, "'anchors' names -1"),
        ({"anchors": np.zeros((4, 2), int)}, r"'anchors' has shape \(4, 2\), not \(any, 3\)"),
        ({"anchors": np.zeros((4, 3))}, "'anchors' holds float64, not whole numbers"),
        ({"anchors": np.zeros((2, 3), int)}, "of 2 points"),
        ({"shares": np.full((4, 3), 0.5)}, r"'shares' of point 0 sum to 1\.500, not to 1"),
        ({"shares": np.full((5, 3), 1 / 3)}, "'shares' has 5 rows, but 'anchors' has 4"),
        ({"offsets_m": np.full((4, 3), np.nan)}, "'offsets_m' holds something that is no finite number"),
        ({"offsets_m": np.full((4, 3), 30.0)}, "'offsets_m' has 30; at most 2"),
        ({"triangles": np.array([[0, 1, 4]])}, "'triangles' names 4; points of the mesh are 0 to 3"),
        ({"colours": None}, "no array 'colours'"),
        ({"hides": np.array([1])}, "'hides' is for garments of makehuman-hm08"),
    ],
)
def test_a_wrong_mesh_is_refused_by_file_and_value(tmp_path: Path, changed: dict[str, object], words: str) -> None:
    np.savez(tmp_path / "cap.npz", **mesh(**changed))  # type: ignore[arg-type]
    with pytest.raises(AssetError, match=words) as caught:
        load_assets(write(tmp_path, HEAD + GARMENT))
    assert "cap.npz" in str(caught.value)


def test_a_mesh_with_colours_has_a_cell_for_each_triangle(tmp_path: Path) -> None:
    colours = np.array([[255.0, 0, 0]] * 3 + [[0, 0, 255.0]])
    np.savez(tmp_path / "cap.npz", **mesh(colours=colours))  # type: ignore[arg-type]
    garment = load_assets(write(tmp_path, HEAD + GARMENT)).garments[0]
    assert garment.picture[0, 0].tolist() == [1, 0, 0]
    assert garment.picture[0, 1, 2] > garment.picture[0, 0, 2]
    assert len(garment.surface.triangles) == 2
    assert garment.upper.all()


def test_damaged_and_oversized_files_are_refused(tmp_path: Path) -> None:
    def png_of(width: int) -> bytes:
        head = struct.pack(">IIBBBBB", width, 1, 8, 2, 0, 0, 0)
        return (
            b"\x89PNG\r\n\x1a\n"
            + struct.pack(">I", 13)
            + b"IHDR"
            + head
            + struct.pack(">I", zlib.crc32(b"IHDR" + head))
        )

    for name, content, words in (
        ("torn.png", png_of(8), "is no picture, or is damaged"),
        ("empty.jpg", b"", "is no picture, or is damaged"),
        ("huge.png", png_of(90_000), "is 90000 x 1 pixels; a side may have 4096"),
        ("heavy.png", b"\0" * (16 * 2**20 + 1), "16777217 bytes; a picture may have 16777216"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(AssetError, match=words):
            read_picture(tmp_path / name)
    (tmp_path / "torn.npz").write_bytes(b"PK\x03\x04 torn")
    with pytest.raises(AssetError, match="is no npz file, or is damaged"):
        read_arrays(tmp_path / "torn.npz")
    np.savez(tmp_path / "pickled.npz", thing=np.array([{}], dtype=object))
    with pytest.raises(AssetError, match="no npz file of plain arrays"):
        read_arrays(tmp_path / "pickled.npz")
    np.savez_compressed(tmp_path / "bomb.npz", zeros=np.zeros(MOST_ARRAY_BYTES + 1, np.uint8))
    with pytest.raises(AssetError, match="when unpacked"):
        read_arrays(tmp_path / "bomb.npz")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "link.png").symlink_to(tmp_path / "torn.png")
    with pytest.raises(AssetError, match="leads out of the folder"):
        inside(tmp_path / "in", "link.png")


def test_pictures_of_every_kind_become_colours_with_opacity(tmp_path: Path) -> None:
    pictures: dict[str, np.ndarray] = {
        "grey.png": np.full((4, 6), 90, np.uint8),
        "deep.png": np.full((4, 6, 3), 90 * 257, np.uint16),
        "large.jpg": np.full((600, 300, 3), 90, np.uint8),
        "clear.png": np.full((4, 6, 4), 90, np.uint8),
    }
    for name, picture in pictures.items():
        cv2.imwrite(str(tmp_path / name), picture)
        found = read_picture(tmp_path / name)
        assert found.shape[2] == 4
        assert max(found.shape) <= 256
        assert np.abs(found[..., 2].astype(int) - 90).max() <= 1
        assert found[0, 0, 3] == (90 if name == "clear.png" else 255)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("base", None, "'base' is missing"),
        ("base", np.zeros((9, 3)), r"'base' has shape \(9, 3\), not \(19158, 3\)"),
        ("bones", np.array(["tail"]), "'bones' names 'tail'"),
        ("i_male_suit_idx", np.full((5, 3), 19158), "values from 19158 to 19158, not from 0 to 19157"),
        ("s_old_male", None, "'s_old_male' is missing"),
        ("licence", None, "names no licence; give it with --assets-licence"),
    ],
)
def test_a_wrong_bundle_is_refused(tmp_path: Path, bundle: Arrays, key: str, value: object, words: str) -> None:
    arrays = {"licence": np.array("CC0-1.0"), **bundle, key: value}
    np.savez(tmp_path / "b.npz", **{name: each for name, each in arrays.items() if each is not None})  # type: ignore[arg-type]
    with pytest.raises(AssetError, match=words):
        load_assets(tmp_path / "b.npz")


def test_a_folder_may_hold_a_bundle_beside_its_own_pieces(tmp_path: Path, bundle: Arrays) -> None:
    np.savez(tmp_path / "b.npz", allow_pickle=False, **bundle)
    more = '[[bundle]]\nfile = "b.npz"\nlicence = "CC-BY-4.0"\n' + SKIN
    assets = load_assets(write(tmp_path, HEAD + FABRIC + more))
    assert assets.body is not None
    assert assets.licences == ("CC-BY-4.0", "CC0-1.0")
    assert [skin.piece.id for skin in assets.skins] == ["pale", "young_female", "old_male"]
    with pytest.raises(AssetError, match="2 bundles; one at most"):
        load_assets(write(tmp_path, HEAD + 2 * '[[bundle]]\nfile = "b.npz"\n'))


@pytest.mark.skipif(not MAKEHUMAN.exists(), reason="no MakeHuman bundle in ../shared/data/people")
def test_makehumans_clothes_fit(tmp_path: Path) -> None:
    assets = load_assets(MAKEHUMAN, "CC0-1.0")
    assert (len(assets.garments), len(assets.skins)) == (25, 11)
    suits = [garment for garment in assets.garments if "top" in garment.covers]
    assert len(suits) == 12
    assert all(0.2 < garment.upper.mean() < 0.9 for garment in suits)
    assert all(200 < len(garment.surface.triangles) < 6000 for garment in assets.garments)
    arguments = [
        "assets",
        "check",
        str(MAKEHUMAN),
        "--assets-licence",
        "CC0-1.0",
        "--people",
        "1",
        "--out",
        str(tmp_path / "p.png"),
    ]
    result = CliRunner().invoke(app, arguments, env=WIDE)
    assert result.exit_code == 0, result.output
    assert "with a body of its own" in result.output


def test_the_commands_make_check_and_render(tmp_path: Path) -> None:
    runner, folder = CliRunner(), tmp_path / "mine"
    result = runner.invoke(app, ["assets", "init", str(folder)], env=WIDE)
    assert result.exit_code == 0, result.output
    result = runner.invoke(
        app, ["assets", "check", str(folder), "--people", "2", "--out", str(tmp_path / "p.png")], env=WIDE
    )
    assert result.exit_code == 0, result.output
    assert "36 fabrics, 12 prints, 4 skins, 2 garments; licences: CC0-1.0" in result.output
    assert np.asarray(cv2.imread(str(tmp_path / "p.png"))).shape == (260, 12 * 120, 3)
    place = Path(__file__).parents[5] / "simulators" / "footage" / "entrance.toml"
    small = tmp_path / "small.toml"
    small.write_text(place.read_text().replace("range_m = 12.0", "range_m = 12.0\nframe_px = [160, 128]"))
    boxes = []
    for name, extra in (("a", ()), ("b", ("--assets", str(folder))), ("c", ("--assets", str(folder)))):
        arguments = ["render", str(small), "--seconds", "0.4", "--lead", "40", "--out", str(tmp_path / name), *extra]
        result = runner.invoke(app, arguments, env=WIDE)
        assert result.exit_code == 0, result.output
        boxes.append([(tmp_path / name / "cam-1" / file).read_bytes() for file in ("sightings.jsonl", "video.mp4")])
    assert boxes[1] == boxes[2] != boxes[0]


def test_variety_is_measured_with_and_without(folder: Path) -> None:
    pytest.importorskip("onnxruntime", reason="signatures need the extra models")
    result = CliRunner().invoke(app, ["assets", "variety", str(folder), "--people", "2"], env=WIDE)
    assert result.exit_code == 0, result.output
    assert "none" in result.output
    assert result.output.count(" 2 ") >= 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("assets", "check", "nowhere"), "nowhere: there is no such folder or npz file"),
        (("render", "corner_shop", "--out", "x", "--assets", "nowhere"), "nowhere: there is no such folder"),
        (("assets", "variety", "nowhere"), "nowhere"),
    ],
)
def test_what_is_no_asset_folder_is_one_clear_line(arguments: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(app, list(arguments), env=WIDE)
    assert result.exit_code == 1
    assert words in result.output


def test_an_init_over_a_folder_of_assets_is_refused(tmp_path: Path, folder: Path) -> None:
    shutil.copy(folder / "assets.toml", tmp_path / "assets.toml")
    result = CliRunner().invoke(app, ["assets", "init", str(tmp_path)], env=WIDE)
    assert result.exit_code == 1
    assert "is there already" in result.output


def test_the_manifest_in_the_documentation_is_one_and_names_every_key_and_option() -> None:
    page = (Path(__file__).parents[5] / "docs" / "rendering.md").read_text(encoding="utf-8")
    text = page.split("```toml\n")[1].split("```")[0]
    manifest = parse_manifest(text, "rendering.md")
    kinds = (manifest.fabric, manifest.print, manifest.skin, manifest.garment, manifest.bundle, (manifest.chances,))
    for each in (kind[0] for kind in kinds):
        assert all(field in page for field in each.__struct_fields__)
    group = typer.main.get_group(app)
    for command in ("init", "check", "variety"):
        assert f"assets {command}" in page
    options = [option for parameter in group.commands["render"].params for option in parameter.opts]
    assert all(f"`{option}" in page for option in options if option.startswith("--"))
