"""What cameras get wrong is as much as was asked for, and the truth knows all of it."""

from collections import Counter, defaultdict

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from simulators.adapters.scenario_files import load_scenario
from simulators.core.area_index import AreaIndex
from simulators.core.geometry import Point, contains
from simulators.core.layout import Wall
from simulators.core.lines import TrackLine, TrackSignature
from simulators.core.people import Person
from simulators.core.scenario import Noise, Outages, Scenario
from simulators.core.signatures import camera_offsets, cosine, true_signature
from simulators.core.store import Store
from simulators.core.tracking import NEAR_M
from simulators.core.truth import Truth
from tests.unit.simulators.watching import FLOOR, START_MS, TICK_MS, Watched, apart, camera, person, store, watch

CAMERA = "cam-1"
corners = st.tuples(st.integers(-40, 40), st.integers(-40, 40)).map(lambda corner: (corner[0] / 8, corner[1] / 7))


def _count(expected: float) -> object:
    """Within three standard deviations of a Poisson count."""
    return pytest.approx(expected, abs=3 * expected**0.5)


def _share(share: float, trials: int) -> object:
    return pytest.approx(share, abs=3 * (share * (1 - share) / trials) ** 0.5)


def _walk(rng: np.random.Generator, people: list[Person], step_m: float = 0.25) -> None:
    for each in people:
        x, y = np.clip(np.array(each.position) + rng.normal(0, step_m, 2), 0.01, 19.99).tolist()
        each.position = (x, y)


def test_a_perfect_camera_tells_everyones_place_under_one_id() -> None:
    people = apart(5)
    seen = watch(store(Noise()), people, 40)
    assert [line.t_ms for line in seen.lines[CAMERA]] == [START_MS + tick * TICK_MS for tick in range(40)]
    for line in seen.lines[CAMERA]:
        assert line.signatures is UNSET
        assert [(point.id, (point.x_m, point.y_m)) for point in line.tracks] == [
            (f"p{place}", each.position) for place, each in enumerate(people, start=1)
        ]
    assert len(seen.tracks) == 5
    assert {(track.from_ms, track.to_ms) for _, track in seen.tracks} == {(START_MS, START_MS + 39 * TICK_MS)}


def test_a_camera_without_a_polygon_sees_what_its_picture_shows() -> None:
    people = [person(1, (6.0, 10.0)), person(2, (-2.0, 10.0)), person(3, (6.0, 19.0))]
    seen = watch(store(Noise(), [camera(sees=None)]), people, 2)
    assert {name for name, _ in seen.tracks} == {"s1"}
    blind = msgspec.structs.replace(camera(sees=None), looks_at=(600.0, 10.0), range_m=1.0)
    with pytest.raises(ValueError, match="shows no floor"):
        watch(store(Noise(), [blind]), people, 1)


@given(st.lists(st.lists(corners, min_size=3, max_size=7), min_size=1, max_size=3), st.lists(corners, max_size=20))
def test_the_polygons_of_a_point_are_those_that_contain_it(polygons: list[list[Point]], points: list[Point]) -> None:
    areas = AreaIndex(dict(enumerate(polygons)))
    for place, polygon in enumerate(polygons):
        for point in points:
            is_in = place in areas.areas_at(point)
            on_edge = any(
                _distance(point, a, b) < 1e-9 for a, b in zip(polygon, [*polygon[1:], polygon[0]], strict=True)
            )
            assert on_edge or is_in == contains(polygon, point)


@given(corners, st.tuples(st.integers(1, 6), st.integers(1, 6)), st.lists(corners, max_size=20))
def test_a_rectangle_has_the_same_points_on_its_edges_as_any_polygon(
    low: Point, size: tuple[int, int], points: list[Point]
) -> None:
    (left, top), (right, bottom) = low, (low[0] + size[0], low[1] + size[1])
    rectangle = [(left, top), (right, top), (right, bottom), (left, bottom)]
    areas = AreaIndex({"it": rectangle})
    middle = ((left + right) / 2, (top + bottom) / 2)
    for point in [*rectangle, middle, (left, middle[1]), (middle[0], bottom), *points]:
        assert (areas.areas_at(point) == ("it",)) == contains(rectangle, point)


def _distance(point: Point, a: Point, b: Point) -> float:
    p, start, way = np.array(point), np.array(a), np.subtract(b, a)
    along = np.clip((p - start) @ way / max(float(way @ way), 1e-300), 0, 1)
    return float(np.hypot(*(start + along * way - p)))


def test_position_noise_has_the_stated_deviation() -> None:
    people = apart(30)
    seen = watch(store(Noise(position_m=0.12)), people, 400)
    errors = np.array(
        [
            (point.x_m - each.position[0], point.y_m - each.position[1])
            for line in seen.lines[CAMERA]
            for point, each in zip(line.tracks, people, strict=True)
        ]
    )
    assert errors.std(axis=0) == pytest.approx([0.12, 0.12], rel=0.03)
    assert errors.mean(axis=0) == pytest.approx([0.0, 0.0], abs=0.004)
    assert abs(np.corrcoef(errors.T)[0, 1]) < 0.03


def test_shares_of_missed_ticks_and_detections_are_as_asked_for() -> None:
    noise = Noise(missed_ticks=0.2, missed_detections=0.1, lost_after_s=60.0)
    seen = watch(store(noise, [camera("a"), camera("b")]), apart(20), 1500)
    for lines in seen.lines.values():
        assert 1 - len(lines) / 1500 == _share(0.2, 1500)
        found = sum(len(line.tracks) for line in lines)
        assert 1 - found / (20 * len(lines)) == _share(0.1, 20 * len(lines))
    both = {line.t_ms for line in seen.lines["a"]} & {line.t_ms for line in seen.lines["b"]}
    assert len(both) / 1500 == _share(0.64, 1500)
    assert len(seen.tracks) == 40


def test_tracks_break_as_often_as_asked_for() -> None:
    people, minutes = apart(40), 10
    seen = watch(store(Noise(fragments_per_min=1.5)), people, minutes * 240)
    breaks = len(seen.tracks) - 40
    assert breaks == _count(1.5 * minutes * 40)
    ids = [track.track_id for _, track in seen.tracks]
    assert len(set(ids)) == len(ids)


def test_neighbours_change_places_as_often_as_asked_for_and_others_never() -> None:
    people = [person(1, (5.0, 5.0)), person(2, (5.0, 5.0 + NEAR_M - 0.01)), person(3, (5.0, 5.0 - NEAR_M - 0.01))]
    minutes = 12
    seen = watch(store(Noise(switches_per_min=20.0)), people, minutes * 240)
    spans = Counter(name for name, _ in seen.tracks)
    assert spans["s3"] == 1
    assert spans["s1"] == spans["s2"]
    switches = spans["s1"] - 1
    assert switches == _count(20.0 * minutes)
    assert {track.track_id for _, track in seen.tracks} == {"p1", "p2", "p3"}
    _explained(seen, lambda name, _: {each.person_id: each.position for each in people}[name])


def test_false_tracks_come_and_stay_as_asked_for_and_walk_in_view() -> None:
    sees = ((2.0, 2.0), (9.0, 3.0), (3.0, 9.0))
    noise = Noise(false_tracks_per_min=6.0, false_track_s=(2.0, 6.0), signature_sd=1.0)
    minutes = 15
    seen = watch(store(noise, [camera(sees=sees), camera("cam-2")]), [person(1, (4.0, 4.0))], minutes * 240)
    for name in (CAMERA, "cam-2"):
        found = [track for track in seen.false_tracks if track.camera_id == name]
        assert len(found) == _count(6.0 * minutes)
        lasted_s = np.array([(track.to_ms - track.from_ms) / 1000 for track in found])
        assert lasted_s.mean() == pytest.approx(4.0, abs=0.5)
        assert lasted_s.max() <= 6.0
    places: dict[str, list[Point]] = defaultdict(list)
    ids = {track.track_id for track in seen.false_tracks if track.camera_id == CAMERA}
    signed = set()
    for line in seen.lines[CAMERA]:
        signed |= set() if line.signatures is UNSET else {sign.id for sign in line.signatures}
        for point in line.tracks:
            if point.id in ids:
                places[point.id].append((point.x_m, point.y_m))
                assert contains(sees, (point.x_m, point.y_m)) or _distance((point.x_m, point.y_m), *sees[:2]) < 2e-3
    assert set(places) == ids
    assert ids < signed
    steps = np.concatenate([np.diff(np.array(way), axis=0) for way in places.values() if len(way) > 1])
    assert 0.05 < steps.std() < 0.2  # 0.3 m a second in quarters, less what would lead out of view.
    assert {track.track_id for _, track in seen.tracks if track.camera_id == CAMERA}.isdisjoint(ids)


def test_a_view_without_area_has_its_false_tracks_at_a_corner() -> None:
    line = ((2.0, 2.0), (4.0, 4.0), (6.0, 6.0))
    seen = watch(store(Noise(false_tracks_per_min=10.0), [camera(sees=line)]), [], 400)
    assert seen.false_tracks
    assert {(p.x_m, p.y_m) for each in seen.lines[CAMERA] for p in each.tracks} == {(2.0, 2.0)}


def _explained(seen: Watched, position: object) -> None:
    """Every point has one true reason: a person's span with the person at that place, or a false track."""
    assert callable(position)
    spans: dict[tuple[str, str], list[tuple[str, int, int]]] = defaultdict(list)
    for name, track in seen.tracks:
        spans[track.camera_id, track.track_id].append((name, track.from_ms, track.to_ms))
    for false in seen.false_tracks:
        spans[false.camera_id, false.track_id].append(("", false.from_ms, false.to_ms))
    used: Counter[tuple[str, str]] = Counter()
    for camera_id, lines in seen.lines.items():
        for line in lines:
            for point in line.tracks:
                reasons = [name for name, from_ms, to_ms in spans[camera_id, point.id] if from_ms <= line.t_ms <= to_ms]
                assert len(reasons) == 1
                used[camera_id, point.id] += 1
                if reasons[0]:
                    x_m, y_m = position(reasons[0], line.t_ms)
                    assert (point.x_m, point.y_m) == (round(x_m, 3), round(y_m, 3))
    assert set(used) == set(spans)
    for each in spans.values():
        assert all(
            one[2] < other[1]
            for one, other in zip(sorted(each, key=_begins), sorted(each, key=_begins)[1:], strict=False)
        )


def _begins(span: tuple[str, int, int]) -> int:
    return span[1]


def test_with_everything_wrong_at_once_the_truth_still_explains_every_point() -> None:
    rng = np.random.default_rng(8)
    noise = Noise(
        missed_ticks=0.05,
        missed_detections=0.2,
        fragments_per_min=4.0,
        switches_per_min=30.0,
        false_tracks_per_min=6.0,
        false_track_s=(5.0, 20.0),
        occlusion=True,
        lost_after_s=0.5,
        signature_sd=1.0,
    )
    walls = [Wall(polygon=((8.0, 6.0), (9.0, 6.0), (9.0, 14.0), (8.0, 14.0)), height_m=2.0)]
    where: dict[tuple[str, int], Point] = {}

    def move(tick: int, people: list[Person]) -> None:
        _walk(rng, people)
        if tick % 50 == 49:
            people.pop(int(rng.integers(len(people))))
            people.append(person(1000 + tick, (float(rng.uniform(1, 19)), float(rng.uniform(1, 19)))))
        where.update({(each.person_id, START_MS + tick * TICK_MS): each.position for each in people})

    def down(tick: int) -> frozenset[str | None]:
        return frozenset({"a"}) if 300 <= tick < 400 else frozenset({"b"} if tick in {350, 351} else set())

    scenario = store(noise, [camera("a"), camera("b", height_m=4.0)], walls)
    seen = watch(scenario, apart(25), 800, move, down=down)
    _explained(seen, lambda name, t_ms: where[name, t_ms])
    assert seen.points > 7_000
    ids = Counter((track.camera_id, track.track_id) for _, track in seen.tracks)
    assert max(ids.values()) > 2
    for lines in seen.lines.values():
        for line in lines:
            numbers = [int(point.id[1:]) for point in line.tracks]
            assert numbers == sorted(set(numbers))
    silent = {START_MS + tick * TICK_MS for tick in range(300, 400)}
    assert silent.isdisjoint({line.t_ms for line in seen.lines["a"]})
    around = [track for _, track in seen.tracks if track.camera_id == "a"]
    around += [track for track in seen.false_tracks if track.camera_id == "a"]  # type: ignore[misc]
    assert not any(track.from_ms < min(silent) and track.to_ms > max(silent) for track in around)


@pytest.mark.parametrize(("hidden_s", "ids"), [(2, ["p1"]), (4, ["p1", "p2"])])
def test_who_is_hidden_for_long_gets_a_new_track(hidden_s: int, ids: list[str]) -> None:
    shelf = Wall(polygon=((5.0, 9.0), (6.0, 9.0), (6.0, 11.0), (5.0, 11.0)), height_m=2.5)

    def hide(tick: int, people: list[Person]) -> None:
        people[0].position = (8.0, 10.0) if 8 <= tick < 8 + 4 * hidden_s else (8.0, 16.0)

    noise = Noise(occlusion=True, lost_after_s=3.0)
    seen = watch(store(noise, walls=[shelf]), [person(1, (8.0, 16.0))], 60, hide)
    assert [track.track_id for _, track in seen.tracks] == ids
    hidden = [line.t_ms for line in seen.lines[CAMERA] if not line.tracks]
    assert hidden == [START_MS + tick * TICK_MS for tick in range(8, 8 + 4 * hidden_s)]
    through = watch(store(Noise(), walls=[shelf]), [person(1, (8.0, 16.0))], 60, hide)
    assert all(line.tracks for line in through.lines[CAMERA])


def test_confidence_falls_with_distance_and_with_what_is_hidden() -> None:
    shelf = Wall(polygon=((5.0, 9.0), (6.0, 9.0), (6.0, 11.0), (5.0, 11.0)), height_m=1.3)
    people = [person(1, (2.0, 12.0)), person(2, (18.0, 16.0)), person(3, (7.0, 10.0))]
    seen = watch(store(Noise(occlusion=True), walls=[shelf]), people, 200)
    near, far, behind = np.array([[point.confidence for point in line.tracks] for line in seen.lines[CAMERA]]).mean(
        axis=0
    )
    assert 0.9 < near < 0.95
    assert far == pytest.approx(near - 0.1 * (np.hypot(18, 6) - np.hypot(2, 2)) / 25, abs=0.01)
    assert behind < 0.8


def test_lines_bear_the_cameras_own_time_and_the_truth_the_true_one() -> None:
    clocks = {CAMERA: lambda t_ms: t_ms + 4321}
    seen = watch(store(Noise(), [camera(), camera("cam-2")]), apart(1), 3, clocks=clocks)
    assert [line.t_ms - START_MS for line in seen.lines[CAMERA]] == [4321, 4571, 4821]
    assert [line.t_ms - START_MS for line in seen.lines["cam-2"]] == [0, 250, 500]
    assert {(track.from_ms, track.to_ms) for _, track in seen.tracks} == {(START_MS, START_MS + 500)}


def test_signatures_come_when_a_track_begins_and_every_five_seconds_from_those_well_seen() -> None:
    shelf = Wall(polygon=((5.0, 9.0), (6.0, 9.0), (6.0, 11.0), (5.0, 11.0)), height_m=1.3)
    people = [person(1, (2.0, 12.0)), person(2, (7.0, 10.0))]
    seen = watch(store(Noise(signature_sd=0.5, occlusion=True), walls=[shelf]), people, 100)
    signed = [line for line in seen.lines[CAMERA] if line.signatures is not UNSET]
    assert [(line.t_ms - START_MS) // 1000 for line in signed] == [0, 5, 10, 15, 20]
    assert {sign.id for line in signed for sign in _signs(line)} == {"p1"}
    assert all(len(sign.signature) == 64 for line in signed for sign in _signs(line))
    raw = msgspec.json.decode(msgspec.json.encode(signed[0]))
    assert set(raw["signatures"][0]) == {"id", "signature"}
    assert len(raw["signatures"][0]["signature"]) == 88


def _signs(line: TrackLine) -> list[TrackSignature]:
    assert line.signatures is not UNSET
    return list(line.signatures)


def test_signature_statistics_are_recovered_from_lines() -> None:
    sd, camera_sd, cameras = 0.8, 0.6, 12
    noise = Noise(signature_sd=sd, signature_camera_sd=camera_sd)
    people = apart(60)
    scenario = store(noise, [camera(f"cam-{number}") for number in range(cameras)])
    seen = watch(scenario, people, 41)
    true = np.array([true_signature(1, each, START_MS) for each in people])
    samples = np.array(
        [
            [
                [np.frombuffer(sign.signature, dtype=np.int8) for sign in _signs(line)]
                for line in seen.lines[f"cam-{number}"]
                if line.signatures is not UNSET
            ]
            for number in range(cameras)
        ]
    ).astype(np.float64)
    assert samples.shape == (cameras, 3, 60, 64)
    to_true = cosine(samples, true)
    assert to_true.mean() == pytest.approx((1 + sd**2 + camera_sd**2) ** -0.5, abs=0.02)
    within = cosine(samples[:, 0], samples[:, 1]).mean()
    assert within == pytest.approx((1 + camera_sd**2) / (1 + sd**2 + camera_sd**2), abs=0.03)
    # What is left of the mean over all people is the camera's own offset.
    offsets = samples.mean(axis=(1, 2))
    assert cosine(offsets, camera_offsets(1, cameras, camera_sd) + true.mean(axis=0)).min() > 0.9


def test_the_same_seed_gives_the_same_bytes_and_streams_do_not_mix() -> None:
    def run(noise: Noise, seed: int = 1) -> bytes:
        rng = np.random.default_rng(2)
        seen = watch(store(noise), apart(10), 300, lambda _, people: _walk(rng, people), seed=seed)
        plain = [[(p.id, p.x_m, p.y_m) for p in line.tracks] for line in seen.lines[CAMERA]]
        return msgspec.json.encode([plain, seen.false_tracks])

    noise = Noise(position_m=0.1, false_tracks_per_min=3.0, missed_detections=0.1, switches_per_min=2.0)
    assert run(noise) == run(noise)
    assert run(noise) != run(noise, seed=2)
    assert run(noise) == run(msgspec.structs.replace(noise, signature_sd=1.0, signature_camera_sd=0.5))


def test_a_whole_store_with_everything_wrong_is_the_same_store_and_the_same_bytes_again() -> None:
    noise = Noise(
        position_m=0.05,
        missed_ticks=0.05,
        missed_detections=0.05,
        fragments_per_min=1.0,
        switches_per_min=4.0,
        false_tracks_per_min=2.0,
        occlusion=True,
        signature_sd=1.0,
        signature_camera_sd=0.7,
    )
    outage = Outages(what="camera", per_day=2000.0, lasts_s=(2.0, 5.0))
    shop = load_scenario("corner_shop")

    def run(scenario: Scenario) -> tuple[bytes, Truth]:
        simulated = Store(scenario, 4, START_MS)
        lines = [msgspec.json.encode(output) for _ in range(600) for output in simulated.step()]
        return b"\n".join([*lines, msgspec.json.encode(simulated.truth())]), simulated.truth()

    (noisy, truth), (again, _) = (run(msgspec.structs.replace(shop, noise=noise, outages=(outage,))) for _ in range(2))
    _, clear = run(msgspec.structs.replace(shop, noise=Noise(), outages=()))
    assert noisy == again
    assert truth.totals == clear.totals
    assert truth.false_tracks
    assert truth.outages
    assert [each.stays for each in truth.people] == [each.stays for each in clear.people]
    assert len([track for each in truth.people for track in each.tracks]) > len(clear.people)


def test_who_leaves_and_comes_back_gets_a_new_track() -> None:
    one, other = apart(2)

    def come_and_go(tick: int, people: list[Person]) -> None:
        people[:] = [other] if 10 <= tick < 30 else [other, one]

    seen = watch(store(Noise(), [camera(sees=FLOOR)]), [], 40, come_and_go)
    assert sorted((name, track.track_id) for name, track in seen.tracks) == [("s0", "p2"), ("s0", "p3"), ("s1", "p1")]
