"""Camera configurations: what they mean, and how a mistake is named."""

from pathlib import Path

import msgspec
import pytest

from edge.camera_config import load_camera_config, parse_source
from edge.camera_floor import camera_lens
from edge.camera_rules import check_placement, pipeline_rules, tracker_rules
from edge.camera_warnings import placement_warnings
from edge.core.floor import FLOOR_ITSELF, floor_point
from edge.core.lens import Lens, bend
from edge.core.queues import Queue
from edge.errors import ConfigurationError

GOOD = """
[device]
tenant = "acme"
store = "north"
id = "camera-1"
data_dir = "data"

[camera]
source = "file:door.mp4"
start = 2026-03-02T09:00:00Z

[[tripwire]]
id = "door"
points = [[100.0, 200.0], [300.0, 200.0]]

[[zone]]
id = "shelf"
kind = "shelf"
points = [[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]]

[floor]
image_px = [[0.0, 0.0], [640.0, 0.0], [640.0, 480.0], [0.0, 480.0]]
floor_m = [[0.0, 0.0], [6.4, 0.0], [6.4, 4.8], [0.0, 4.8]]
error_m = 0.3
"""
PLAZA = Path(__file__).parents[3] / "shopthread" / "demo" / "plaza.toml"


def written(tmp_path: Path, text: str = GOOD) -> Path:
    path = tmp_path / "camera.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_configuration_becomes_rules(tmp_path: Path) -> None:
    config = load_camera_config(written(tmp_path))
    rules = pipeline_rules(config)
    assert str(rules.source) == "/acme/north/camera-1"
    (wire,) = rules.tripwires
    assert (wire.kind, wire.band, wire.settle_s) == ("entrance", 8.0, 1.0)
    assert rules.zones[0].band == 8.0
    assert rules.floor is not None
    assert floor_point(rules.floor, (320.0, 240.0)) == pytest.approx((3.2, 2.4))
    assert rules.segments.path_error_m == 0.3
    assert tracker_rules(config).lost_after_s == config.camera.lost_after_s == rules.segments.lost_after_s


def test_paths_are_taken_from_the_files_folder(tmp_path: Path) -> None:
    config = load_camera_config(written(tmp_path))
    assert config.camera.source == f"file:{tmp_path / 'door.mp4'}"
    assert config.device.data_dir == tmp_path / "data"


def test_a_feed_of_tracks_is_drawn_on_the_floor(tmp_path: Path) -> None:
    text = GOOD.replace('"file:door.mp4"', '"tracks:/data/feed.jsonl"\nplane = "floor"')
    config = load_camera_config(written(tmp_path, text))
    assert config.camera.source == "tracks:/data/feed.jsonl"
    rules = pipeline_rules(config)
    assert rules.floor == FLOOR_ITSELF
    assert rules.tripwires[0].band == 0.15


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('source = "file:door.mp4"', 'source = "door.mp4"', r"camera\.source must be file:PATH.*'door\.mp4'"),
        ('source = "file:door.mp4"', 'source = "usb:first"', "usb:INDEX"),
        ('source = "file:door.mp4"', 'source = "rtsp:///stream"', "rtsp:///stream"),
        ('source = "file:door.mp4"', 'source = "tracks:x"', r'camera\.plane must be "floor"'),
        ('source = "file:door.mp4"', 'sauce = "file:door.mp4"', "sauce"),
        ("start = 2026-03-02T09:00:00Z", "start = 2026-03-02T09:00:00", "start"),
        ("start = 2026-03-02T09:00:00Z", "input_size = [0, 256]", "input_size"),
        ("start = 2026-03-02T09:00:00Z", "coverage_s = 0.0", "coverage_s"),
        ("points = [[100.0, 200.0], [300.0, 200.0]]", "points = [[1.0, 2.0], [1.0, 2.0]]", "two different points"),
        ("points = [[100.0, 200.0], [300.0, 200.0]]", "points = [[1.0, 2.0]]", "tripwire"),
        (
            "points = [[100.0, 200.0], [300.0, 200.0]]",
            "points = [[0.0, 0.0], [10.0, 0.0], [5.0, 5.0], [5.0, -5.0]]",
            r"tripwire 'door': the piece from .* \(points 1 and 2\) meets .* \(points 3 and 4\)",
        ),
        ('id = "door"', 'id = "door"\nrule = "crossing-9"', "crossing-9"),
        ('kind = "shelf"', 'kind = "cellar"', "cellar"),
        ("[100.0, 100.0]]", "[200.0, 0.0]]", "zone 'shelf': points must enclose an area"),
        ("[100.0, 100.0]]", "[100.0, 100.0], [10.0, -50.0]]", "zone 'shelf': side 1 .* crosses side 3"),
        (
            'kind = "shelf"',
            'kind = "shelf"\njoin_after_s = 3.0',
            "zone 'shelf': join_after_s is for .* \"queue\"",
        ),
        ('kind = "shelf"', 'kind = "queue"\nserves = ["till"]', "serves must name .* got 'till'; there are none"),
        ("start = 2026-03-02T09:00:00Z", "heat_cell_m = 0.0", "heat_cell_m"),
        (
            '[[zone]]\nid = "shelf"',
            '[[tripwire]]\nid = "door"\npoints = [[0,0],[1,1]]\n[[zone]]\nid = "shelf"',
            "unique",
        ),
        ('id = "shelf"', 'id = "top shelf"', "zone"),
        ("[640.0, 480.0], [0.0, 480.0]]", "[320.0, 0.0], [0.0, 480.0]]", "floor: .*no three"),
        (", [0.0, 4.8]]", "]", "floor_m"),
        (
            "[floor]",
            "[[mask]]\npoints = [[0,0],[9,9],[9,0],[0,9]]\n[floor]",
            "mask 1: side 1 .*crosses side 3",
        ),
        ("[floor]", "[[mask]]\npoints = [[0,0],[3,0],[3,3]]\n[floor]", "mask 1: .*at least 16 square pixels, got 4.5"),
        ("[floor]", "[[mask]]\npoints = [[0,0],[3,0]]\n[floor]", "mask"),
        ("[floor]", "[lens]\nk1 = -0.1\n[floor]", r"lens: needs camera\.picture_size"),
        ("[floor]", "[lens]\nk3 = -0.1\n[floor]", r"unknown field `k3`.*lens"),
        (", [0.0, 4.8]]", ", [3.0, 0.0]]", "floor: points 1, 2 and 4 lie on a line on the floor"),
        ('store = "north"', 'store = "North Street"', r"device\.store"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in GOOD
    with pytest.raises(ConfigurationError, match=said):
        load_camera_config(written(tmp_path, GOOD.replace(before, after, 1)))


SIZED = GOOD.replace("start =", "picture_size = [640, 480]\nstart =")
MASK = "[[mask]]\npoints = [[{left}, 0.0], [{right}, 0.0], [{right}, 300.0], [{left}, 300.0]]\n"


@pytest.mark.parametrize(
    ("lens", "said"),
    [
        ("k2 = 0.1", "either k1 or lines .* got neither"),
        ("k1 = 0.1\nlines = [[[0,0],[1,1],[2,2]]]", "got both"),
        ("k2 = 0.1\nlines = [[[0,0],[1,1],[2,2]]]", "lines give k1 alone, got k2 = 0.1"),
        ("lines = [[[20,240],[300,240],[620,240]]]", "say nothing of the lens"),
        ("k1 = -0.4", "fold the picture of 640x480"),
    ],
)
def test_a_lens_that_cannot_be_is_named(tmp_path: Path, lens: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=f"lens: .*{said}"):
        load_camera_config(written(tmp_path, f"{SIZED}[lens]\n{lens}\n"))


def test_a_lens_comes_from_a_number_or_from_lines(tmp_path: Path) -> None:
    told = camera_lens(load_camera_config(written(tmp_path, f"{SIZED}[lens]\nk1 = -0.1\nfocal_px = 500.0\n")))
    assert told == Lens(k1=-0.1, centre_px=(320.0, 240.0), unit_px=500.0)
    row = [bend(told, (x, 80.0)) for x in (40.0, 200.0, 440.0, 600.0)]
    lines = f"lines = [{[list(point) for point in row]}]\nfocal_px = 500.0\n"
    drawn = camera_lens(load_camera_config(written(tmp_path, f"{SIZED}[lens]\n{lines}")))
    assert drawn is not None
    assert drawn.k1 == pytest.approx(-0.1, abs=1e-6)
    plain = camera_lens(load_camera_config(written(tmp_path, f"{SIZED}[lens]\nk1 = -0.1\n")))
    assert plain is not None
    assert plain.unit_px == 400.0


def test_the_floor_maps_foot_points_that_the_lens_bent(tmp_path: Path) -> None:
    rules = pipeline_rules(load_camera_config(written(tmp_path, f"{SIZED}[lens]\nk1 = -0.1\n")))
    assert rules.floor is not None
    assert floor_point(rules.floor, (320.0, 240.0)) == pytest.approx((3.2, 2.4))
    bent = floor_point(rules.floor, (200.0, 240.0))
    assert bent is not None
    assert bent[0] > 2.05


def test_the_floors_error_is_worked_out_where_it_is_not_told(tmp_path: Path) -> None:
    config = load_camera_config(written(tmp_path, GOOD.replace("error_m = 0.3", "")))
    assert pipeline_rules(config).segments.path_error_m == 0.04  # 1 cm a pixel: 4 px of the foot, 1 to 2 px of clicks


def test_pictures_of_another_shape_are_refused(tmp_path: Path) -> None:
    config = load_camera_config(written(tmp_path, SIZED))
    check_placement(config, (640, 480))
    check_placement(config, (1280, 960))
    with pytest.raises(ConfigurationError, match=r"picture_size is 640x480, and the camera gives 1280x720"):
        check_placement(config, (1280, 720))


def test_a_mask_outside_of_the_picture_is_refused(tmp_path: Path) -> None:
    config = load_camera_config(written(tmp_path, GOOD + MASK.format(left=700, right=800)))
    check_placement(config, (1280, 960))
    with pytest.raises(ConfigurationError, match=r"mask 1: lies outside of the picture of 640x480"):
        check_placement(config, (640, 480))


def test_tracks_have_nothing_to_mask(tmp_path: Path) -> None:
    text = GOOD.replace('"file:door.mp4"', '"tracks:/data/feed.jsonl"\nplane = "floor"')
    with pytest.raises(ConfigurationError, match=r"mask: .*gives no pictures"):
        load_camera_config(written(tmp_path, text + MASK.format(left=0, right=50)))


@pytest.mark.parametrize("plane", ["image", "floor"])
def test_masks_over_what_is_counted_are_warned_of(tmp_path: Path, plane: str) -> None:
    text = SIZED + MASK.format(left=0, right=200)
    if plane == "floor":
        text = text.replace("start =", 'plane = "floor"\nstart =').replace(
            "[[100.0, 200.0], [300.0, 200.0]]", "[[1, 2], [3, 2]]"
        )
        text = text.replace("[[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]]", "[[0, 0], [1, 0], [1, 1]]", 1)
    found = placement_warnings(load_camera_config(written(tmp_path, text)), (640, 480))
    assert [warning.partition(":")[0] for warning in found] == ["tripwire 'door'", "zone 'shelf'"]
    assert "hide 50% of it" in found[0]
    assert "hide 100% of it" in found[1]


def test_masks_beside_what_is_counted_ask_for_the_pictures_size_alone(tmp_path: Path) -> None:
    masks = MASK.format(left=400, right=500)
    assert placement_warnings(load_camera_config(written(tmp_path, SIZED + masks)), (640, 480)) == []
    (found,) = placement_warnings(load_camera_config(written(tmp_path, GOOD + masks)), (640, 480))
    assert "picture_size = [640, 480]" in found


@pytest.mark.parametrize(
    ("floor", "said"),
    [
        ("[[0.0, 4.8], [6.4, 4.8], [6.4, 0.0], [0.0, 0.0]]", "the floor is mirrored"),
        ("[[0.0, 0.0], [640.0, 0.0], [640.0, 480.0], [0.0, 480.0]]", "expected to be 4.4 m off"),
    ],
)
def test_a_floor_that_is_probably_not_meant_is_warned_of(tmp_path: Path, floor: str, said: str) -> None:
    text = SIZED.replace("[[0.0, 0.0], [6.4, 0.0], [6.4, 4.8], [0.0, 4.8]]", floor)
    (found,) = placement_warnings(load_camera_config(written(tmp_path, text)), (640, 480))
    assert said in found


def test_points_that_miss_each_other_are_warned_of(tmp_path: Path) -> None:
    text = SIZED.replace("[0.0, 480.0]]", "[0.0, 480.0], [320.0, 240.0]]").replace(
        ", [0.0, 4.8]]", ", [0.0, 4.8], [3.9, 2.4]]"
    )
    (found,) = placement_warnings(load_camera_config(written(tmp_path, text)), (640, 480))
    assert "miss each other by" in found
    assert "point 5 most" in found


def test_without_a_floor_nothing_is_said_of_it(tmp_path: Path) -> None:
    plain = load_camera_config(written(tmp_path, GOOD[: GOOD.index("[floor]")]))
    assert placement_warnings(plain, (640, 480)) == []


def test_pictures_on_the_floor_need_a_floor(tmp_path: Path) -> None:
    text = GOOD[: GOOD.index("[floor]")].replace("start =", 'plane = "floor"\nstart =')
    with pytest.raises(ConfigurationError, match=r"needs the table \[floor\]"):
        load_camera_config(written(tmp_path, text))
    plain = load_camera_config(written(tmp_path, GOOD[: GOOD.index("[floor]")]))
    assert pipeline_rules(plain).floor is None


def test_a_line_near_the_edge_is_refused_with_what_to_do(tmp_path: Path) -> None:
    config = load_camera_config(written(tmp_path))
    check_placement(config, (640, 480))
    with pytest.raises(ConfigurationError, match=r"tripwire 'door'.*can never fire.*320x205.*move the line inward"):
        check_placement(config, (320, 205))


def test_a_zone_outside_the_picture_is_refused(tmp_path: Path) -> None:
    config = load_camera_config(written(tmp_path, GOOD.replace("[100.0, 100.0]]", "[-50.0, 10.0]]")))
    zone = msgspec.structs.replace(config.zones[0], points=((700.0, 10.0), (900.0, 10.0), (900.0, 90.0)))
    beside = msgspec.structs.replace(config, zones=(zone,))
    check_placement(config, (640, 480))
    with pytest.raises(ConfigurationError, match=r"zone 'shelf' lies wholly outside the picture of 640x480.*x to the"):
        check_placement(beside, (640, 480))


def test_on_the_floor_there_is_no_edge(tmp_path: Path) -> None:
    text = GOOD.replace('"file:door.mp4"', '"tracks:/data/feed.jsonl"\nplane = "floor"')
    check_placement(load_camera_config(written(tmp_path, text)), (1, 1))


QUEUE = """
[[zone]]
id = "line"
kind = "queue"
points = [[0.0, 0.0], [100.0, 0.0], [100.0, 100.0]]

[[zone]]
id = "till-1"
kind = "checkout"
points = [[100.0, 0.0], [200.0, 0.0], [200.0, 100.0]]

[[zone]]
id = "till-2"
kind = "checkout"
points = [[300.0, 0.0], [400.0, 0.0], [400.0, 100.0]]
"""


def test_a_queue_leads_to_every_till_unless_it_says_where(tmp_path: Path) -> None:
    (queue,) = pipeline_rules(load_camera_config(written(tmp_path, GOOD + QUEUE))).queues
    assert queue == Queue(zone=1, tills=(2, 3), join_after_s=5.0, join_within_m=1.0, served_within_s=15.0)
    said = QUEUE.replace(
        'kind = "queue"',
        'kind = "queue"\nserves = ["till-2"]\njoin_after_s = 3.0\njoin_within_m = 0.7\nserved_within_s = 30.0',
    )
    (queue,) = pipeline_rules(load_camera_config(written(tmp_path, GOOD + said))).queues
    assert queue == Queue(zone=1, tills=(3,), join_after_s=3.0, join_within_m=0.7, served_within_s=30.0)
    nowhere = QUEUE.replace('kind = "queue"', 'kind = "queue"\nserves = []')
    assert pipeline_rules(load_camera_config(written(tmp_path, GOOD + nowhere))).queues[0].tills == ()


def test_heat_is_told_where_the_floor_is_known(tmp_path: Path) -> None:
    assert pipeline_rules(load_camera_config(written(tmp_path))).heat_cell_m == 0.5
    off = GOOD.replace("start =", "heat = false\nstart =")
    assert pipeline_rules(load_camera_config(written(tmp_path, off))).heat_cell_m is None
    flat = load_camera_config(written(tmp_path, GOOD[: GOOD.index("[floor]")]))
    assert pipeline_rules(flat).heat_cell_m is None


@pytest.mark.parametrize(
    ("source", "parsed"),
    [
        ("file:a b.mp4", ("file", "a b.mp4")),
        ("usb:2", ("usb", 2)),
        ("rtsp://u:p@host:554/x", ("network", "rtsp://u:p@host:554/x")),
        ("https://host/live.m3u8", ("network", "https://host/live.m3u8")),
    ],
)
def test_sources_have_four_forms(source: str, parsed: tuple[str, str | int]) -> None:
    assert parse_source(source) == parsed


def test_the_demonstration_is_usable() -> None:
    check_placement(load_camera_config(PLAZA), (768, 576))


def test_a_line_may_bend_and_keep_an_old_rule(tmp_path: Path) -> None:
    text = GOOD.replace("points = [[100.0, 200.0], [300.0, 200.0]]", "points = [[9, 9], [90, 9], [90, 90]]")
    config = load_camera_config(written(tmp_path, text.replace('id = "door"', 'id = "door"\nrule = "crossing-1"')))
    (wire,) = pipeline_rules(config).tripwires
    assert wire.points == ((9.0, 9.0), (90.0, 9.0), (90.0, 90.0))
    assert (wire.rule, wire.band, wire.relay) == ("crossing-1", 8.0, 40.0)


def test_a_camera_that_tracks_by_itself_needs_no_more_evidence(tmp_path: Path) -> None:
    text = GOOD.replace("file:door.mp4", "tracks:door.jsonl").replace("[camera]", '[camera]\nplane = "floor"')
    own = pipeline_rules(load_camera_config(written(tmp_path, text))).tripwires[0]
    asked = pipeline_rules(load_camera_config(written(tmp_path, text.replace('"door"', '"door"\nleast_after_s = 1'))))
    seen = pipeline_rules(load_camera_config(written(tmp_path))).tripwires[0]
    assert (own.least_before_s, own.least_after_s) == (0.0, 0.0)
    assert asked.tripwires[0].least_after_s == 1.0
    assert (seen.least_before_s, seen.least_after_s) == (0.3, 0.3)


def test_heights_are_known_where_the_cameras_place_is(tmp_path: Path) -> None:
    assert pipeline_rules(load_camera_config(written(tmp_path))).segments.figures is None
    text = GOOD.replace("error_m = 0.3", 'error_m = 0.3\ncamera_m = [3.2, 6.0, 2.8]\n[figures]\nchildren = "ignore"')
    rules = pipeline_rules(load_camera_config(written(tmp_path, text))).segments.figures
    assert rules is not None
    assert (rules.children, rules.carts) == ("ignore", "mark")
    with pytest.raises(ConfigurationError, match="camera_m"):
        load_camera_config(written(tmp_path, text.replace("2.8]", "-2.8]")))
