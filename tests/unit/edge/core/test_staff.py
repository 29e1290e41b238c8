"""What a camera says of whether somebody works there, and that nothing more than a number leaves it."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import EventDraft, Source
from contracts.fields import ZoneKind
from contracts.payloads import VisitSegment
from contracts.privacy import UplinkPayload
from contracts.staff import PRIOR, STAFF_RULE, Habit, score_of
from edge.core import staff
from edge.core.hours import OpeningHours
from edge.core.pipeline import Person, PipelineRules, finish, initial_state, step
from edge.core.segments import SegmentRules
from edge.core.staff import StaffRules, StaffTrace
from edge.core.zones import StayState, Zone

START_MS = 1_772_442_000_000


def _zone(name: str, kind: ZoneKind, left: float) -> Zone:
    corners = ((left, 0.0), (left + 2, 0.0), (left + 2, 2.0), (left, 2.0))
    return Zone(id=name, kind=kind, polygon=corners, band=0.1, min_stay_s=1.0)


ZONES = (_zone("desk", "staff", 0.0), _zone("rack", "shelf", 4.0), _zone("door", "entrance", 8.0))
DESK, RACK, DOOR, AISLE = 1.0, 5.0, 9.0, 3.0


def _segments(
    where: Sequence[tuple[float, float]],
    zones: tuple[Zone, ...] = ZONES,
    rules: StaffRules | None = None,
    *,
    start_ms: int = START_MS,
    reentry: str | None = None,
    uniform: float | None = None,
) -> list[VisitSegment]:
    """Return what is told of somebody who stands at places on a line (x, seconds), one after the other."""
    pipeline = PipelineRules(
        source=Source("acme", "north", "cam"), zones=zones, segments=SegmentRules(staff=rules or StaffRules())
    )
    state, told, t_ms = initial_state(), list[EventDraft[UplinkPayload]](), start_ms
    for x, seconds in where:
        for _ in range(round(seconds * 2)):
            state, drafts = step(pipeline, state, [Person("a", (x, 1.0), 0.9, reentry, uniform)], t_ms)
            told += drafts
            t_ms += 500
    told += finish(pipeline, state)[1]
    return [draft.data for draft in told if isinstance(draft.data, VisitSegment)]


def _last(
    where: Sequence[tuple[float, float]],
    zones: tuple[Zone, ...] = ZONES,
    rules: StaffRules | None = None,
    *,
    start_ms: int = START_MS,
    uniform: float | None = None,
) -> VisitSegment:
    return _segments(where, zones, rules, start_ms=start_ms, uniform=uniform)[-1]


def _kinds(told: VisitSegment) -> dict[str, float]:
    return {each.kind: each.log_odds for each in told.staff_evidence}


def test_who_stands_behind_the_desk_is_staff_and_who_walks_by_is_not():
    clerk = _last([(RACK, 5), (DESK, 40), (RACK, 5)])
    assert clerk.staff_score is not None
    assert clerk.staff_score > 0.95
    assert (clerk.staff_rule_version, clerk.staff_score) == (STAFF_RULE, score_of(clerk.staff_evidence))
    customer = _last([(DOOR, 3), (RACK, 60), (AISLE, 5), (DOOR, 3)])
    assert (customer.staff_score, customer.staff_evidence) == (PRIOR, ())


def test_where_there_is_nothing_to_look_at_nothing_is_known():
    told = _last([(RACK, 60)], ZONES[1:])
    assert (told.staff_score, told.staff_rule_version, told.staff_evidence) == (None, None, ())


def test_a_track_that_begins_or_ends_where_only_staff_is_speaks_for_staff():
    glimpse = {"zone": 2.71}
    assert _kinds(_last([(DESK, 0.5), (RACK, 9)])) == glimpse
    *going_on, ended = _segments([(RACK, 9), (DESK, 1.0)])
    assert _kinds(ended) == glimpse
    assert {each.staff_score for each in going_on} == {PRIOR}


def test_hours_in_one_view_make_staff_by_themselves():
    rules = StaffRules(view_customers=Habit(mean_s=20.0), view_staff=Habit(mean_s=200.0))
    told = _segments([(RACK, 200)], ZONES[1:], rules)
    assert told[0].staff_score is None
    assert _kinds(told[-1]) == {"presence": 6.0}


def test_who_comes_back_goes_on_being_known_for_as_long():
    rules = StaffRules(view_customers=Habit(mean_s=20.0), view_staff=Habit(mean_s=200.0), remember_s=500.0)
    pipeline = PipelineRules(
        source=Source("acme", "north", "cam"), zones=ZONES, segments=SegmentRules(staff=rules, lost_after_s=2.0)
    )

    def presence(gap_s: float, group: str | None) -> float:
        state, told, t_ms = initial_state(), list[EventDraft[UplinkPayload]](), START_MS
        for name in ("a", "b"):
            for _ in range(80):
                state, drafts = step(pipeline, state, [Person(name, (RACK, 1.0), 0.9, group)], t_ms)
                told += drafts
                t_ms += 500
            t_ms += round(gap_s * 1000)
        told += finish(pipeline, state)[1]
        last = [draft.data for draft in told if isinstance(draft.data, VisitSegment)][-1]
        return _kinds(last).get("presence", 0.0)

    assert presence(60, "one") > 1.0 > presence(60, None)
    assert presence(600, "one") == presence(60, None)


def test_what_is_remembered_of_people_is_bounded_and_ends():
    rules = StaffRules(remember_s=10.0)
    known: staff.Presence = {}
    for number in range(1500):
        known = staff.remember(rules, known, f"p{number}", StaffTrace(0), 5000)
    assert len(known) == 1000
    assert staff.remember(rules, known, None, StaffTrace(0), 9000) is known
    assert staff.remember(rules, known, "late", StaffTrace(10_000), 16_000) == {"late": (6.0, 16_000)}
    trace = StaffTrace(0)
    assert staff.recall(rules, known, None, trace) is staff.recall(rules, known, "nobody", trace) is trace
    assert staff.recall(rules, {"a": (7.0, 1)}, "a", trace).earlier_s == 7.0


BERLIN = OpeningHours(opens=time(10), closes=time(20), zone=ZoneInfo("Europe/Berlin"), linger_s=1800.0)


def _ms(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("utc", "is_closed"),
    [
        ("2026-03-28T08:59:59", True),  # The day before the clocks change, 09:59 on the wall.
        ("2026-03-28T09:00:00", False),
        ("2026-03-29T07:59:59", True),  # The day after, the same time on the wall is an hour earlier in UTC.
        ("2026-03-29T08:00:00", False),
        ("2026-03-29T18:29:59", False),  # Until 20:00, and half an hour to leave.
        ("2026-03-29T18:30:00", True),
    ],
)
def test_hours_follow_the_clock_on_the_wall(utc: str, is_closed: bool):
    assert BERLIN.is_closed(_ms(utc)) is is_closed


def test_a_store_may_be_open_over_midnight():
    bar = OpeningHours(opens=time(18), closes=time(2), zone=UTC, linger_s=0.0)
    assert [bar.is_closed(_ms(f"2026-03-02T{hour:02}:00:00")) for hour in (1, 2, 12, 18, 23)] == [
        False, True, True, False, False,
    ]  # fmt: skip


def test_who_is_inside_before_the_doors_open_is_staff():
    early, rules = _ms("2026-03-02T08:00:00"), StaffRules(hours=BERLIN)
    told = _last([(RACK, 300)], ZONES[1:], rules, start_ms=early)
    assert told.staff_score is not None
    assert told.staff_score > 0.9
    waits = _last([(DOOR, 300)], ZONES[1:], rules, start_ms=early)
    assert (waits.staff_score, _kinds(waits)) == (PRIOR, {})
    assert _kinds(_last([(RACK, 300)], ZONES[1:], rules, start_ms=_ms("2026-03-02T12:00:00"))) == {}


def test_what_clothes_say_is_taken_as_last_told():
    assert _kinds(_last([(RACK, 9)], ZONES[1:], uniform=2.5)) == {"uniform": 2.5}
    against = _last([(RACK, 9)], ZONES[1:], uniform=-1.0)
    assert against.staff_score is not None
    assert against.staff_score < PRIOR


def test_nothing_of_anybodys_looks_is_in_a_segment():
    told = _segments([(RACK, 9), (DESK, 20)], uniform=2.5, reentry="g")
    known = {"zone_id", "zone_kind", "entered_ms", "left_ms", "kind", "log_odds", *VisitSegment.__struct_fields__}

    def keys(value: object) -> set[str]:
        if isinstance(value, dict):
            return set(value) | {key for each in value.values() for key in keys(each)}
        return {key for each in value for key in keys(each)} if isinstance(value, list) else set()

    for each in told:
        raw = msgspec.json.encode(each)
        assert keys(msgspec.json.decode(raw)) <= known
        assert len(msgspec.json.encode(each.staff_evidence)) < 200


@given(st.floats(0, 300), st.floats(0, 300), st.booleans())
def test_more_time_behind_the_desk_never_makes_staff_less_likely(one_s: float, other_s: float, began_there: bool):
    rules, trace = StaffRules(), StaffTrace(0, began_there=began_there)
    short, long = (
        staff.judge(rules, trace, [(ZONES[0], StayState(0))], round(each * 1000), has_ended=True).score
        for each in sorted((one_s, other_s))
    )
    assert short is not None
    assert long is not None
    assert 0 <= short <= long <= 1
