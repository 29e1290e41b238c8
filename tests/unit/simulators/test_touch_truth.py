"""What the truth says of a touch, against what can be found out otherwise."""

from collections import Counter
from math import hypot

from msgspec import UNSET

from simulators.core.lines import TrackLine
from simulators.core.truth import RIVAL_WINDOW_MS, TrueTouch, Truth
from tests.unit.simulators.runs import Simulated, half_hour
from tests.unit.simulators.trial import agrees, trial

SEEDS = range(1, 6)


def _spots(run: Simulated) -> dict[str, tuple[float, float]]:
    return {kiosk.id: kiosk.spot for kiosk in run.scenario.kiosks} | {till.id: till.spot for till in run.scenario.tills}


def test_rivals_near_the_spot_are_those_whom_a_perfect_camera_shows_there(run: Simulated) -> None:
    person_of = {(track.camera_id, track.track_id): person for person in run.truth.people for track in person.tracks}
    lines = {
        (output.device_id, output.line.t_ms): output.line
        for output in run.outputs
        if isinstance(output.line, TrackLine)
    }
    for touch in run.truth.touches:
        near = set()
        for camera in run.scenario.cameras:
            for point in lines[camera.id, touch.true_ms].tracks:
                spot_x, spot_y = _spots(run)[touch.device_id]
                person = person_of[camera.id, point.id]
                if person.role == "shopper" and hypot(point.x_m - spot_x, point.y_m - spot_y) <= 2.0:
                    near.add(person.person_id)
        assert touch.rivals_2m == len(near - {touch.person_id})


def test_every_slice_of_rivals_and_party_sizes_occurs() -> None:
    touches = [touch for seed in SEEDS for touch in half_hour(seed).truth.touches]
    assert {0, 1, 2} <= {touch.rivals_2m for touch in touches}
    assert {1, 2, 3} <= {touch.party_size for touch in touches} <= {1, 2, 3, 4}


def test_the_party_size_is_how_many_came_together(run: Simulated) -> None:
    sizes = Counter(person.party_id for person in run.truth.people)
    assert all(touch.party_size == sizes[touch.party_id] for touch in run.truth.touches)


def _was_there(truth: Truth, person_id: str, touch: TrueTouch) -> bool:
    person = next(person for person in truth.people if person.person_id == person_id)
    begins, ends = touch.true_ms - RIVAL_WINDOW_MS, touch.true_ms + RIVAL_WINDOW_MS
    return any(
        stay.zone_id == touch.zone_id and stay.entered_ms <= ends and (stay.left_ms is None or stay.left_ms >= begins)
        for stay in person.stays
    )


def test_who_could_have_made_a_touch_goes_by_true_time() -> None:
    truth = trial().truth
    assert any(touch.t_ms != touch.true_ms for touch in truth.touches)
    for touch in truth.touches:
        assert touch.person_id in touch.could_be
        assert all(_was_there(truth, person_id, touch) for person_id in touch.could_be)


def test_members_are_those_whose_identifiers_the_lines_bear() -> None:
    run = trial()
    owners = {
        identifier: identity.member_id for identity in run.truth.identities for identifier in identity.identifiers
    }
    lines = {
        "kiosk-1": [(line.t_ms, line.member) for line in run.scans],
        "till-1": [(line.t_ms, line.member) for line in run.receipts],
    }
    shown_by_another = 0
    people = {person.person_id: person for person in run.truth.people}
    for touch in run.truth.touches:
        t_ms, shown = lines[touch.device_id][touch.line_index]
        assert t_ms == touch.t_ms
        assert (None if shown is UNSET else owners[shown]) == touch.member_id
        shown_by_another += touch.member_id not in (None, people[touch.person_id].member_id)
    assert shown_by_another > 0, "some show the card of another one in the household"


def test_how_often_members_show_themselves_late_is_recovered() -> None:
    visits: dict[str, list[bool]] = {}
    for touch in trial().truth.touches:
        if touch.kind == "scan":
            visits.setdefault(touch.person_id, []).append(touch.member_id is not None)
    shown = [visit for visit in visits.values() if any(visit)]
    assert all(all(visit[1:]) for visit in shown)
    assert agrees(sum(not visit[0] for visit in shown), len(shown), trial().scenario.behaviour.late_member)


def test_how_many_members_come_and_show_themselves_is_recovered() -> None:
    run, behaviour = trial(), trial().scenario.behaviour
    leaders = {person.party_id: person for person in reversed(run.truth.people) if person.purpose is not None}
    members = [person for person in leaders.values() if person.member_id is not None]
    assert agrees(len(members), len(leaders), behaviour.members)
    touched = {touch.person_id: False for touch in run.truth.touches}
    for touch in run.truth.touches:
        touched[touch.person_id] |= touch.member_id is not None
    shown = [touched[person.person_id] for person in members if person.person_id in touched]
    assert agrees(sum(shown), len(shown), behaviour.show_member)
