"""Pictures of single people: who is on them, how they are taken, and a folder that can go on."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from typer.testing import CliRunner

cv2 = pytest.importorskip("cv2", reason="rendering needs the extra render")

from models.training.pictures import SETTINGS_FILE, read_folder, shard_path  # noqa: E402
from shopthread.simulate_commands import app  # noqa: E402
from simulators.adapters.scenario_files import load_scenario  # noqa: E402
from simulators.core.scenario import Scenario  # noqa: E402
from simulators.rendering.clothing.sample import make_sample  # noqa: E402
from simulators.rendering.crops import shards, shooting, views  # noqa: E402
from simulators.rendering.crops.effects import (  # noqa: E402
    SIZE_WH_PX,
    cut,
    decoded,
    detected,
    draw_clear_manner,
    draw_manner,
    exposed,
)
from simulators.rendering.crops.people import GROUP, draw_person, look_of  # noqa: E402
from simulators.rendering.crops.props import draw_obstacle, draw_pushed  # noqa: E402
from simulators.rendering.crops.shards import CropMaker, CropsError, CropSettings, fill_folder, open_folder, read_assets  # noqa: E402
from simulators.rendering.crops.shooting import photograph  # noqa: E402
from simulators.rendering.crops.views import View, draw_outdoor_view, draw_view  # noqa: E402

SETTINGS = CropSettings(cameras=2, pictures=1, people_per_file=2, views=1, wardrobes=0)


@pytest.fixture(scope="module")
def shop() -> Scenario:
    return load_scenario("corner_shop")


@pytest.fixture(autouse=True)
def small_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep tests fast: frames and people of less than half the size."""
    monkeypatch.setattr(views, "FRAME_PX", (160, 120))
    monkeypatch.setattr(views, "TALL_PX", (20.0, 66.0))
    monkeypatch.setattr(views, "_LEAST_PLACES", 60)
    monkeypatch.setattr(shards, "_OTHERS", 1)


def a_view(shop: Scenario, *, painted: bool) -> View:
    """Return the first view that is painted, or is of a shop."""
    for number in range(20):
        is_painted = np.random.default_rng([1, views._STREAM, number]).random() < views._UNBUILT
        if is_painted is painted:
            return draw_view(1, number, [shop])
    raise AssertionError


def test_people_of_a_file_are_taken_by_all_cameras_and_always_alike(shop: Scenario) -> None:
    done: list[int] = []
    one = CropMaker(SETTINGS, [shop], []).make(0, lambda: done.append(1))
    other = CropMaker(SETTINGS, [shop], []).make(0, lambda: None)
    assert one.jpegs == other.jpegs
    assert len(set(one.jpegs)) == len(one.jpegs) >= 3
    assert len(done) == 2
    assert sorted(set(one.person.tolist())) == [0, 1]
    assert set(one.camera.tolist()) == {0, 1}
    assert one.figure.shape == (len(one.jpegs), 32, 16)
    assert np.array_equal(one.figure, other.figure)
    for jpeg in one.jpegs:
        assert decoded(jpeg).shape == (*reversed(SIZE_WH_PX), 3)


def test_a_figure_covers_what_of_a_picture_is_the_person(shop: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before an empty view and with a perfect camera, nothing but the person changes a picture."""
    view = a_view(shop, painted=True)
    empty, _ = view.stage.shoot([])
    boxes: list[tuple[float, float, float, float]] = []

    def noted(box: tuple[float, float, float, float], _rng: np.random.Generator) -> tuple[float, float, float, float]:
        boxes.append(box)
        return box

    monkeypatch.setattr(shooting, "detected", noted)
    monkeypatch.setattr(shooting, "exposed", lambda picture, *_: picture)
    monkeypatch.setattr(shooting, "fitted", lambda picture, _: cv2.resize(picture, SIZE_WH_PX, interpolation=3))
    monkeypatch.setattr(shooting, "draw_pushed", lambda _: None)
    monkeypatch.setattr(shooting, "_company", lambda *_: [])
    shots = photograph(draw_person(1, 0, []), [view], [], 3, np.random.default_rng(2))
    for shot, box in zip(shots, boxes, strict=True):
        before = cv2.resize(cut(empty, box), SIZE_WH_PX, interpolation=3)
        differs = np.abs(shot.picture.astype(int) - before).max(axis=2) > 25
        blocks = differs.reshape(32, 4, 16, 4).mean(axis=(1, 3))
        assert shot.figure.shape == (32, 16)
        assert 0.15 < (shot.figure > 127).mean() < 0.9
        assert ((shot.figure > 127) == (blocks > 0.5)).mean() > 0.85
        assert blocks[shot.figure == 0].mean() < 0.3, "shadows alone"


def test_a_folder_goes_on_and_keeps_what_is_there(shop: Scenario, tmp_path: Path) -> None:
    maker = CropMaker(replace(SETTINGS, views=4), [shop], [])
    open_folder(tmp_path, SETTINGS)
    assert fill_folder(tmp_path, maker, [0], lambda _: None, 2) == 1
    before = dict(maker._views)
    kept = shard_path(tmp_path, 0).stat().st_mtime_ns
    open_folder(tmp_path, SETTINGS)
    people: list[int] = []
    assert fill_folder(tmp_path, maker, [0, 1], people.append, 2) == 1
    assert sum(people) == 4
    assert shard_path(tmp_path, 0).stat().st_mtime_ns == kept
    found, settings = read_folder(tmp_path)
    assert sorted(set(found.person.tolist())) == [0, 1, 2, 3]
    assert settings["people_per_file"] == 2
    assert sorted(maker._views) == [1, 2, 3, 4]
    assert all(maker._views[number] is before[number] for number in (1, 2, 3))


def test_a_folder_of_other_settings_is_refused(tmp_path: Path) -> None:
    open_folder(tmp_path, SETTINGS)
    with pytest.raises(CropsError, match="was begun with seed 1, not 2; choose another --out"):
        open_folder(tmp_path, replace(SETTINGS, seed=2))


def test_some_neighbours_wear_a_uniform_and_some_the_same_colours() -> None:
    kinds = {"cut": 0, "colours": 0, "own": 0}
    for leader in range(0, 200 * GROUP, GROUP):
        one, other = (look_of(1, leader + each) for each in (0, 1))
        assert one.physique != other.physique
        if one.top_colour != other.top_colour:
            kinds["own"] += 1
        elif (one.top, one.pattern, one.pattern_m) == (other.top, other.pattern, other.pattern_m):
            kinds["cut"] += 1
        else:
            kinds["colours"] += 1
    assert 20 < kinds["cut"] < 55
    assert 20 < kinds["colours"] < 55
    assert kinds["own"] > 100


def test_wardrobes_dress_people_and_are_named_in_the_settings(tmp_path: Path) -> None:
    folder = tmp_path / "wardrobe"
    make_sample(folder)
    wardrobes, described = read_assets([folder], None)
    assert [(name, licence) for name, licence, _ in described] == [("sample", "CC0-1.0")]
    assert described == read_assets([folder], None)[1]
    differing = []
    for number in (0, GROUP, 2 * GROUP, 3 * GROUP):
        one, other = draw_person(1, number, []), draw_person(1, number, wardrobes)
        assert one.look.physique == other.look.physique
        differing.append(one.pages.shape != other.pages.shape or not np.array_equal(one.pages, other.pages))
    assert any(differing)
    assert len(CropMaker(CropSettings(wardrobes=1), [], wardrobes)._wardrobes) == 2


@pytest.mark.parametrize("painted", [True, False])
def test_people_stand_where_a_camera_sees_them_at_a_fitting_size(shop: Scenario, painted: bool) -> None:
    view = a_view(shop, painted=painted)
    rng = np.random.default_rng(0)
    low, high = views.TALL_PX
    for _ in range(20):
        x, y = view.place(rng)
        ends, depth_m = view.optics.project(np.array([[x, y, 0.0], [x, y, 1.7]]))
        assert low < np.hypot(*(ends[1] - ends[0])) < high
        assert (depth_m > 0).all()
        assert ((ends[0] >= 0) & (ends[0] <= view.optics.frame_px)).all()


def test_a_shop_without_room_gives_way_to_a_painted_place(shop: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    full = a_view(shop, painted=False)
    built: list[int] = []

    def without_room(*_: object) -> View:
        built.append(1)
        return View(full.stage, full.optics, np.zeros((0, 2)), np.zeros(0))

    monkeypatch.setattr(views, "_UNBUILT", 0.0)
    monkeypatch.setattr(views, "_TRIES", 2)
    monkeypatch.setattr(views, "_shop_view", without_room)
    view = draw_view(1, 0, [shop])
    assert len(built) == 2
    assert len(view.places_m) >= views._LEAST_PLACES


def test_daylight_comes_to_its_share_of_cameras_and_changes_no_other(shop: Scenario) -> None:
    indoors, mixed, outdoors = (
        CropMaker(replace(SETTINGS, cameras=3, daylight=share), [shop], []).make(0, lambda: None)
        for share in (0.0, 0.5, 1.0)
    )
    both = set(mixed.jpegs) & set(indoors.jpegs), set(mixed.jpegs) & set(outdoors.jpegs)
    assert all(both)
    assert set(mixed.jpegs) == both[0] | both[1]
    assert not set(indoors.jpegs) & set(outdoors.jpegs)


def test_outdoor_cameras_are_level_and_see_whole_people() -> None:
    view = draw_outdoor_view(1, 3)
    assert view.is_outdoors
    assert 1.0 < view.optics.eye_m[2] < 2.3
    x, y = view.place(np.random.default_rng(0))
    ends, _ = view.optics.project(np.array([[x, y, 0.0], [x, y, 1.7]]))
    assert ((ends >= -20) & (ends <= np.array(view.optics.frame_px) + 20)).all()
    assert np.array_equal(view.places_m, draw_outdoor_view(1, 3).places_m)


def test_an_outdoor_place_without_room_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = draw_outdoor_view(1, 3)
    found = iter([View(plain.stage, plain.optics, np.zeros((0, 2)), np.zeros(0)), plain])
    monkeypatch.setattr(views, "_view", lambda *_: next(found))
    assert draw_outdoor_view(1, 3).places_m is plain.places_m


def test_the_sun_leaves_a_shadow_side_bluer_than_the_bright_one() -> None:
    suns = [light for seed in range(30) if (light := shooting._daylight(np.random.default_rng(seed))).strength[0] > 0.5]
    assert 8 < len(suns) < 28
    for light in suns:
        sky, both = np.array(light.sky_rgb) * light.ambient, np.array(light.lamp_rgb) * light.strength[0]
        bright = sky + both
        assert bright.sum() > 2 * sky.sum()
        assert sky[2] / sky[0] > bright[2] / bright[0]
        assert np.linalg.norm(light.towards) == pytest.approx(1)


def test_a_camera_in_daylight_shows_more_contrast_than_others() -> None:
    clear, other = (
        [way(np.random.default_rng(seed)) for seed in range(200)] for way in (draw_clear_manner, draw_manner)
    )
    assert np.mean([each.contrast for each in clear]) > np.mean([each.contrast for each in other])
    assert np.mean([each.noise for each in clear]) < np.mean([each.noise for each in other])
    assert max(each.haze for each in clear) == 0


def test_a_folder_from_before_daylight_goes_on_without_it(tmp_path: Path) -> None:
    open_folder(tmp_path, SETTINGS)
    path = tmp_path / SETTINGS_FILE
    older = json.loads(path.read_text(encoding="utf-8"))
    del older["daylight"]
    path.write_text(json.dumps(older), encoding="utf-8")
    open_folder(tmp_path, SETTINGS)
    with pytest.raises(CropsError, match=r"begun with daylight 0\.0, not 0\.5"):
        open_folder(tmp_path, replace(SETTINGS, daylight=0.5))


def test_who_stays_hidden_is_not_taken(shop: Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shooting, "_LEAST_SHOWN", 2.0)
    monkeypatch.setattr(shooting, "_TRIES", 3)
    view = a_view(shop, painted=True)
    assert photograph(draw_person(1, 0, []), [view], [], 2, np.random.default_rng(0)) == []


@pytest.mark.parametrize("draw", [draw_pushed, draw_obstacle])
def test_things_are_solid_and_stand_on_the_floor(draw) -> None:  # noqa: ANN001
    for seed in range(6):
        body = draw(np.random.default_rng(seed)).body
        corners = body.vertices[body.triangles]
        volume_m3 = np.einsum("ti,ti->t", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
        assert volume_m3 > 0.02
        assert -0.02 < body.vertices[:, 1].min() < 0.12
        assert body.vertices[:, 1].max() < 2.0


@given(st.integers(0, 10**6), st.floats(-50, 200), st.floats(-50, 200), st.floats(1, 150), st.floats(1, 150))
def test_a_box_always_cuts_something_out(seed: int, x: float, y: float, wide: float, tall: float) -> None:
    picture = np.zeros((90, 70, 3), np.uint8)
    box = detected((x, y, x + wide, y + tall), np.random.default_rng(seed))
    found = cut(picture, box)
    assert min(found.shape[:2]) >= 1
    assert found.shape[0] <= 90
    assert found.shape[1] <= 70


@given(st.integers(0, 300))
def test_cameras_change_a_picture_but_not_its_size_and_the_same_every_time(seed: int) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (60, 24, 3), dtype=np.uint8)
    one, other = (exposed(picture, draw_manner(rng), rng) for rng in (np.random.default_rng(seed) for _ in range(2)))
    assert np.array_equal(one, other)
    assert one.shape == picture.shape
    assert not np.array_equal(one, picture)


def test_the_command_makes_pictures_and_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    options = ["--cameras", "2", "--pictures", "1", "--people-per-file", "4", "--views", "1", "--wardrobes", "0"]
    command = ["crops", "--out", str(tmp_path), *options]
    first = CliRunner().invoke(app, [*command, "--people", "4", "--part", "1/2"])
    assert "4 people in 1 files, 1 of them new" in first.output, first.output
    again = CliRunner().invoke(app, [*command, "--people", "7", "--part", "1/2"])
    assert "4 people in 1 files, 0 of them new" in again.output, again.output
    assert json.loads((tmp_path / SETTINGS_FILE).read_text(encoding="utf-8"))["recipe"] == shards.RECIPE


@pytest.mark.parametrize(
    ("part", "told"), [("2", "--part must be K/N"), ("0/2", "K from 1 to N"), ("3/2", "K from 1 to N")]
)
def test_a_part_that_there_is_not_is_refused(tmp_path: Path, part: str, told: str) -> None:
    found = CliRunner().invoke(app, ["crops", "--out", str(tmp_path), "--part", part])
    assert found.exit_code == 1
    assert told in found.output
