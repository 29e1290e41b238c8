"""On which trading days cameras are joined: decided when the store closes, for whoever is seen first after that."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, time
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.events import Source, decode_event, draft_event, encode_event
from contracts.payloads import StaffShown, VisitRevised, VisitSegment
from contracts.topics import event_topic
from gateway.adapters.event_store import EventStore
from gateway.core.joining import Decision, Joining
from gateway.core.judging import judge
from gateway.core.occupancy import DAY_MS, Hours
from gateway.core.stitching import STITCH_RULE_VERSION, StitchRules
from gateway.core.stitching.tracklets import put_right
from gateway.errors import EventStoreError
from tests.unit.gateway.stitch_samples import look, segment, signature, standing, stay

EVENING = Hours(time(21, 30), UTC)
CLOSING_MS = round(datetime(2026, 3, 4, 21, 30, tzinfo=UTC).timestamp() * 1000)
START_MS = 1_772_700_000_000
"""When the samples begin: 8:40 on the day after that closing."""
GATEWAY = Source("acme", "store-1", "gateway")
ONE, TWO = Source("acme", "store-1", "one"), Source("acme", "store-1", "two")
TERMINAL = Source("acme", "store-1", "kiosk")
HALL = (stay("hall", "floor", 0, 30),)


def noon(day: int) -> int:
    return CLOSING_MS + day * DAY_MS + DAY_MS // 2


def auto(*days: dict[str, tuple[int, bool]]) -> Joining:
    """Return what is known after days on which each device told of so many segments, and sent signatures or not."""
    joining = Joining(StitchRules(), EVENING)
    for number, devices in enumerate(days):
        for device, (segments, signs) in devices.items():
            for _ in range(segments):
                joining.take_segment(device, noon(number), noon(number), is_first=True)
            if signs:
                joining.take_signature(device, noon(number))
        joining.decide(noon(number + 1))
    return joining


@pytest.mark.parametrize("setting", [True, False])
def test_a_setting_holds_always(setting: bool) -> None:
    joining = Joining(StitchRules(enabled=setting), EVENING)
    joining.take_segment("one", noon(0), noon(0), is_first=True)
    assert joining.joins_at(0) is joining.joins_at(noon(9)) is joining.ever_joins is setting
    assert joining.decide(noon(3)) is None
    assert ("not" not in joining.state(noon(0)).line, joining.state(noon(0)).decision) == (setting, None)


def test_cameras_are_joined_on_the_day_after_one_with_signatures() -> None:
    joining = auto({"one": (3, True), "two": (4, True)})
    assert [joining.joins_at(at) for at in (noon(0), CLOSING_MS + DAY_MS - 1, CLOSING_MS + DAY_MS)] == [
        False,
        False,
        True,
    ]
    assert joining.ever_joins
    assert joining.state(noon(1)).decision == Decision(CLOSING_MS + DAY_MS, joins=True, segments=7, signed=7)
    assert "7 of 7 segments" in joining.state(noon(1)).line


@pytest.mark.parametrize(("with_signatures", "joins"), [(9, True), (8, False), (0, False)])
def test_nearly_all_segments_must_be_of_cameras_with_signatures(with_signatures: int, joins: bool) -> None:
    joining = auto({"one": (with_signatures, True), "two": (10 - with_signatures, False)})
    assert joining.joins_at(noon(1)) is joins


def test_before_the_store_has_closed_once_nobody_is_joined() -> None:
    joining = Joining(StitchRules(), EVENING)
    joining.take_segment("one", noon(0), noon(0), is_first=True)
    joining.take_signature("one", noon(0))
    assert not joining.is_due(noon(0))
    assert not joining.joins_at(noon(0))
    assert "until the store has closed once" in joining.state(noon(0)).line


def test_a_day_without_segments_changes_nothing() -> None:
    joining = auto({"one": (3, True)}, {}, {"one": (0, True)}, {"one": (2, False)})
    assert [joining.joins_at(noon(day)) for day in range(5)] == [False, True, True, True, False]


def test_who_was_told_of_before_the_decision_stays_what_he_or_she_was() -> None:
    joining = Joining(StitchRules(), EVENING)
    early_ms = CLOSING_MS + DAY_MS + 7000  # A device whose clock is ahead tells of it before the store closes.
    joining.take_segment("one", early_ms, CLOSING_MS + DAY_MS - 1000, is_first=False)
    joining.take_segment("one", early_ms - 9000, CLOSING_MS + DAY_MS - 900, is_first=True)
    joining.take_signature("one", noon(0))
    before = joining.joins_at(early_ms)
    joining.decide(noon(1))
    assert (before, joining.joins_at(early_ms), joining.joins_at(early_ms + 1)) == (False, False, True)


def test_a_gateway_that_was_off_at_closing_decides_when_it_is_on_again() -> None:
    first = Joining(StitchRules(), EVENING)
    key, day = first.take_segment("one", noon(0), noon(0), is_first=True) or pytest.fail("it is known already")
    assert first.take_segment("one", noon(0), noon(0) + 1, is_first=False) is None
    assert first.take_signature("one", noon(0)) == (key, day)
    assert first.take_signature("one", noon(0)) is None
    again = Joining(StitchRules(), EVENING, (), [(key, day)])
    decision = again.decide(noon(5)) or pytest.fail("nothing was decided")
    assert (decision.from_ms, decision.joins) == (CLOSING_MS + 5 * DAY_MS, True)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["one", "two"]), st.integers(0, 5 * DAY_MS), st.integers(-3600_000, 3600_000), st.booleans()
        ),
        max_size=30,
    )
)
def test_what_was_answered_of_a_segment_never_changes(told: list[tuple[str, int, int, bool]]) -> None:
    joining, answers, decisions = Joining(StitchRules(), EVENING), dict[int, bool](), list[Decision]()
    for device, after_ms, ahead_ms, signs in sorted(told, key=lambda each: each[1]):
        now_ms = CLOSING_MS + after_ms
        decision = joining.decide(now_ms)
        decisions += [decision] if decision else []
        opened_ms = now_ms + ahead_ms
        answers.setdefault(opened_ms, joining.joins_at(opened_ms))
        joining.take_segment(device, opened_ms, now_ms, is_first=True)
        if signs:
            joining.take_signature(device, now_ms)
    assert all(joining.joins_at(opened_ms) is answer for opened_ms, answer in answers.items())
    again = Joining(StitchRules(), EVENING, reversed(decisions))
    assert all(again.joins_at(opened_ms) is answer for opened_ms, answer in answers.items())
    assert all(one.from_ms < other.from_ms for one, other in pairwise(decisions))


class Shop:
    """A store's file, taking in segments that begin so many days after the samples."""

    def __init__(self, folder: Path) -> None:
        self._path, self._sent = folder / "gateway.sqlite", 0
        self.reopen()

    def reopen(self) -> None:
        self.store = EventStore(self._path, GATEWAY, StitchRules(), hours=EVENING)

    def restart(self) -> None:
        self.store.close()
        self.reopen()

    def take(self, device: Source, data: VisitSegment | StaffShown, time_ms: int, received_ms: int) -> None:
        self._sent += 1
        event = draft_event(device, data, time_ms, self._sent).numbered(device, self._sent)
        properties = {"epoch": "a1", "sequence": str(self._sent)}
        self.store.receive([judge(event_topic(device, type(data)), encode_event(event), properties, received_ms)])

    def pass_by(self, name: str, day: int) -> None:
        """Let somebody be seen by two cameras at once, who send signatures."""
        shift_ms = day * DAY_MS
        for device in (ONE, TWO):
            seen = put_right(segment(device, name, standing(3, 3), (0, 30), HALL, ordinal=0), -shift_ms)
            sign = signature(seen, look(1))
            self.store.take_signature(device, sign, seen.opened_ms)
            self.take(device, seen, seen.updated_ms, seen.updated_ms + 500)
        self.store.settle(START_MS + shift_ms + 60_000)

    def visits(self) -> dict[str, VisitRevised]:
        events = [decode_event(each.body).data for each in self.store.waiting(999)]
        return {each.visit_id: each for each in events if isinstance(each, VisitRevised)}

    def rules(self) -> list[str]:
        return sorted(each.rule_version for each in self.visits().values() if each.status != "merged")


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    opened = Shop(tmp_path)
    yield opened
    opened.store.close()


def test_a_store_whose_cameras_send_signatures_joins_them_from_the_second_day_on(shop: Shop) -> None:
    shop.pass_by("a", day=0)
    assert shop.rules() == ["single-segment-1"] * 2
    shop.restart()
    assert not shop.store.joining(START_MS).joins
    shop.pass_by("b", day=1)
    assert shop.rules() == ["single-segment-1"] * 2 + [STITCH_RULE_VERSION]
    assert shop.store.joining(START_MS + DAY_MS).joins


def test_neither_a_restart_nor_what_comes_late_changes_whose_day_was_joined(shop: Shop) -> None:
    shop.pass_by("a", day=0)
    shop.pass_by("b", day=1)
    before = shop.visits()
    shop.restart()
    late = segment(ONE, "a", standing(3, 3), (0, 30), HALL, ordinal=1)
    shop.take(ONE, late, late.updated_ms, START_MS + DAY_MS + 90_000)
    shop.store.settle(START_MS + DAY_MS + 120_000)
    after = shop.visits()
    assert after.keys() == before.keys()
    assert [each.revision for each in after.values() if each != before[each.visit_id]] == [2]
    assert shop.rules() == ["single-segment-1"] * 2 + [STITCH_RULE_VERSION]


def test_a_store_that_sends_no_signatures_any_more_stops_joining(shop: Shop) -> None:
    shop.pass_by("a", day=0)
    unsigned = put_right(segment(ONE, "b", standing(3, 3), (0, 30), HALL, ordinal=0), -DAY_MS)
    shop.take(ONE, unsigned, unsigned.updated_ms, unsigned.updated_ms)
    shop.store.settle(START_MS + 2 * DAY_MS)
    assert not shop.store.joining(START_MS + 2 * DAY_MS).joins
    assert STITCH_RULE_VERSION in shop.rules(), "who was seen on the day that was joined is joined however late"


def test_a_staff_card_counts_on_either_kind_of_day(shop: Shop) -> None:
    roles = []
    for day in (0, 1):
        shop.pass_by(f"p{day}", day)
        shown_ms = START_MS + day * DAY_MS + 10_000
        shop.take(TERMINAL, StaffShown(zone_id="hall"), shown_ms, shown_ms + 70_000)
        shop.store.settle(shown_ms + 200_000)
        shop.restart()
        shop.pass_by(f"q{day}", day)
        told = [each for each in shop.visits().values() if each.opened_ms == START_MS + day * DAY_MS and each.stays]
        roles.append(sorted(sum(kind.kind == "card" for kind in each.staff_evidence) for each in told))
    assert roles == [[1, 1, 1, 1], [1, 1]]


def test_what_was_noted_of_signatures_is_forgotten_with_what_could_not_be_written(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = segment(ONE, "a", standing(3, 3), (0, 30), HALL, ordinal=0)
    shop.store.take_signature(ONE, signature(seen, look(1)), seen.opened_ms)
    with monkeypatch.context() as patch:
        patch.setattr(shop.store._streams, "advance", lambda _: (_ for _ in ()).throw(sqlite3.OperationalError("full")))
        with pytest.raises(EventStoreError, match="full"):
            shop.take(ONE, seen, seen.updated_ms, seen.updated_ms)
    assert not shop.store.joining(START_MS).joins
    shop.store.take_signature(ONE, signature(seen, look(1)), seen.opened_ms)
    shop.take(ONE, seen, seen.updated_ms, seen.updated_ms)
    shop.restart()
    shop.store.settle(START_MS + DAY_MS)
    assert shop.store.joining(START_MS + DAY_MS).joins
