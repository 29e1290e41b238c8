"""Terminals are learned from their own touches: where their users stand, how wrong their clocks go."""

import random

import pytest
from sqlalchemy import select

from cloud.linking.tables import terminal_models
from cloud.linking.terminal_follower import MOST_TOUCHES, sampled
from cloud.tables import link_decisions
from contracts.timestamps import format_time
from tests.integration.cloud.support import MEMBERS, Cloud, Shop, consent, event_id_of, ms, visit_id

AHEAD_S = 12
SPOT = (3.0, 4.0)
COUNT = 14
PACE_S = 100


def customers(shop: Shop, ahead_s: float = AHEAD_S) -> tuple[list[bytes], list[bytes]]:
    """Return visits that stand at a kiosk one after the other, the next one close behind, and a scan of each."""
    order = random.Random(5)
    visits, scans = [], []
    for number in range(COUNT):
        comes_s, leaves_s = number * PACE_S, number * PACE_S + order.uniform(25, 40)
        x_m, y_m = SPOT[0] + order.gauss(0, 0.1), SPOT[1] + order.gauss(0, 0.1)
        path = [(comes_s, x_m, y_m), (leaves_s, x_m + 0.2, y_m + 0.2), (leaves_s + 8, 9.0, 9.0)]
        visits.append(shop.visit(number, 1, ("kiosk", comes_s, leaves_s + 3), path=path))
        scans.append(shop.scan(order.uniform(comes_s + 3, leaves_s - 3) + ahead_s, MEMBERS[number % 2]))
    return visits, scans


def learned(cloud: Cloud) -> list[tuple[object, ...]]:
    with cloud.database.read() as session:
        return [tuple(row) for row in session.rows(select(terminal_models).order_by(terminal_models.c.day_ms))]


def test_a_kiosk_whose_clock_is_ahead_is_found_out(cloud: Cloud, shop: Shop):
    visits, scans = customers(shop)
    consent(cloud, 0)
    consent(cloud, 1)
    cloud.take_in(*visits, *scans)
    with cloud.database.read() as session:
        known = session.rows(select(terminal_models).order_by(terminal_models.c.day_ms))[0]
    assert (known.place_x_m, known.place_y_m) == pytest.approx(SPOT, abs=0.15)
    assert known.offset_ms == pytest.approx(AHEAD_S * 1000, abs=4_000)
    assert known.touches == len(sampled([event_id_of(scan) for scan in scans]))
    assert set(cloud.decisions().values()) == {"linked"}


def test_the_first_touch_of_a_terminal_whose_clock_was_measured_is_linked(cloud: Cloud, shop: Shop):
    consent(cloud, 0)
    visits = [
        shop.visit(1, 1, ("kiosk", 0, 40)),
        shop.visit(2, 1, ("kiosk", 58, 70)),
        shop.visit(3, 1, ("kiosk", 80, 99)),
    ]
    scan = shop.scan(60 + 90, MEMBERS[0])
    corrected = format_time(ms(60)).encode()
    cloud.take_in(*visits, scan.replace(b"{", b'{"correctedtime":"%s","clockoffset":90000,' % corrected, 1))
    with cloud.database.read() as session:
        decision = session.rows(select(link_decisions).where(link_decisions.c.retracted_ms.is_(None)))[0]
    assert (decision.decision, decision.visit_id) == ("linked", visit_id(2))


@pytest.mark.parametrize("seed", range(3))
def test_in_whatever_order_it_comes_the_same_is_learned(cloud: Cloud, shop: Shop, seed: int):
    visits, scans = customers(shop)
    gone = [shop.visit(3, 2, status="withdrawn"), shop.correction(scans[5])]
    consent(cloud, 0)
    cloud.take_in(*visits, *scans, *gone)
    expected, state = learned(cloud), cloud.state()
    assert expected
    with cloud.database.write() as session:
        for table in ("link_hypotheses", "link_decisions", "event_log"):
            session.connection.exec_driver_sql(f"DELETE FROM {table}")
    cloud.projector.rebuild()
    assert not learned(cloud)
    order = random.Random(seed)
    events = [*visits, *scans, *gone]
    order.shuffle(events)
    while events:
        size = order.randint(1, 6)
        cloud.take_in(*events[:size])
        del events[:size]
    assert learned(cloud) == expected
    found = cloud.state()
    assert found.pop("stores") == state.pop("stores")
    assert found == state


def test_a_rebuild_learns_the_same_and_decides_nothing_anew(cloud: Cloud, shop: Shop):
    visits, scans = customers(shop)
    consent(cloud, 0)
    cloud.take_in(*visits, *scans)
    expected, state = learned(cloud), cloud.state()
    cloud.now_ms += 1
    cloud.projector.rebuild()
    assert (learned(cloud), cloud.state()) == (expected, state)
    with cloud.database.read() as session:
        columns = "SELECT count(*) FROM link_decisions WHERE asserted_ms = {}"
        assert session.connection.exec_driver_sql(columns.format(cloud.now_ms)).scalar() == 0


def test_of_few_touches_nothing_is_learned_and_of_many_a_sample():
    ids = [f"{number:036d}" for number in range(1000)]
    assert sampled(ids[:3]) == []
    sizes = [len(sampled(ids[:count])) for count in range(4, MOST_TOUCHES + 1)]
    assert sizes == sorted(sizes)
    assert all(count / 1.3 <= size <= count for count, size in enumerate(sizes, start=4))
    assert len(sampled(ids)) == MOST_TOUCHES
    assert set(sampled(ids)) == set(sampled(ids[::-1]))
