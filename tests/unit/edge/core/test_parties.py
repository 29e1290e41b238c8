"""Who passes together: companions, strangers, streams, and one hint a party."""

from collections import Counter
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.events import EventDraft, Source
from contracts.payloads import FootfallCrossing, PathPoint
from contracts.privacy import UplinkPayload
from edge.core.floor import FLOOR_ITSELF
from edge.core.parties import PartyRules, Passer, mean_distance_m
from edge.core.pipeline import Person, PipelineRules, blind, finish, initial_state, step
from edge.core.tripwire import Tripwire

DOOR = Tripwire(id="door", kind="entrance", points=((-50.0, 5.0), (50.0, 5.0)), band=0.15, settle_s=1.0)
RULES = PipelineRules(source=Source("acme", "north", "cam"), tripwires=(DOOR,), floor=FLOOR_ITSELF)
FRAME_MS = 200
SPEED = 1.2
Walk = tuple[float, float, float]
"""When it begins, s; where, x in metres; its length, s."""


def seen(walks: Mapping[str, Walk], frame: int) -> list[Person]:
    """Return who is seen: everyone walks down through the door's line at y = 5."""
    people = []
    for name, (begins_s, x_m, length_s) in walks.items():
        since_s = frame * FRAME_MS / 1000 - begins_s
        if 0 <= since_s <= length_s:
            people.append(Person(name, (x_m, SPEED * since_s), 0.9))
    return people


def drafts_of(walks: Mapping[str, Walk], rules: PipelineRules = RULES) -> list[EventDraft[UplinkPayload]]:
    state, drafts = initial_state(), list[EventDraft[UplinkPayload]]()
    for frame in range(110):
        state, more = step(rules, state, seen(walks, frame), frame * FRAME_MS)
        drafts += more
    return drafts + finish(rules, state)[1]


def hints(walks: Mapping[str, Walk], rules: PipelineRules = RULES) -> dict[str, str | None]:
    told = [draft.data for draft in drafts_of(walks, rules) if isinstance(draft.data, FootfallCrossing)]
    return {crossing.track_id: crossing.party_hint for crossing in told}


def test_who_is_alone_is_a_party_too() -> None:
    assert hints({"a": (0, 0, 8)}) == {"a": "a"}


def test_companions_carry_the_first_ones_hint() -> None:
    assert hints({"a": (0.2, 0, 8), "b": (0, 1.0, 8), "c": (1.0, 0.5, 8)}) == {"b": "b", "a": "b", "c": "b"}


def test_strangers_at_a_distance_or_later_are_others() -> None:
    assert hints({"a": (0, 0, 8), "b": (0, 4.0, 8)}) == {"a": "a", "b": "b"}
    assert hints({"a": (0, 0, 8), "b": (4.4, 0, 8)}) == {"a": "a", "b": "b"}


def test_who_was_in_view_with_nobody_before_is_alone() -> None:
    """Two who pass the door at once, of whom one was seen only behind it: nothing is known of the way."""
    short = replace(RULES, parties=PartyRules(together_s=5.0))
    assert hints({"a": (0, 0, 8), "b": (0, 1.0, 8)}, short) == {"a": "a", "b": "a"}
    assert hints({"a": (0, 0, 5.6), "b": (0.6, 1.0, 8)}, short) == {"a": "a", "b": "b"}


def test_a_stream_of_strangers_is_not_one_party_link_by_link() -> None:
    stream = {f"p{index}": (1.5 * index, 0.0, 8.0) for index in range(8)}
    found = Counter(hints(stream).values())
    assert max(found.values()) <= 3
    assert sum(found.values()) == 8


def test_of_two_parties_that_fit_the_nearer_one_counts() -> None:
    walks = {"a": (0, 0, 8), "b": (0, 4.0, 8), "c": (0.4, 2.4, 8)}
    assert hints(walks) == {"a": "a", "b": "b", "c": "b"}


def test_the_other_way_and_another_line_are_other_parties() -> None:
    other = Tripwire(id="inner", kind="internal", points=((-50.0, 7.0), (50.0, 7.0)), band=0.15, settle_s=1.0)
    back = Tripwire(id="back", kind="internal", points=((50.0, 5.0), (-50.0, 5.0)), band=0.15, settle_s=1.0)
    told = drafts_of({"a": (0, 0, 8), "b": (0.2, 1, 8)}, replace(RULES, tripwires=(DOOR, other, back)))
    crossings = [draft.data for draft in told if isinstance(draft.data, FootfallCrossing)]
    assert Counter((c.tripwire_id, c.direction, c.party_hint) for c in crossings) == {
        ("door", "in", "a"): 2,
        ("inner", "in", "a"): 2,
        ("back", "out", "a"): 2,
    }


def test_without_a_floor_nobody_says_who_came_together() -> None:
    assert hints({"a": (0, 0, 8), "b": (0, 1.0, 8)}, replace(RULES, floor=None)) == {"a": None, "b": None}


def test_a_camera_that_goes_blind_still_tells_the_party() -> None:
    walks = {"a": (0.0, 0.0, 8.0), "b": (0.2, 1.0, 8.0)}
    state, drafts = initial_state(), list[EventDraft[UplinkPayload]]()
    for frame in range(25):
        state, more = step(RULES, state, seen(walks, frame), frame * FRAME_MS)
        drafts += more
    drafts += blind(RULES, state, 25 * FRAME_MS, 25 * FRAME_MS)[1]
    found = {d.data.track_id: d.data.party_hint for d in drafts if isinstance(d.data, FootfallCrossing)}
    assert found == {"a": "a", "b": "a"}


def passer(*path: tuple[int, float, float], time_ms: int = 5000, seen_ms: int = 6000) -> Passer:
    points = tuple(PathPoint(*point) for point in path)
    return Passer(tripwire_id="door", direction="in", time_ms=time_ms, party="p", path=points, seen_ms=seen_ms)


def test_distance_is_the_mean_over_the_time_in_common() -> None:
    one, other = passer((0, 0, 0), (4000, 4, 0)), passer((2000, 2, 1), (4000, 4, 1), (6000, 4, 1))
    assert mean_distance_m(PartyRules(), one, other) == pytest.approx(1.0)
    assert mean_distance_m(PartyRules(), one, passer()) is None
    assert mean_distance_m(PartyRules(), passer(), one) is None
    assert mean_distance_m(PartyRules(), one, passer((5800, 0, 0))) is None
    assert mean_distance_m(PartyRules(look_back_s=0.5), passer((0, 0, 0), (9000, 0, 0)), passer((0, 5, 0))) is not None


starts = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), min_size=1, max_size=6)


@given(starts)
@settings(max_examples=30)
def test_heads_and_parties_are_both_derivable_and_the_same_each_time(found: list[tuple[int, int]]) -> None:
    walks = {f"t{index}": (begin / 4, x / 2, 8.0) for index, (begin, x) in enumerate(found)}
    told = drafts_of(walks)
    assert msgspec.json.encode(told) == msgspec.json.encode(drafts_of(dict(reversed(list(walks.items())))))
    by_track = hints(walks)
    assert len(by_track) == len(walks)
    for name, hint in by_track.items():
        assert hint is not None
        assert by_track[hint] == hint
        others = [other for other, theirs in by_track.items() if theirs == hint and other != name]
        assert hint == name or others
