"""Camera configurations: what they mean, and how a mistake is named."""

from pathlib import Path

import msgspec
import pytest

from edge.camera_config import load_camera_config, parse_source
from edge.camera_rules import check_placement, pipeline_rules, tracker_rules
from edge.core.geometry import IDENTITY, apply_homography
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
    assert apply_homography(rules.floor, (320.0, 240.0)) == pytest.approx((3.2, 2.4))
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
    assert rules.floor == IDENTITY
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
            '[[zone]]\nid = "shelf"',
            '[[tripwire]]\nid = "door"\npoints = [[0,0],[1,1]]\n[[zone]]\nid = "shelf"',
            "unique",
        ),
        ('id = "shelf"', 'id = "top shelf"', "zone"),
        ("[640.0, 480.0], [0.0, 480.0]]", "[320.0, 0.0], [0.0, 480.0]]", "floor: .*no three"),
        (", [0.0, 4.8]]", "]", "floor_m"),
        ('store = "north"', 'store = "North Street"', r"device\.store"),
    ],
)
def test_a_mistake_is_named_with_its_key(tmp_path: Path, before: str, after: str, said: str) -> None:
    assert before in GOOD
    with pytest.raises(ConfigurationError, match=said):
        load_camera_config(written(tmp_path, GOOD.replace(before, after, 1)))


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
