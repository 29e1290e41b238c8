"""Walking, and waiting one's turn."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.geometry import distance
from simulators.core.layout import Kiosk, Till
from simulators.core.people import Person
from simulators.core.service import KioskDesk, TillDesk

WAY = [(3.0, 0.0), (3.0, 4.0), (0.0, 4.0)]


def _person() -> Person:
    return Person("s1", "shopper", "party", (0.0, 0.0), pace_mps=1.0)


@given(st.lists(st.floats(0.01, 3.0), min_size=1, max_size=40), st.floats(0, 2))
def test_how_time_is_cut_does_not_change_where_people_are(steps: list[float], pause_s: float) -> None:
    in_steps, at_once = _person(), _person()
    in_steps.go(WAY, pause_s)
    at_once.go(WAY, pause_s)
    for seconds in steps:
        in_steps.advance(seconds)
    at_once.advance(sum(steps))
    assert distance(in_steps.position, at_once.position) < 1e-6


def test_people_pass_every_corner_and_stop_at_the_end() -> None:
    person = _person()
    person.go(WAY, after_s=0.5)
    assert person.advance(0.4) == []
    assert person.is_walking
    reached = person.advance(60)
    assert [point for point, _ in reached] == [(0.0, 0.0), *WAY]
    assert [seconds for _, seconds in reached] == pytest.approx([0.1, 3.1, 7.1, 10.1])
    assert not person.is_walking


def test_a_kiosk_goes_to_who_came_first() -> None:
    desk = KioskDesk(Kiosk(id="k", zone_id="z", spot=(0, 0), waiting_spots=((1, 0), (2, 0))))
    assert desk.take("a")
    assert desk.wait("b") == (1, 0)
    assert desk.wait("c") == (2, 0)
    assert desk.wait("d") is None
    assert not desk.take("b")
    desk.leave()
    assert not desk.take("c")
    assert desk.take("b")
    assert desk.wait("d") == (1, 0)


@given(st.lists(st.sampled_from(["come", "call", "leave"]), max_size=60))
def test_a_till_serves_in_the_order_of_arrival_one_at_a_time(actions: list[str]) -> None:
    desk = TillDesk(
        Till(
            id="t",
            zone_id="z",
            queue_zone_id="q",
            spot=(0, 0),
            queue_slots=((1, 0), (2, 0), (3, 0)),
            companions_wait_at=(9, 9),
        )
    )
    came: list[str] = []
    served: list[str] = []
    for action in actions:
        if action == "come":
            came.append(f"party-{len(came)}")
            desk.join(came[-1])
        elif action == "call" and len(served) < len(came):
            was_free = desk.customer is None
            assert not any(desk.call(later) for later in came[len(served) + 1 :])
            assert desk.call(came[len(served)]) == was_free
            if was_free:
                served.append(str(desk.customer))
        elif action == "leave":
            desk.release()
        assert desk.length == len(came) - len(served)
        assert desk.is_full == (desk.length >= 3)
        places = [desk.place(party) for party in came[len(served) :]]
        assert places[:3] == [(1, 0), (2, 0), (3, 0)][: len(places)]
    assert served == came[: len(served)]
