"""A drawing goes into a configuration file, and nothing else in the file changes."""

import difflib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

pytest.importorskip("tomlkit", reason="calibration needs the extra edge")

from edge.calibration.drawing import Drawing, DrawnMask, DrawnTripwire, DrawnZone, drawing_of, with_drawing
from edge.calibration.settings_file import checked, edited, read_settings, save, save_tuning
from edge.camera_config import parse_camera_config
from edge.camera_settings import CameraConfig, Point
from edge.errors import ConfigurationError

TEXT = """\
# The camera over the door. Ask Ada before you move it.
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data" # on the SSD

[camera]
source = "file:door.mp4"
picture_size = [640, 480]

# Everybody goes through here.
[[tripwire]]
id = "door"
points = [
    [100.0, 200.0], # the left post
    [300.0, 200.0],
]
band = 12.0 # people stand in the door

# Cheese.
[[zone]]
id = "cheese"
kind = "shelf"
points = [[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]]
min_stay_s = 3.0

# Wine.
[[zone]]
id = "wine"
kind = "shelf"
points = [[200.0, 0.0], [300.0, 0.0], [300.0, 100.0]]

# The neighbour's window.
[[mask]]
points = [[600, 0], [640, 0], [640, 100]]

# Measured with tape, 3 March.
[floor]
image_px = [[0.0, 10.0], [640.0, 10.0], [640.0, 480.0], [0.0, 480.0]]
floor_m = [[0.0, 0.0], [6.4, 0.0], [6.4, 4.8], [0.0, 4.8]]
error_m = 0.3

[broker]
host = "broker.north" # the gateway
"""
PATH = Path("camera.toml")
RAW = TEXT.encode()
LINE = ((20.0, 90.0), (320.0, 80.0), (620.0, 90.0))
SQUARE = ((10.0, 10.0), (50.0, 10.0), (50.0, 50.0))


def config(raw: bytes = RAW) -> CameraConfig:
    return parse_camera_config(raw, PATH)


def changes(drawing: Drawing) -> tuple[list[str], list[str]]:
    """Return the lines that a drawing takes out of the file and those that it puts in."""
    now = edited(RAW, drawing, PATH).decode()
    assert parse_camera_config(now.encode(), PATH) == with_drawing(config(), drawing)
    lines = [line for line in difflib.ndiff(TEXT.splitlines(), now.splitlines()) if line[2:].strip()]
    return [line[2:] for line in lines if line[0] == "-"], [line[2:] for line in lines if line[0] == "+"]


def test_a_drawing_that_changes_nothing_leaves_every_byte() -> None:
    assert edited(RAW, drawing_of(config()), PATH) == RAW


def test_a_moved_line_keeps_its_other_keys_and_all_comments_but_those_within_its_points() -> None:
    drawing = drawing_of(config())
    moved = replace(drawing.tripwires[0], points=((110.0, 200.0), (300.0, 220.5)))
    gone, come = changes(replace(drawing, tripwires=(moved,)))
    assert gone == ["points = [", "    [100.0, 200.0], # the left post", "    [300.0, 200.0],", "]"]
    assert come == ["points = [[110.0, 200.0], [300.0, 220.5]]"]


def test_a_renamed_zone_is_the_same_table() -> None:
    drawing = drawing_of(config())
    renamed = (replace(drawing.zones[0], id="fromage", kind="checkout"), drawing.zones[1])
    assert changes(replace(drawing, zones=renamed)) == (
        ['id = "cheese"', 'kind = "shelf"'],
        ['id = "fromage"', 'kind = "checkout"'],
    )


def test_new_tables_come_before_the_comments_of_what_follows() -> None:
    drawing = drawing_of(config())
    more = replace(
        drawing,
        tripwires=(*drawing.tripwires, DrawnTripwire(id="side", kind="passby", points=((5.0, 50.0), (5.0, 90.0)))),
        zones=(*drawing.zones, DrawnZone(id="till", kind="checkout", points=SQUARE)),
        masks=(*drawing.masks, DrawnMask(points=SQUARE)),
        lines=(LINE,),
    )
    assert changes(more)[0] == []
    text = edited(RAW, more, PATH).decode()
    order = [
        'id = "side"',
        "# Cheese.",
        'id = "wine"',
        'id = "till"',
        "# The neighbour's window.",
        "[640, 100]]",
        "points = [[10.0, 10.0], [50.0, 10.0], [50.0, 50.0]]\n\n# Measured",
        "[broker]",
        "[lens]",
    ]
    places = [text.index(part) for part in order]
    assert places == sorted(places)
    assert "\n\n[[tripwire]]" in text
    assert "\n\n[lens]" in text


def test_removed_tables_leave_the_comments_of_what_follows() -> None:
    drawing = drawing_of(config())
    gone, come = changes(replace(drawing, zones=drawing.zones[1:], masks=(), image_px=(), floor_m=()))
    assert come == []
    assert [line for line in gone if line.startswith("#")] == []
    assert "[[mask]]" in gone
    assert "[floor]" in gone
    assert 'id = "cheese"' in gone
    assert 'id = "wine"' not in gone


def test_other_floor_points_have_another_error() -> None:
    drawing = drawing_of(config())
    moved = replace(drawing, floor_m=(*drawing.floor_m[:3], (0.0, 4.9)))
    gone, come = changes(moved)
    assert come == ["floor_m = [[0.0, 0.0], [6.4, 0.0], [6.4, 4.8], [0.0, 4.9]]"]
    assert gone[1:] == ["error_m = 0.3"]


def test_lines_take_the_place_of_a_number_and_their_end_is_the_lens_end() -> None:
    raw = RAW + b"\n[lens]\nk1 = -0.1\nk2 = 0.01\nfocal_px = 500.0\n"
    drawing = drawing_of(config(raw))
    assert edited(raw, drawing, PATH) == raw
    lines = replace(drawing, lines=(LINE,))
    drawn = parse_camera_config(now := edited(raw, lines, PATH), PATH)
    assert drawn.lens is not None
    assert (drawn.lens.k1, drawn.lens.k2, drawn.lens.focal_px, len(drawn.lens.lines)) == (None, 0.0, 500.0, 1)
    assert edited(now, drawing, PATH) == RAW + b"\n"


def test_an_empty_drawing_of_a_bare_file_changes_nothing_and_a_full_one_is_read_back() -> None:
    bare = TEXT[: TEXT.index("# Everybody")].encode()
    assert edited(bare, drawing_of(config(bare)), PATH) == bare
    drawing = drawing_of(config())
    new = replace(
        drawing,
        tripwires=tuple(replace(each, was=None) for each in drawing.tripwires),
        zones=tuple(replace(each, was=None) for each in drawing.zones),
        masks=tuple(replace(each, was=None) for each in drawing.masks),
    )
    found = parse_camera_config(edited(bare, new, PATH), PATH)
    assert drawing_of(found) == drawing


def test_inline_tables_can_be_drawn_in_too() -> None:
    raw = TEXT[: TEXT.index("# Everybody")].encode()
    raw = raw.replace(b"[device]", b"mask = [{ points = [[600, 0], [640, 0], [640, 100]] }]\n[device]", 1)
    drawing = drawing_of(config(raw))
    more = replace(drawing, masks=(*drawing.masks, DrawnMask(points=SQUARE)))
    assert len(parse_camera_config(edited(raw, more, PATH), PATH).masks) == 2
    assert parse_camera_config(edited(raw, replace(drawing, masks=()), PATH), PATH).masks == ()


coordinates = st.integers(0, 4000).map(lambda value: value / 10)
points = st.tuples(coordinates, coordinates)


@given(
    st.lists(st.sampled_from(["door", None, None]), unique_by=lambda was: was or object(), max_size=3),
    st.lists(st.sampled_from(["cheese", "wine", None]), unique_by=lambda was: was or object(), max_size=4),
    st.lists(st.sampled_from([0, None]), unique_by=lambda was: object() if was is None else was, max_size=3),
    st.lists(points, min_size=4, max_size=5).map(tuple),
    st.booleans(),
)
@settings(max_examples=25)
def test_whatever_is_drawn_is_read_back(
    lines: list[str | None], zones: list[str | None], masks: list[int | None], shape: tuple[Point, ...], has_floor: bool
) -> None:
    drawing = Drawing(
        picture_size=(640, 480),
        tripwires=tuple(DrawnTripwire(id=f"line-{n}", points=shape, was=was) for n, was in enumerate(lines)),
        zones=tuple(DrawnZone(id=f"zone-{n}", kind="shelf", points=shape, was=was) for n, was in enumerate(zones)),
        masks=tuple(DrawnMask(points=shape, was=was) for was in masks),
        image_px=shape if has_floor else (),
        floor_m=shape if has_floor else (),
    )
    draft = parse_camera_config(RAW, PATH, is_draft=True)
    found = parse_camera_config(edited(RAW, drawing, PATH), PATH, is_draft=True)
    assert found == with_drawing(draft, drawing)


def test_a_saved_file_has_its_forerunner_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_bytes(RAW)
    path.chmod(0o640)
    drawing = replace(drawing_of(config()), masks=())
    now, backup = save(path, RAW, drawing)
    assert path.read_bytes() == now == edited(RAW, drawing, path)
    assert backup.read_bytes() == RAW
    assert backup.name == "camera.toml.bak"
    assert path.stat().st_mode & 0o777 == 0o640
    assert sorted(each.name for each in tmp_path.iterdir()) == ["camera.toml", "camera.toml.bak"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"zones": (DrawnZone(id="top shelf", kind="shelf", points=SQUARE),)}, "zone"),
        ({"zones": (DrawnZone(id="a", kind="shelf", points=((0, 0), (9, 9), (9, 0), (0, 9))),)}, "crosses"),
        ({"tripwires": (DrawnTripwire(id="a", points=((0.0, 1.0), (300.0, 1.0))),)}, "can never fire"),
        ({"masks": (DrawnMask(points=((900.0, 0.0), (950.0, 0.0), (950.0, 90.0))),)}, "outside of the picture"),
        ({"image_px": ((0.0, 0.0), (1.0, 1.0), (2.0, 2.0), (3.0, 3.0))}, "lie on a line"),
    ],
)
def test_what_cannot_be_used_is_not_written(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = tmp_path / "camera.toml"
    path.write_bytes(RAW)
    with pytest.raises(ConfigurationError, match=said):
        save(path, RAW, replace(drawing_of(config()), **change))
    assert path.read_bytes() == RAW
    assert [each.name for each in tmp_path.iterdir()] == ["camera.toml"]


def test_somebody_elses_change_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_bytes(RAW + b"# Bob was here.\n")
    with pytest.raises(ConfigurationError, match="changed by somebody else"):
        save(path, RAW, drawing_of(config()))
    assert path.read_bytes() == RAW + b"# Bob was here.\n"


def test_a_disk_that_cannot_be_written_leaves_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "camera.toml"
    path.write_bytes(RAW)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigurationError, match="No space left on device; the configuration is as it was"):
        save(path, RAW, replace(drawing_of(config()), masks=()))
    assert path.read_bytes() == RAW
    assert sorted(each.name for each in tmp_path.iterdir()) == ["camera.toml", "camera.toml.bak"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    path, link = tmp_path / "real" / "camera.toml", tmp_path / "camera.toml"
    path.write_bytes(RAW)
    link.symlink_to(path)
    save(link, RAW, replace(drawing_of(config()), masks=()))
    assert link.is_symlink()
    assert b"[[mask]]" not in path.read_bytes()


@pytest.mark.parametrize("raw", [b"[camera", b"\xff"])
def test_what_is_no_toml_is_named(raw: bytes) -> None:
    with pytest.raises(ConfigurationError, match=r"camera\.toml: "):
        edited(raw, Drawing(), PATH)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the configuration"):
        read_settings(tmp_path / "none.toml")


def test_a_drawing_without_a_size_is_checked_as_far_as_can_be() -> None:
    raw = RAW.replace(b"picture_size = [640, 480]\n", b"")
    assert checked(raw, PATH).camera.picture_size is None


def test_what_the_model_sees_is_written_alone(tmp_path: Path) -> None:
    path = tmp_path / "camera.toml"
    path.write_bytes(RAW)
    backup = save_tuning(path, (416, 320), (2, 1))
    text = path.read_text(encoding="utf-8")
    assert backup.read_bytes() == RAW
    assert [line for line in text.splitlines() if line not in TEXT.splitlines()] == [
        "input_size = [416, 320]",
        "tiles = [2, 1]",
    ]
    save_tuning(path, (416, 320), (1, 1))
    camera = parse_camera_config(path.read_bytes(), path).camera
    assert (camera.input_size, camera.tiles) == ((416, 320), (1, 1))
