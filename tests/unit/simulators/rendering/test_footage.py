"""Rendered footage and its truth: pictures, boxes, visibility, files and commands."""

import dataclasses
import tomllib
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

cv2 = pytest.importorskip("cv2", reason="rendered footage needs the extra render")

from shopthread.simulate_commands import app  # noqa: E402 - only where OpenCV is
from simulators.adapters.feed_files import read_truth  # noqa: E402
from simulators.adapters.scenario_files import load_scenario  # noqa: E402
from simulators.core.errors import ScenarioError  # noqa: E402
from simulators.core.layout import Camera, Wall  # noqa: E402
from simulators.core.optics import CameraOptics  # noqa: E402
from simulators.core.scenario import Scenario  # noqa: E402
from simulators.rendering.annotations import Annotator, TrueSighting, mot_line  # noqa: E402
from simulators.rendering.camera_files import rendered_camera_toml  # noqa: E402
from simulators.rendering.gait import Pose  # noqa: E402
from simulators.rendering.looks import Look, draw_look  # noqa: E402
from simulators.rendering.recall import Recall  # noqa: E402
from simulators.rendering.review import frames, review  # noqa: E402
from simulators.rendering.scenery import build_scenery  # noqa: E402
from simulators.rendering.sensor import Sensor, SensorSettings, draw_sensor  # noqa: E402
from simulators.rendering.stage import Actor, Sighting, Stage, draw_lighting  # noqa: E402
from simulators.rendering.studio import at_frame_rate  # noqa: E402
from simulators.rendering.wardrobe import dress  # noqa: E402

FRAME = (320, 256)
FIGURE = dress(draw_look(1, "p1", "shopper", "adult", 1.75), 1)
CAMERA = Camera(id="cam", position=(4.0, 0.5), height_m=2.8, looks_at=(4.0, 5.0), horizontal_fov_deg=80, frame_px=FRAME)
SCENARIO = load_scenario(str(Path(__file__).parents[4] / "simulators" / "footage" / "entrance.toml"))


def stage(scenario: Scenario = SCENARIO, camera: Camera = CAMERA) -> Stage:
    optics = CameraOptics(camera)
    return Stage(optics, build_scenery(scenario, optics, 1), draw_lighting(np.random.default_rng(1)))


def actor(name: str, x: float, y: float) -> Actor:
    return Actor(name, FIGURE, Pose(), (x, y), -1.57)


@pytest.fixture(scope="module")
def shop() -> Stage:
    return stage()


def test_a_person_stands_where_the_lens_says_and_is_as_tall(shop: Stage) -> None:
    _, (seen,) = shop.shoot([actor("a", 4.3, 4.0)])
    (foot, head), _ = CameraOptics(CAMERA).project(np.array([[4.3, 4.0, 0.0], [4.3, 4.0, 1.75]]))
    x1, y1, x2, y2 = seen.full_box_px
    assert seen.visible_share == 1
    assert seen.visible_box_px == pytest.approx(seen.full_box_px, abs=1)
    assert (x1 + x2) / 2 == pytest.approx((foot[0] + head[0]) / 2, abs=0.12 * (y2 - y1))
    assert y1 == pytest.approx(head[1], abs=0.12 * (y2 - y1))
    assert y2 == pytest.approx(foot[1], abs=0.12 * (y2 - y1))


def test_pictures_change_only_where_people_and_their_shadows_are(shop: Stage) -> None:
    empty, nobody = shop.shoot([])
    assert nobody == []
    picture, (seen,) = shop.shoot([actor("a", 3.0, 3.5)])
    again, _ = shop.shoot([])
    assert (again == empty).all()
    changed = np.argwhere((picture != empty).any(axis=2))
    x1, y1, x2, y2 = seen.visible_box_px
    inside = ((changed >= [y1 - 2, x1 - 2]) & (changed <= [y2 + 2, x2 + 2])).all(axis=1)
    assert inside.mean() > 0.5
    assert np.hypot(*(changed - changed.mean(axis=0)).T).max() < 2 * (y2 - y1)


def test_who_stands_nearer_hides_and_shares_agree_with_the_boxes(shop: Stage) -> None:
    _, alone = shop.shoot([actor("far", 4.0, 5.2)])
    _, both = shop.shoot([actor("far", 4.0, 5.2), actor("near", 4.05, 3.9)])
    shares = {seen.person_id: seen.visible_share for seen in both}
    assert alone[0].visible_share == 1
    assert shares["near"] == 1
    assert 0 < shares["far"] < 0.9
    far = next(seen for seen in both if seen.person_id == "far")
    assert far.full_box_px == alone[0].full_box_px


def test_bags_and_open_coats_are_the_persons_own_in_boxes_and_hide_who_is_behind(shop: Stage) -> None:
    plain = dataclasses.replace(FIGURE.look, top="shirt", bag="none")
    coat = dataclasses.replace(plain, top="coat", opening_deg=40.0, coat_length=1.0)

    def shot(look: Look, turn: float) -> tuple[float, float]:
        """Return how wide somebody is, and how much somebody behind shows."""
        near = Actor("near", dress(look, 1), Pose(), (4.0, 3.9), -1.57 + turn)
        _, seen = shop.shoot([actor("far", 4.1, 4.5), near])
        shares = {each.person_id: each for each in seen}
        x1, _, x2, _ = shares["near"].full_box_px
        return x2 - x1, shares["far"].visible_share

    wide, behind = shot(plain, 1.57)
    for look in (dataclasses.replace(plain, bag="backpack", bag_size=1.1), coat):
        wider, less = shot(look, 1.57)
        assert wider > wide + 1
        assert less < behind


def test_a_wall_hides_what_is_behind_it_and_a_low_one_the_legs() -> None:
    def behind(height_m: float) -> list[Sighting]:
        wall = Wall(polygon=((3.0, 3.6), (5.0, 3.6), (5.0, 3.8), (3.0, 3.8)), height_m=height_m)
        _, seen = stage(replace(SCENARIO, walls=(*SCENARIO.walls, wall))).shoot([actor("a", 4.0, 4.6)])
        return seen

    assert behind(2.9) == []
    (seen,) = behind(0.9)
    assert 0.2 < seen.visible_share < 0.9
    assert seen.visible_box_px[3] < seen.full_box_px[3] - 5
    assert seen.visible_box_px[1] == pytest.approx(seen.full_box_px[1], abs=1)


def test_who_is_half_out_of_the_picture_is_half_visible(shop: Stage) -> None:
    edge = CameraOptics(CAMERA).floor_point(np.array([[24.0, 200.0]]))[0]
    _, (seen,) = shop.shoot([actor("a", float(edge[0]), float(edge[1]))])
    assert 0.2 < seen.visible_share < 0.8
    assert seen.full_box_px[0] < 0 <= seen.visible_box_px[0]
    _, beyond = shop.shoot([actor("b", 4.0, -5.0)])
    assert beyond == []


def test_the_picture_is_not_mirrored_and_shows_the_shelf_where_it_stands() -> None:
    optics = CameraOptics(CAMERA)
    scenery = build_scenery(SCENARIO, optics, 1)
    pixels, _ = optics.project(np.array([[4.0, 4.5, 0.0], [7.5, 5.6, 0.9]]))
    (x, y), (shelf_x, shelf_y) = (2 * pixels).astype(int)
    assert scenery.floor_m[y, x] == pytest.approx([4.0, 4.5], abs=0.05)
    assert np.isnan(scenery.floor_m[shelf_y, shelf_x]).all()
    assert pixels[1, 0] < pixels[0, 0], "what lies at greater x is on the left of who looks down the plan"


def test_a_distorting_lens_bends_people_and_scenery_alike() -> None:
    camera = replace(CAMERA, distortion_k1=-0.12, looks_at=(4.0, 4.0))
    _, (seen,) = stage(camera=camera).shoot([actor("a", 5.5, 3.5)])
    (foot,), _ = CameraOptics(camera).project(np.array([[5.5, 3.5, 0.0]]))
    assert seen.full_box_px[3] == pytest.approx(foot[1], abs=8)


def test_sensors_of_one_seed_add_the_same_noise_and_a_perfect_one_none() -> None:
    grey = np.full((64, 96, 3), 120, dtype=np.uint8)
    assert (Sensor(SensorSettings(), (96, 64), np.random.default_rng(1)).expose(grey) == grey).all()
    one, two, other = (
        Sensor(draw_sensor(rng), (96, 64), rng).expose(grey) for rng in map(np.random.default_rng, (1, 1, 2))
    )
    assert (one == two).all()
    assert (one != other).any()
    assert 0.3 < one.astype(float).std() < 20


def test_recall_counts_each_person_and_each_box_once() -> None:
    def sighting(x: float, share: float) -> TrueSighting:
        box = (x, 10.0, x + 20, 60.0)
        return TrueSighting(
            frame=1, t_ms=0, number=1, person_id="a", floor_m=(0, 0), full_box_px=box, visible_box_px=box,
            visible_share=share,
        )  # fmt: skip

    recall = Recall()
    assert (recall.share, recall.precision) == (1, 1)
    people = [sighting(0, 1.0), sighting(50, 0.6), sighting(100, 0.2), sighting(150, 0.9)]
    boxes = np.array([[0.0, 10, 20, 60], [1, 10, 21, 60], [52, 10, 72, 60], [100, 10, 120, 60], [250, 0, 260, 9]])
    recall.add(people, boxes, (320, 240))
    assert (recall.people, recall.found, recall.boxes, recall.right) == (3, 2, 5, 3)
    recall.add(people, np.zeros((0, 4)), (320, 240))
    assert recall.share == 2 / 6
    assert recall.between(50, 51) == (6, 2)
    assert recall.between(51, 999) == recall.between(0, 50) == (0, 0)


def test_people_are_numbered_as_they_come_and_written_as_motchallenge_text() -> None:
    annotator = Annotator()
    box = (10.04, 20.0, 30.0, 80.0)
    sightings = [Sighting(name, (1.23456, 2.0), box, box, 0.51239) for name in ("x", "y", "x")]
    noted = annotator.note(7, 1000, sightings)
    assert [each.number for each in noted] == [1, 2, 1]
    assert mot_line(noted[1]) == "7,2,10.0,20.0,20.0,60.0,1,1,0.5124\n"
    assert noted[0].floor_m == (1.235, 2.0)


def test_an_agents_configuration_maps_its_floor_and_keeps_directions() -> None:
    camera = SCENARIO.cameras[0]
    drawn = tomllib.loads(rendered_camera_toml(SCENARIO, camera, "video.mp4", 1_772_452_800_000))
    optics = CameraOptics(camera)
    assert optics.floor_point(np.array(drawn["floor"]["image_px"])) == pytest.approx(
        np.array(drawn["floor"]["floor_m"]), abs=2e-3
    )
    (wire,) = drawn["tripwire"]
    ends = optics.floor_point(np.array(wire["points"]))
    assert ends == pytest.approx(np.array(SCENARIO.tripwires[0].points), abs=0.05)
    assert {zone["id"] for zone in drawn["zone"]} >= {"entrance", "sweets", "drinks"}
    for zone in drawn["zone"]:
        assert all(0 < x < 640 and 0 < y < 480 for x, y in zone["points"])
    bent = tomllib.loads(rendered_camera_toml(SCENARIO, replace(camera, distortion_k1=-0.1), "video.mp4", 0))
    assert bent["lens"] == {"k1": -0.1, "focal_px": CameraOptics(replace(camera, distortion_k1=-0.1)).focal_px}
    assert bent["camera"]["picture_size"] == list(camera.frame_px)
    assert len(bent["floor"]["image_px"]) == 4


def test_a_frame_rate_that_no_store_has_is_refused() -> None:
    with pytest.raises(ScenarioError, match="from 1 to 30 frames a second"):
        at_frame_rate(SCENARIO, 60)


@pytest.fixture(scope="module")
def footage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("footage")
    small = replace(SCENARIO.cameras[0], frame_px=FRAME)
    text = (Path(__file__).parents[4] / "simulators" / "footage" / "entrance.toml").read_text()
    text = text.replace("range_m = 12.0", f"range_m = 12.0\nframe_px = {list(small.frame_px)}")
    (folder / "small.toml").write_text(text)
    arguments = ["render", str(folder / "small.toml"), "--seconds", "1.5", "--lead", "60", "--out", str(folder / "out")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return folder / "out" / "cam-1"


def test_a_render_leaves_a_video_with_its_truth(footage: Path) -> None:
    pictures = list(frames(footage))
    assert len(pictures) == 15
    assert all(picture.shape == (FRAME[1], FRAME[0], 3) for picture, _ in pictures)
    assert cv2.imread(str(footage / "preview.png")).shape == (FRAME[1], FRAME[0], 3)
    truth = read_truth(footage / "truth.json")
    people = {person.person_id for person in truth.people}
    assert {seen.person_id for _, seens in pictures for seen in seens} <= people
    rows = (footage / "gt.txt").read_text().splitlines()
    assert len(rows) == sum(len(seens) for _, seens in pictures) > 15
    recall = review(footage, lambda _: (np.array([pictures[0][1][0].full_box_px]), np.ones(1)), every=15)
    assert (recall.frames, recall.boxes) == (1, 1)
    assert recall.right == 1


def test_footage_is_checked_against_a_detector(footage: Path) -> None:
    pytest.importorskip("onnxruntime", reason="detectors need the extra models")
    result = CliRunner().invoke(app, ["render-check", *[str(footage)] * 2, "--every", "5"])
    assert result.exit_code == 0, result.output
    assert "nanodet-g-person-int8" in result.output
    assert "mean of folders" in result.output
    assert "px tall" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("render", "nowhere", "--out", "x"), "nowhere"),
        (("render", "corner_shop", "--camera", "cam-9", "--out", "x"), "--camera must be one of cam-1"),
        (("render", "corner_shop", "--start", "noon", "--out", "x"), "noon"),
        (("render-check", "nowhere"), "nowhere"),
    ],
)
def test_what_cannot_be_rendered_is_one_clear_line(arguments: tuple[str, ...], words: str) -> None:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})
    assert result.exit_code != 0
    assert words in result.output
