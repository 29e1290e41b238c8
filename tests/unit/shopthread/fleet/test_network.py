"""Faults change when and how often messages come, never whether."""

from collections import Counter
from typing import TYPE_CHECKING, cast

from edge.adapters.outbox import OutboxRow
from edge.core.sending import SendPolicy
from shopthread.fleet.lanes import Lane
from shopthread.fleet.network import Network, has_faults, way_of
from simulators.core.scenario import Messages, Outages, Scenario
from tests.unit.shopthread.fleet.fleets import START_MS, corner_shop, outbox

if TYPE_CHECKING:
    from shopthread.fleet.link import Link

FAULTS = Messages(late=0.2, late_s=(1.0, 30.0), duplicated=0.3, reordered=0.3)


class _Broker:
    """Notes what comes, in place of a connection."""

    def __init__(self) -> None:
        self.came: list[int] = []

    def publish(self, _lane: Lane, row: OutboxRow) -> None:
        self.came.append(row.sequence)


def _publish(scenario: Scenario, count: int = 300) -> tuple[_Broker, Lane, Network]:
    """Publish a row a second of store time."""
    network = Network({("acme", "shop"): way_of(scenario, 1, START_MS)} if has_faults(scenario) else {})
    broker, lane = _Broker(), Lane(outbox(count), SendPolicy(window=1000))
    for number in range(count):
        network.advance(START_MS + 1000 * number, 0.0)
        rows, _ = lane.take(1, 0.0)
        network.send(cast("Link", broker), lane, rows[0], again=False)
        assert network.held == lane.held
    return broker, lane, network


def _skip_to_the_end(network: Network) -> int:
    skips = 0
    while network.held:
        network.skip(0.0)
        skips += 1
        assert skips < 100
    return skips


def test_a_perfect_network_carries_everything_at_once():
    scenario = corner_shop()
    assert not has_faults(scenario)
    broker, lane, network = _publish(scenario)
    assert broker.came == list(range(1, 301))
    assert (network.held, lane.held, network.skip(0.0)) == (0, 0, 0)


def test_faults_delay_repeat_and_reorder_but_lose_nothing():
    broker, lane, network = _publish(corner_shop(messages=FAULTS))
    assert network.held > 0
    _skip_to_the_end(network)
    counts = Counter(broker.came)
    assert set(counts) == set(range(1, 301))
    assert 30 < sum(count > 1 for count in counts.values()) < 150
    firsts = list(dict.fromkeys(broker.came))
    assert firsts != sorted(firsts)
    assert lane.held == 0


def test_an_outage_holds_everything_back_until_it_is_over():
    outages = (Outages(what="broker", per_day=1000, lasts_s=(60.0, 120.0)),)
    broker, _, network = _publish(corner_shop(outages=outages))
    assert network.held or len(broker.came) == 300
    _skip_to_the_end(network)
    assert broker.came == list(range(1, 301))


def test_where_everything_waits_for_what_is_hours_late_time_leaps():
    broker, _, network = _publish(corner_shop(messages=Messages(late=1.0, late_s=(36_000.0, 36_000.0))))
    assert broker.came == []
    assert _skip_to_the_end(network) < 40
    assert broker.came == list(range(1, 301))


def test_what_is_published_again_takes_no_harm():
    broker, lane, network = _publish(corner_shop(messages=Messages(late=1.0, late_s=(1e6, 1e6))), count=3)
    assert broker.came == []
    network.send(cast("Link", broker), lane, lane.outbox.rows(range(2, 3))[0], again=True)
    assert broker.came == [2]


def test_camera_and_uplink_outages_are_none_of_the_networks_business():
    assert not has_faults(corner_shop(outages=(Outages(what="camera", per_day=1, lasts_s=(1.0, 2.0)),)))
    assert not has_faults(corner_shop(outages=(Outages(what="wan", per_day=1, lasts_s=(1.0, 2.0)),)))
    assert has_faults(corner_shop(outages=(Outages(what="gateway", per_day=1, lasts_s=(1.0, 2.0)),)))
