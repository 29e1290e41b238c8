"""What a simulated store puts out agrees with what really happened in it."""

from collections import Counter, defaultdict
from itertools import pairwise

import msgspec
import numpy as np
from msgspec.structs import replace

from simulators.adapters.feed_files import feed_names
from simulators.core.geometry import ConvexObstacle, Point, contains
from simulators.core.layout import Tripwire
from simulators.core.lines import ReceiptLine, ScanLine, TrackLine
from simulators.core.scenario import Noise, Scenario, obstacles
from simulators.core.store import Store
from simulators.core.truth import TruePerson
from tests.unit.simulators.runs import START_MS, WHOLE_SHOP, Simulated, half_hour

ROUNDED_M = 0.001  # Cameras tell millimetres.


def _track_paths(run: Simulated) -> dict[str, list[Point]]:
    paths: dict[str, list[Point]] = defaultdict(list)
    for line in run.tracks:
        for point in line.tracks:
            paths[point.id].append((point.x_m, point.y_m))
    return paths


def _persons_by_track(run: Simulated) -> dict[str, TruePerson]:
    return {
        track.track_id: person
        for person in run.truth.people
        for track in person.tracks
        if track.camera_id == WHOLE_SHOP
    }


def _sides(wire: Tripwire, path: list[Point]) -> list[bool]:
    """Which side of a wire each point lies on, by the angle between two vectors (no code of ours)."""
    (ax, ay), (bx, by) = wire.points
    return [float(np.linalg.det([[bx - ax, by - ay], [x - ax, y - ay]])) > 0 for x, y in path]


def test_same_seed_gives_the_same_bytes(scenario: Scenario) -> None:
    def run(seed: int) -> bytes:
        store = Store(scenario, seed, START_MS)
        lines = [msgspec.json.encode(output) for _ in range(1200) for output in store.step()]
        return b"\n".join([*lines, msgspec.json.encode(store.truth()), msgspec.json.encode(store.members)])

    assert run(7) == run(7)
    assert run(7) != run(8)


def test_crossings_counted_from_the_feed_are_the_true_ones(run: Simulated) -> None:
    # The door spans its whole wall gap and the pavement line the whole pavement, so a change of side within the span
    # of either is a crossing.
    counted: Counter[tuple[str, str]] = Counter()
    for path in _track_paths(run).values():
        for wire in run.scenario.tripwires:
            (ax, ay), (bx, by) = wire.points
            sides = _sides(wire, path)
            for (before, after), ((px, py), (qx, qy)) in zip(pairwise(sides), pairwise(path), strict=True):
                mid_x, mid_y = (px + qx) / 2, (py + qy) / 2
                spans = min(ax, bx) <= mid_x <= max(ax, bx) if ay == by else min(ay, by) <= mid_y <= max(ay, by)
                if before != after and spans:
                    counted[wire.id, "in" if after else "out"] += 1
    for total in run.truth.totals.tripwires:
        assert counted[total.tripwire_id, "in"] == total.crossed_in
        assert counted[total.tripwire_id, "out"] == total.crossed_out
        assert total.crossed_in > 10


def test_who_crosses_the_door_is_seen_well_before_and_after(run: Simulated) -> None:
    door = next(wire for wire in run.scenario.tripwires if wire.kind == "entrance")
    entrants = 0
    for track_id, path in _track_paths(run).items():
        person = _persons_by_track(run)[track_id]
        sides = _sides(door, path)
        changes = [index for index, (before, after) in enumerate(pairwise(sides), start=1) if before != after]
        if person.role != "shopper":
            assert not changes or person.role == "passer_by"
            assert not any(crossing.tripwire_id == "door" for crossing in person.crossings)
            continue
        crossed = [crossing for crossing in person.crossings if crossing.tripwire_id == "door"]
        assert len(changes) == len(crossed)
        if changes:
            entrants += 1
            assert changes[0] >= 6
            assert path[0][1] > 9.7
        if person.left_ms is not None and person.last_seen_ms is not None:
            assert len(path) - changes[-1] >= 6
            assert path[-1][1] > 9.4
    assert entrants > 20


def test_every_entry_has_its_times_in_order(run: Simulated) -> None:
    shoppers = [person for person in run.truth.people if person.role == "shopper" and person.left_ms is not None]
    assert shoppers
    for person in shoppers:
        assert person.entered_ms is not None
        assert person.left_ms is not None
        assert person.first_seen_ms < person.entered_ms < person.left_ms < (person.last_seen_ms or 1 << 60)
        directions = [crossing.direction for crossing in person.crossings]
        assert directions == ["in", "out"] * (len(directions) // 2)  # Few give way on the threshold and step back.
        assert [(presence.entered_ms, presence.left_ms) for presence in person.presences] == [
            (person.entered_ms, person.left_ms)
        ]


def test_nobody_walks_through_walls_or_shelves(run: Simulated) -> None:
    solid = [ConvexObstacle(polygon) for polygon in obstacles(run.scenario)]
    for path in _track_paths(run).values():
        points = np.asarray(path)
        steps = np.linspace(points[:-1], points[1:], 5).reshape(-1, 2)
        assert not any(obstacle.contains(steps).any() for obstacle in solid)


def test_stays_in_the_truth_are_where_the_feed_saw_people(run: Simulated) -> None:
    zones = {zone.id: zone.polygon for zone in run.scenario.zones}
    persons = _persons_by_track(run)
    seen: Counter[tuple[str, str]] = Counter()
    unsure: Counter[tuple[str, str]] = Counter()
    for line in run.tracks:
        for point in line.tracks:
            for zone_id, polygon in zones.items():
                where, who_and_where = (point.x_m, point.y_m), (persons[point.id].person_id, zone_id)
                if any(abs(x - where[0]) <= ROUNDED_M or abs(y - where[1]) <= ROUNDED_M for x, y in polygon):
                    unsure[who_and_where] += 1
                elif contains(polygon, where):
                    seen[who_and_where] += 1
    for person in run.truth.people:
        for zone_id in zones:
            stays = [stay for stay in person.stays if stay.zone_id == zone_id]
            lasted_ms = sum((stay.left_ms or run.truth.until_ms + 250) - stay.entered_ms for stay in stays)
            who_and_where = person.person_id, zone_id
            assert abs(lasted_ms / 250 - seen[who_and_where]) <= len(stays) + unsure[who_and_where]


def test_the_till_serves_one_party_at_a_time(run: Simulated) -> None:
    zone = next(zone for zone in run.scenario.zones if zone.kind == "checkout")
    persons = _persons_by_track(run)
    served: set[str] = set()
    for line in run.tracks:
        inside = [point for point in line.tracks if contains(zone.polygon, (point.x_m, point.y_m))]
        parties = {persons[point.id].party_id for point in inside}
        assert len(parties) <= 1
        served |= parties
    assert len(served) >= 8


def test_touches_are_made_in_the_zone_and_some_are_alone_and_some_are_not(run: Simulated) -> None:
    touches = run.truth.touches
    assert all(touch.person_id in touch.could_be for touch in touches)
    alone = [touch for touch in touches if touch.could_be == (touch.person_id,)]
    assert len(alone) == run.truth.totals.touches_alone >= 10
    assert len(touches) - len(alone) == run.truth.totals.touches_with_rivals >= 1
    assert {"link", "abstain"} <= {touch.expected for touch in touches}


def test_some_rivals_are_of_one_party_and_some_are_not() -> None:
    crowded = [touch for seed in range(1, 6) for touch in half_hour(seed).truth.touches if len(touch.could_be) > 1]
    assert {touch.one_party for touch in crowded} == {True, False}


def test_expected_links_follow_consent_and_rivals(run: Simulated) -> None:
    for touch in run.truth.touches:
        assert (touch.member_id is None) == (touch.expected == "no_member")
        if touch.expected == "link":
            assert touch.could_be == (touch.person_id,)
        if touch.expected == "abstain":
            assert len(touch.could_be) > 1


def test_every_touch_stands_at_its_line_of_the_feed(run: Simulated) -> None:
    lines: dict[str, list[ScanLine | ReceiptLine]] = defaultdict(list)
    for output in run.outputs:
        if not isinstance(output.line, TrackLine):
            lines[output.device_id].append(output.line)
    assert {touch.device_id for touch in run.truth.touches} < set(feed_names(run.scenario))
    for touch in run.truth.touches:
        line = lines[touch.device_id][touch.line_index]
        assert line.t_ms == touch.t_ms
        assert (touch.kind == "scan") == (touch.receipt_id is None)
        assert getattr(line, "receipt_id", None) == touch.receipt_id
        assert (line.member is msgspec.UNSET) == (touch.member_id is None)


def test_there_is_one_line_per_tick_also_when_nobody_is_there(scenario: Scenario) -> None:
    store = Store(replace(scenario, staff=()), 1, START_MS)
    outputs = [output for _ in range(40) for output in store.step() if output.device_id == WHOLE_SHOP]
    lines = [output.line for output in outputs if isinstance(output.line, TrackLine)]
    assert [line.t_ms - START_MS for line in lines] == [250 * tick for tick in range(1, 41)]
    assert not lines[0].tracks


def test_a_member_is_in_the_store_once_at_a_time(run: Simulated) -> None:
    present: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for person in run.truth.people:
        if person.member_id is not None:
            present[person.member_id].append((person.first_seen_ms, person.last_seen_ms or run.truth.until_ms))
    for times in present.values():
        for (_, left), (came, _) in pairwise(sorted(times)):
            assert left <= came


def test_track_ids_tell_the_order_of_appearance_and_nothing_else(run: Simulated) -> None:
    ids: dict[str, None] = {}
    for line in run.tracks:
        ids.update(dict.fromkeys(point.id for point in line.tracks))
    assert list(ids) == [f"p{number}" for number in range(1, len(ids) + 1)]


def test_a_party_walks_together(run: Simulated) -> None:
    parties: dict[str, list[TruePerson]] = defaultdict(list)
    for person in run.truth.people:
        if person.role == "shopper" and person.entered_ms is not None:
            parties[person.party_id].append(person)
    sizes = {len(party) for party in parties.values()}
    assert {1, 2} <= sizes <= {1, 2, 3, 4}
    for party in parties.values():
        entered = [person.entered_ms for person in party if person.entered_ms is not None]
        assert max(entered) - min(entered) < 8_000


def test_noise_leaves_the_truth_as_it_is_and_breaks_tracks(noisy: Simulated) -> None:
    clear = Store(replace(noisy.scenario, noise=Noise()), 1, START_MS)
    for _ in range(2400):
        clear.step()
    assert clear.truth().totals == noisy.truth.totals
    assert 2000 < len(noisy.tracks) < 2300
    assert max(len(person.tracks) for person in noisy.truth.people) > 3
    track_of = [(track.camera_id, track.track_id) for person in noisy.truth.people for track in person.tracks]
    assert len(track_of) == len(set(track_of))
