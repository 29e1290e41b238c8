"""Whose a staff card was: who stood at the terminal, by zone and by place, whatever came first."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.events import EventDraft, Source, decode_event, draft_event, encode_event
from contracts.payloads import StaffShown, VisitRevised, VisitSegment
from contracts.staff import MOST
from contracts.topics import event_topic
from gateway.adapters.event_store import EventStore
from gateway.core.judging import judge
from gateway.core.staff import StaffRules
from gateway.core.stitching import StaffCards, StitchRules, Visits
from tests.unit.gateway.stitch_samples import START_MS, camera, segment, standing, stay

ONE, TWO, GATEWAY, KIOSK = camera("cam-1"), camera("cam-2"), camera("gateway"), camera("kiosk-1")
RULES = StaffRules(terminals={"kiosk-1": (1.0, 1.0)})
BY_ZONE = StaffRules()
SHOWN_MS = START_MS + 20_000
DESK = (stay("desk", "checkout", 10, 40),)


def _at(name: str, x_m: float, span_s: tuple[float, float] = (0.0, 60.0), **more: object) -> VisitSegment:
    return segment(ONE, name, standing(x_m, 1.0), span_s, DESK, **more)  # type: ignore[arg-type]


def _says(rules: StaffRules, *seen: VisitSegment) -> list[list[float]]:
    """Return what a card says of each, after all were seen."""
    cards = StaffCards(rules)
    for each in seen:
        cards.take(ONE, each)
    cards.show(KIOSK, "desk", SHOWN_MS)
    return [[round(said, 2) for said in cards.evidence((each.segment_id,), str)] for each in seen]


def test_the_only_one_at_the_terminal_showed_the_card():
    at_it, away = _at("a", 1.2), _at("b", 9.0)
    (said,), nothing = _says(RULES, at_it, away)
    assert said > 4.5
    assert nothing == []


def test_of_two_at_the_terminal_the_nearer_one_is_likelier_and_neither_certain():
    (near,), (far,) = _says(RULES, _at("a", 1.1), _at("b", 2.2))
    assert 4.5 > near > far > 0
    (one,), (other,) = _says(BY_ZONE, _at("a", 1.1), _at("b", 2.2))
    assert one == other < 3


def test_without_a_place_the_terminals_zone_counts():
    elsewhere = segment(ONE, "c", standing(1, 1), (0, 60), (stay("rack", "shelf", 5, 50),))
    early = segment(ONE, "d", standing(1, 1), (0, 60), (stay("desk", "checkout", 2, 15),))
    going_on = segment(ONE, "e", standing(1, 1), (0, 60), (stay("desk", "checkout", 2, None),))
    assert [bool(each) for each in _says(BY_ZONE, elsewhere, early, going_on)] == [False, False, True]
    no_path = replace(_at("a", 1.0), path=())
    assert _says(RULES, no_path)[0] != []


def test_who_was_not_in_sight_then_did_not_show_it():
    assert _says(RULES, _at("a", 1.0, (0, 15)), _at("b", 1.0, (25, 60))) == [[], []]


def test_two_cameras_of_one_person_are_no_rivals():
    cards, (one, two) = StaffCards(RULES), (_at("a", 1.1), segment(TWO, "b", standing(1.1, 1), (0, 60), DESK))
    cards.take(ONE, one)
    cards.take(TWO, two)
    cards.show(KIOSK, "desk", SHOWN_MS)
    ids = (one.segment_id, two.segment_id)
    (together,) = cards.evidence(ids, lambda _: "she")
    (apart,) = cards.evidence(ids[:1], str)
    assert together > 4.5 > apart


def test_repeated_late_and_forgotten():
    cards, (first, last) = StaffCards(RULES), (_at("a", 1.0, ordinal=1), _at("a", 7.0, ordinal=2))
    cards.take(ONE, last)
    cards.take(ONE, first)
    assert cards.show(KIOSK, "desk", SHOWN_MS) == set()  # The latest revision says that nobody was there.
    assert cards.show(KIOSK, "desk", SHOWN_MS) == set()
    beside = _at("b", 1.0)
    cards.take(ONE, beside)
    assert cards.rivals([beside.segment_id]) == {beside.segment_id}
    cards.take(ONE, replace(_at("z", 1.0, (3000, 3001))))
    assert len(cards.evidence([beside.segment_id], str)) == 1  # Known for as long as the card.
    with pytest.raises(KeyError):
        cards.segment(beside.segment_id)
    cards.forget(SHOWN_MS + 1)
    assert cards.evidence([beside.segment_id], str) == []


@settings(max_examples=40)
@given(st.lists(st.floats(0, 4), min_size=1, max_size=4), st.integers(1, 3), st.randoms(use_true_random=False))
def test_any_order_says_the_same_and_within_bounds(places: list[float], shown: int, random: Random):
    people = [_at(f"p{number}", x_m) for number, x_m in enumerate(places)]
    news: list[VisitSegment | int] = [*people, *(SHOWN_MS + 7 * number for number in range(shown))]

    def said() -> list[list[float]]:
        cards = StaffCards(RULES)
        for each in news:
            if isinstance(each, VisitSegment):
                cards.take(ONE, each)
            else:
                cards.show(KIOSK, "desk", each)
        return [sorted(cards.evidence((each.segment_id,), str)) for each in people]

    before = said()
    random.shuffle(news)
    assert said() == before
    assert all(0 <= each <= MOST for row in before for each in row)


def test_a_card_makes_a_joined_visit_staffs_also_where_it_comes_late():
    visits = Visits(GATEWAY, StitchRules(), RULES)
    visits.take(ONE, _at("a", 1.0))
    visits.take(ONE, _at("b", 9.0))
    assert len(visits.settle()) == 2
    visits.take_card(KIOSK, "desk", SHOWN_MS)
    (draft,) = visits.settle()
    assert (draft.data.role, draft.data.revision) == ("staff", 2)
    assert [each.kind for each in draft.data.staff_evidence] == ["card"]
    visits.take(ONE, _at("c", 1.0))  # Somebody else turns out to have stood there: nobody is sure any more.
    told = {draft.data.segment_ids[0]: draft.data for draft in visits.settle()}
    assert told[_at("a", 1.0).segment_id].role == "customer"
    visits.forget(SHOWN_MS + 3_600_000)
    assert visits.settle() == []


class _Store:
    """A gateway's file, and the highest revision of each visit in it."""

    def __init__(self, path: Path) -> None:
        self.path, self.sequences = path, dict[Source, int]()
        self.open()

    def open(self) -> None:
        self.store = EventStore(self.path, GATEWAY, StitchRules(), RULES)

    def receive(self, source: Source, draft: EventDraft[VisitSegment] | EventDraft[StaffShown]) -> None:
        number = self.sequences[source] = self.sequences.get(source, 0) + 1
        data = draft.data
        event = draft_event(source, data, draft.time_ms, draft.id).numbered(source, number)
        properties = {"epoch": "a1", "sequence": str(number), "oldest": "1"}
        self.store.receive([judge(event_topic(source, type(data)), encode_event(event), properties, SHOWN_MS)])

    def see(self, seen: VisitSegment) -> None:
        self.receive(ONE, draft_event(ONE, seen, seen.updated_ms, seen.segment_id, seen.ordinal))

    def show(self) -> None:
        self.receive(KIOSK, draft_event(KIOSK, StaffShown(zone_id="desk"), SHOWN_MS, "staff"))

    def roles(self) -> dict[str, str | None]:
        best: dict[str, VisitRevised] = {}
        for row in self.store.waiting(100):
            data = decode_event(row.body).data
            if isinstance(data, VisitRevised) and (
                data.visit_id not in best or best[data.visit_id].revision < data.revision
            ):
                best[data.visit_id] = data
        return {each.segment_ids[0]: each.role for each in best.values() if each.status in {"open", "closed"}}


@pytest.mark.parametrize("hint", [None, "a"])
@pytest.mark.parametrize("restarts", [False, True])
def test_where_cameras_are_not_joined_a_card_counts_before_and_after_and_over_a_restart(
    tmp_path: Path, hint: str | None, *, restarts: bool
):
    gateway, other = _Store(tmp_path / "gateway.sqlite"), _at("b", 9.0)
    first, last = (_at("a", 1.0, ordinal=ordinal, reentry=hint) for ordinal in (3, 8))
    gateway.see(first)
    gateway.see(other)
    assert gateway.roles() == {first.segment_id: None, other.segment_id: None}
    if restarts:
        gateway.store.close()
        gateway.open()
    gateway.show()
    assert gateway.roles() == {first.segment_id: "staff", other.segment_id: None}
    if restarts:
        gateway.store.close()
        gateway.open()
    gateway.see(last)
    gateway.show()
    assert gateway.roles() == {first.segment_id: "staff", other.segment_id: None}
    gateway.see(_at("c", 1.6, reentry="c"))
    gateway.see(_at("a", 1.0, ordinal=9, reentry=hint))
    assert gateway.roles()[first.segment_id] == "customer"  # Somebody else was nearly as near.
    gateway.store.close()
