"""Messages on their way: late, twice, in another order, held up, and never lost."""

from collections import Counter
from collections.abc import Iterator
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.delivery import (
    COPY_AFTER_S,
    IN_FLIGHT_MS,
    WAITS_FOR_NEXT_MS,
    Arrived,
    Delivery,
    Sent,
    deliver,
    deliver_to_cloud,
    to_gateway,
)
from simulators.core.scenario import Messages, Outages
from simulators.core.truth import OutageOf, TrueOutage

PERFECT = Messages()
PAGE = (Path(__file__).parents[3] / "docs" / "simulators.md").read_text(encoding="utf-8")


def _outage(what: OutageOf, from_ms: int, to_ms: int) -> TrueOutage:
    return TrueOutage(what=what, device_id=None, from_ms=from_ms, to_ms=to_ms)


def _sent(*times: int, device: str = "cam-1") -> list[Sent[int]]:
    return [Sent(t_ms, device, number) for number, t_ms in enumerate(times)]


def _numbers(arrivals: list[Arrived[int]]) -> list[tuple[int, int, bool]]:
    return [(each.arrival_ms, each.sent.message, each.is_copy) for each in arrivals]


shares = st.sampled_from([0.0, 0.1, 0.5, 1.0])
knobs_of_any_kind = st.builds(
    Messages, late=shares, late_s=st.just((0.5, 20.0)), duplicated=shares, reordered=st.sampled_from([0.0, 0.2, 0.5, 1])
)
some_messages = st.lists(st.tuples(st.integers(0, 4000), st.sampled_from("abc")), max_size=60).map(
    lambda steps: [
        Sent(sum(gap for gap, _ in steps[: place + 1]), device, place) for place, (_, device) in enumerate(steps)
    ]
)
KINDS: tuple[OutageOf, ...] = ("camera", "broker", "gateway", "wan")
some_outages = st.lists(
    st.tuples(st.sampled_from(KINDS), st.integers(0, 90_000), st.integers(1, 30_000)),
    max_size=6,
).map(lambda drawn: [_outage(what, begin, begin + lasts) for what, begin, lasts in sorted(drawn, key=lambda o: o[1])])


@given(some_messages, knobs_of_any_kind, some_outages, st.integers(0, 9))
def test_nothing_is_lost_and_nothing_comes_before_it_is_sent(
    messages: list[Sent[int]], knobs: Messages, outages: list[TrueOutage], seed: int
) -> None:
    for way in (deliver, deliver_to_cloud):
        arrivals = list(way(messages, knobs, outages, seed))
        assert sorted(each.sent.message for each in arrivals if not each.is_copy) == [each.message for each in messages]
        assert all(each.arrival_ms >= each.sent.sent_ms for each in arrivals)
        assert all(one.arrival_ms <= other.arrival_ms for one, other in pairwise(arrivals))
        first_of: set[int] = set()
        for each in arrivals:
            assert each.is_copy == (each.sent.message in first_of)
            first_of.add(each.sent.message)
        assert arrivals == list(way(messages, knobs, outages, seed))


@given(some_messages, knobs_of_any_kind, some_outages)
def test_nothing_gets_through_while_the_way_is_down(
    messages: list[Sent[int]], knobs: Messages, outages: list[TrueOutage]
) -> None:
    for way, kinds in ((deliver, ("broker", "gateway")), (deliver_to_cloud, ("wan",))):
        for each in way(messages, knobs, outages, 1):
            assert not any(o.from_ms <= each.arrival_ms < o.to_ms for o in outages if o.what in kinds)


@given(some_messages, knobs_of_any_kind, some_outages)
def test_each_devices_messages_keep_their_order_unless_asked_otherwise(
    messages: list[Sent[int]], knobs: Messages, outages: list[TrueOutage]
) -> None:
    in_order = Messages(late=knobs.late, late_s=knobs.late_s, duplicated=knobs.duplicated)
    arrivals = [each for each in deliver(messages, in_order, outages, 1) if not each.is_copy]
    for device in "abc":
        numbers = [each.sent.message for each in arrivals if each.sent.device_id == device]
        assert numbers == sorted(numbers)


@given(some_messages)
def test_without_noise_messages_arrive_as_they_are_sent(messages: list[Sent[int]]) -> None:
    expected = [Arrived(each.sent_ms, each, is_copy=False) for each in messages]
    assert list(deliver(messages, PERFECT, [], 1)) == expected
    assert list(deliver_to_cloud(messages, PERFECT, [_outage("broker", 0, 10**9)], 1)) == expected


@given(some_messages, knobs_of_any_kind, some_outages, st.lists(st.integers(0, 100_000), max_size=8))
def test_how_often_one_asks_does_not_matter(
    messages: list[Sent[int]], knobs: Messages, outages: list[TrueOutage], asked_ms: list[int]
) -> None:
    way: Delivery[int] = to_gateway(knobs, outages, 3)
    arrivals: list[Arrived[int]] = []
    questions = sorted(asked_ms)
    for message in messages:
        while questions and questions[0] < message.sent_ms:
            arrivals += way.until(questions.pop(0))
        way.send(message)
    arrivals += way.rest()
    assert arrivals == list(deliver(messages, knobs, outages, 3))


def test_a_broker_outage_holds_messages_back_in_order() -> None:
    messages = _sent(0, 1000, 1500, 2999, 3000, 3500)
    arrivals = list(deliver(messages, PERFECT, [_outage("broker", 1000, 3000)], 1))
    assert _numbers(arrivals) == [
        (0, 0, False),
        (3000, 1, False),
        (3000, 2, False),
        (3000, 3, False),
        (3000, 4, False),
        (3500, 5, False),
    ]


def test_what_a_gateway_had_just_taken_comes_again() -> None:
    messages = _sent(0, 10_000 - IN_FLIGHT_MS - 1, 10_000 - IN_FLIGHT_MS, 9_999, 10_000, 12_000)
    for way, outage in (
        (deliver, _outage("gateway", 10_000, 20_000)),
        (deliver_to_cloud, _outage("wan", 10_000, 20_000)),
    ):
        arrivals = list(way(messages, PERFECT, [outage], 1))
        assert _numbers(arrivals)[:4] == [(each.sent_ms, each.message, False) for each in messages[:4]]
        assert _numbers(arrivals)[4:] == [
            (20_000, 2, True),
            (20_000, 3, True),
            (20_000, 4, False),
            (20_000, 5, False),
        ]


def test_an_outage_after_an_outage_is_waited_for_as_well() -> None:
    outages = [_outage("broker", 0, 50), _outage("gateway", 40, 90), _outage("camera", 60, 500)]
    assert [each.arrival_ms for each in deliver(_sent(10), PERFECT, outages, 1)] == [90]


def test_shares_of_late_and_double_messages_are_as_asked_for() -> None:
    messages = _sent(*range(0, 4_000 * 100_000, 100_000))
    knobs = Messages(late=0.2, late_s=(2.0, 10.0), duplicated=0.1)
    arrivals = list(deliver(messages, knobs, [], 5))
    waits = [each.arrival_ms - each.sent.sent_ms for each in arrivals if not each.is_copy]
    late = [wait for wait in waits if wait]
    assert len(late) / 4_000 == pytest.approx(0.2, abs=3 * (0.16 / 4_000) ** 0.5)
    assert 2_000 <= min(late) < 2_200
    assert 9_800 < max(late) <= 10_000
    assert sum(late) / len(late) == pytest.approx(6_000, abs=3 * 8_000 / 12**0.5 / len(late) ** 0.5)
    copies = [each for each in arrivals if each.is_copy]
    assert len(copies) / 4_000 == pytest.approx(0.1, abs=3 * (0.09 / 4_000) ** 0.5)
    first = {each.sent.message: each.arrival_ms for each in arrivals if not each.is_copy}
    assert all(
        COPY_AFTER_S[0] * 1000 <= each.arrival_ms - first[each.sent.message] <= COPY_AFTER_S[1] * 1000
        for each in copies
    )


@pytest.mark.parametrize(("asked", "found"), [(0.1, 0.1), (0.3, 0.3), (0.5, 0.5), (0.9, 0.5)])
def test_the_share_that_changes_places_is_as_asked_for(asked: float, found: float) -> None:
    messages = _sent(*range(0, 6_000 * 250, 250))
    numbers = [each.sent.message for each in deliver(messages, Messages(reordered=asked), [], 2)]
    swaps = sum(one == other + 1 for one, other in pairwise(numbers))
    assert swaps / 6_000 == pytest.approx(found, abs=3 * (found * (1 - found) / 6_000) ** 0.5)
    assert all(abs(number - place) <= 1 for place, number in enumerate(numbers))


def test_a_late_message_holds_up_those_behind_it_and_no_other_device() -> None:
    messages = [Sent(0, "a", 0), Sent(10, "b", 1), Sent(20, "a", 2)]
    arrivals = list(deliver(messages, Messages(late=1.0, late_s=(3.0, 3.0)), [], 1))
    assert [each.arrival_ms for each in arrivals] == [3_000, 3_010, 3_020]
    way: Delivery[int] = to_gateway(Messages(late=0.5, late_s=(3.0, 3.0)), [], 4)
    for number in range(400):
        way.send(Sent(number * 10, "a", number))
    assert [each.sent.message for each in way.rest()] == list(range(400))


def test_who_waits_for_the_next_message_waits_for_a_minute() -> None:
    always = Messages(reordered=1.0)
    way: Delivery[int] = to_gateway(always, [_outage("broker", WAITS_FOR_NEXT_MS + 5, WAITS_FOR_NEXT_MS + 9)], 1)
    way.send(Sent(7, "a", 1))
    assert list(way.until(WAITS_FOR_NEXT_MS + 6)) == []
    assert _numbers(list(way.until(WAITS_FOR_NEXT_MS + 9))) == [(WAITS_FOR_NEXT_MS + 9, 1, False)]
    late = _numbers(list(deliver(_sent(0, WAITS_FOR_NEXT_MS), always, [], 1)))
    assert late == [(WAITS_FOR_NEXT_MS, 0, False), (WAITS_FOR_NEXT_MS, 1, False)]
    soon = _numbers(list(deliver(_sent(0, WAITS_FOR_NEXT_MS - 1), always, [], 1)))
    assert soon == [(WAITS_FOR_NEXT_MS - 1, 1, False), (WAITS_FOR_NEXT_MS - 1, 0, False)]


def test_messages_from_the_past_are_refused() -> None:
    way: Delivery[int] = to_gateway(PERFECT, [], 1)
    way.send(Sent(5, "a", 1))
    with pytest.raises(ValueError, match="'b' sent one at 4, after one at 5"):
        way.send(Sent(4, "b", 2))
    assert len(list(way.until(9))) == 1
    assert list(way.until(3)) == []
    with pytest.raises(ValueError, match="arrivals up to 9"):
        way.send(Sent(9, "b", 2))


def test_every_knob_is_described() -> None:
    assert all(f"`{field}`" in PAGE for field in (*Messages.__struct_fields__, *Outages.__struct_fields__))


def test_an_endless_stream_is_delivered_as_it_comes_with_little_on_its_way() -> None:
    taken = 0

    def stream() -> Iterator[Sent[int]]:
        nonlocal taken
        for number in count():
            taken += 1
            yield Sent(number * 250, f"cam-{number % 4}", number)

    def endless() -> Iterator[TrueOutage]:
        for day in count():
            yield _outage("camera", day * 3_600_000, day * 3_600_000 + 60_000)
            yield _outage("broker", day * 3_600_000 + 600_000, day * 3_600_000 + 630_000)

    arrivals = deliver(stream(), Messages(late=0.01, late_s=(1.0, 5.0), duplicated=0.1), endless(), 1)
    seen: Counter[int] = Counter()
    furthest = 0
    for _ in range(20_000):
        arrived = next(arrivals)
        seen[arrived.sent.message] += 1
        furthest = max(furthest, taken - arrived.sent.message)
    assert furthest < 4 * 60  # A minute of messages.
    assert max(seen.values()) == 2
