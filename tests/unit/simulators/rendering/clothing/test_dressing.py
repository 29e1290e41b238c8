"""Who wears what, what it is painted with, and that pictures and truth still agree."""

from dataclasses import replace

import numpy as np
import pytest

from simulators.core.optics import CameraOptics
from simulators.core.people import Role
from simulators.rendering.bodies import LAYERS
from simulators.rendering.clothing.baking import Wearer, resampled, tinted
from simulators.rendering.clothing.booth import sheet
from simulators.rendering.clothing.choice import choose
from simulators.rendering.clothing.dressing import figure_of
from simulators.rendering.clothing.pieces import AssetSet, Chances, age_class
from simulators.rendering.clothing.preview import parade
from simulators.rendering.clothing.variety import compare, photograph
from simulators.rendering.fabrics import PLAIN, Motif, Tile, linear
from simulators.rendering.gait import Pose
from simulators.rendering.looks import Look, draw_look
from simulators.rendering.scenery import build_scenery
from simulators.rendering.stage import Actor, Stage, draw_lighting
from simulators.rendering.wardrobe import dress
from tests.unit.simulators.rendering.test_footage import CAMERA, SCENARIO

FIGURES = (
    ("p1", 4711.314360115207, 534644.7742863111, 81785298.41059983),
    ("p2", 2927.6693599202217, 297011.06949158385, 60971567.165893495),
    ("p10", 3562.4354177708187, 444787.7079366259, 79642175.54602483),
)
"""Sums over the vertices, pages and texels of people who wear the renderer's own clothes."""

CERTAIN = Chances(1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)


def look_of(name: str, role: Role = "shopper") -> Look:
    return draw_look(1, name, role, "adult", 1.72)


def test_without_assets_people_are_painted_as_they_always_were() -> None:
    """What is painted without assets may not change unnoticed: `RECIPE` of training pictures goes up with it."""
    for name, vertices, pages, texels in FIGURES:
        figure = figure_of(look_of(name), 1, name, "shopper", None)
        assert (figure.body.vertices**2).sum() == pytest.approx(vertices, rel=1e-9)
        assert figure.pages.astype(np.float64).sum() == pytest.approx(pages, rel=1e-7)
        assert (figure.texels**2).sum() == pytest.approx(texels, rel=1e-9)


def test_clothes_are_a_persons_own_and_leave_build_colours_and_bag_alone(sample: AssetSet) -> None:
    names = [f"p{i}" for i in range(40)]
    wears = [choose(sample, look_of(name), 1, name, "shopper") for name in names]
    again = choose(sample, look_of("p7"), 1, "p7", "shopper")
    assert again.names == wears[7].names
    assert again.look == wears[7].look
    assert len({wear.names for wear in wears}) > 30
    assert choose(sample, look_of("p7"), 2, "p7", "shopper").names != again.names
    for name, wear in zip(names, wears, strict=True):
        look = look_of(name)
        kept = ("physique", "bag", "bag_colour", "top_colour", "bottom_colour", "hair_colour", "carries")
        assert [getattr(wear.look, key) for key in kept] == [getattr(look, key) for key in kept]


def test_only_those_wear_a_piece_who_may(sample: AssetSet, dressed: AssetSet) -> None:
    assets = replace(dressed, chances=CERTAIN, fabrics=sample.fabrics, prints=sample.prints)
    worn: dict[str, set[str]] = {}
    for number in range(60):
        name = f"p{number}"
        look = draw_look(1, name, "shopper", "child" if number % 6 == 0 else "adult", 1.7)
        wear = choose(assets, look, 1, name, "shopper")
        for garment, _ in wear.garments:
            worn.setdefault(garment.piece.id, set()).add(look.physique.gender)
        if wear.skin is not None:
            assert wear.skin.piece.wearers.may(look.physique, "shopper")
            assert wear.skin.piece.id == "old_male" if age_class(look.physique) == "old" else "young_female"
    assert worn["female_suit"] == {"female"}
    assert worn["male_suit"] == worn["short01"] == {"male"}
    assert worn["shoes"] == {"female", "male"}
    staff = choose(assets, look_of("s1", "staff"), 1, "s1", "staff")
    assert (staff.fabrics.top, staff.fabrics.motif) == (None, None)
    assert not {garment.piece.id for garment, _ in staff.garments} & {"female_suit", "male_suit"}
    assert staff.look.top_colour == look_of("s2", "staff").top_colour


def test_chances_of_nothing_are_nothing_and_weights_count(sample: AssetSet) -> None:
    never = replace(sample, chances=Chances(0, 0, 0, 0, 0, 0, 0, 0))
    assert choose(never, look_of("p1"), 1, "p1", "shopper").names == ()
    heavy = sample.fabrics[0]
    heavy = replace(heavy, piece=replace(heavy.piece, weight=1000.0))
    assets = replace(sample, chances=CERTAIN, fabrics=(heavy, *sample.fabrics[1:]))
    tops = [choose(assets, look_of(f"p{i}"), 1, f"p{i}", "shopper").fabrics.top for i in range(20)]
    assert sum(top is heavy.tile for top in tops) > 15


@pytest.mark.parametrize("source", ["sample", "dressed"])
@pytest.mark.parametrize("number", range(4))
def test_figures_in_assets_are_whole(source: str, number: int, request: pytest.FixtureRequest) -> None:
    assets = replace(request.getfixturevalue(source), chances=CERTAIN)
    figure = figure_of(look_of(f"p{number}"), 1, f"p{number}", "shopper", assets)
    body = figure.body
    assert body.triangles.max() + 1 == len(body.vertices) == len(figure.texels) == len(figure.normals)
    assert len(figure.page) == len(body.triangles) == len(body.layers)
    assert figure.page.max() < len(figure.pages)
    assert body.weights.sum(axis=1) == pytest.approx(np.ones(len(body.vertices)))
    column, row = figure.texels.T
    assert ((column >= 0) & (column < figure.pages.shape[2])).all()
    assert ((row >= 0) & (row < figure.pages.shape[1])).all()
    assert np.isfinite(figure.pages).all()
    assert body.vertices[:, 1].min() > -0.01
    height_m = look_of(f"p{number}").physique.height_m
    assert height_m - 0.02 < body.vertices[:, 1].max() < height_m + 0.09


def test_a_suit_takes_the_place_of_the_own_clothes(dressed: AssetSet) -> None:
    plain = dress(look_of("p1"), 1)
    figure = figure_of(look_of("p1"), 1, "p1", "shopper", replace(dressed, chances=CERTAIN))
    own = [(figure.body.layers == LAYERS.index(layer)).sum() for layer in ("body", "clothes", "skirt")]
    assert (plain.body.layers == LAYERS.index("clothes")).sum() > 1000
    assert own[0] == own[2] == 0
    assert own[1] < 100


def test_who_wears_assets_stands_where_the_truth_says(sample: AssetSet, dressed: AssetSet) -> None:
    optics = CameraOptics(CAMERA)
    shop = Stage(optics, build_scenery(SCENARIO, optics, 1), draw_lighting(np.random.default_rng(1)))
    empty, _ = shop.shoot([])
    for assets in (sample, dressed):
        figure = figure_of(look_of("p3"), 1, "p3", "shopper", replace(assets, chances=CERTAIN))
        places = (("far", (4.0, 5.2)), ("near", (4.05, 3.9)))
        far, near = (Actor(name, figure, Pose(), place, -1.57) for name, place in places)
        picture, (alone,) = shop.shoot([far])
        assert alone.visible_share == 1
        assert alone.visible_box_px == pytest.approx(alone.full_box_px, abs=1)
        x1, y1, x2, y2 = alone.visible_box_px
        changed = np.argwhere((picture != empty).any(axis=2))
        assert ((changed >= [y1 - 2, x1 - 2]) & (changed <= [y2 + 2, x2 + 2])).all(axis=1).mean() > 0.5
        _, both = shop.shoot([far, near])
        shares = {seen.person_id: seen.visible_share for seen in both}
        assert shares["near"] == 1
        assert 0 < shares["far"] < 0.9
        assert next(seen for seen in both if seen.person_id == "far").full_box_px == alone.full_box_px


def test_a_tinted_garment_has_the_wearers_colours_and_its_own_shade(dressed: AssetSet) -> None:
    garment = next(each for each in dressed.garments if each.piece.id == "male_suit")
    figure = dress(look_of("p1"), 1)
    look = replace(look_of("p1"), top_colour=(0.6, 0.1, 0.1), bottom_colour=(0.1, 0.1, 0.6), pattern="plain")
    wearer = Wearer(look, figure.body, PLAIN, np.random.default_rng(1))
    places = np.zeros((int(garment.surface.group.max()) + 1, 3))
    page = tinted(garment, places, wearer, (64, 64))
    red, blue = page[..., 0] > page[..., 2], page[..., 2] > page[..., 0]
    assert red.any()
    assert blue.any()
    assert (page[red][:, 0] / page[red][:, 1]).mean() == pytest.approx(6, rel=0.1)
    assert page[red].std() > 0.02
    as_made = resampled(garment.picture, (64, 64))
    assert as_made.shape == (64, 64, 3)
    assert as_made[0, 0] == pytest.approx(garment.picture[0, 0])


def test_tiles_repeat_and_prints_can_be_read_from_before_and_from_behind() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    picture[:, 0] = 255
    tile = Tile(linear(picture), 0.4)
    x = np.arange(0.05, 1.2, 0.1)
    assert (tile.at(x, np.zeros(12))[:, 0] == np.array([1.0, 0, 0, 0] * 3)).all()
    ink = np.zeros((2, 2, 4), np.uint8)
    ink[..., 3] = 255
    ink[:, 0, 0] = 255  # red on the left of who looks at it
    motif = Motif(linear(ink), 0.2, front=True, back=True)
    for is_front, red_x in ((True, -0.05), (False, 0.05)):
        cloth = np.ones((1, 3, 3))
        motif.put(cloth, np.array([[red_x, -red_x, 0.5]]), np.full((1, 3), 0.06), is_front=is_front)
        assert cloth[0].tolist() == [[1, 0, 0], [0, 0, 0], [1, 1, 1]]


def test_variety_knows_twins_from_strangers() -> None:
    strangers = compare(np.eye(4, dtype=np.float32), np.eye(4, dtype=np.float32), 4)
    assert (strangers.rank1, strangers.others_mean, strangers.same_mean) == (1, 0, 1)
    twins = compare(np.ones((4, 1), np.float32), np.ones((4, 1), np.float32), 1)
    assert (twins.others_mean, twins.others_p95, twins.nearest_mean) == (1, 1, 1)
    assert twins.rank1 == 0.25


def test_people_are_photographed_the_same_every_time(sample: AssetSet) -> None:
    calls: list[int] = []
    first, second, kinds = photograph(SCENARIO, sample, 3, 5, lambda: calls.append(1))
    again, _, _ = photograph(SCENARIO, sample, 3, 5, lambda: None)
    assert (len(first), len(second), kinds, len(calls)) == (3, 3, 3, 3)
    assert all((a == b).all() for a, b in zip(first, again, strict=True))
    assert all(picture.shape[0] > 100 for picture in first)
    pictures = parade(SCENARIO, None, 1, 1)
    assert sheet(pictures, 4).shape == (260, 480, 3)
