"""A fleet and a real gateway over real brokers: the gateway holds exactly the events made, whatever goes wrong."""

import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import pytest
from msgspec.structs import replace

from contracts.events import decode_event
from contracts.payloads import FootfallCrossing
from edge.config import BrokerSettings
from edge.core.sending import SendPolicy
from gateway.adapters.connection import Login
from gateway.adapters.consumer import Consumer
from gateway.adapters.event_store import EventStore
from gateway.config import BrokerSettings as GatewayBrokerSettings
from gateway.config import StoreSettings
from shopthread.fleet.clock import CLOCKS
from shopthread.fleet.fleet import Fleet, FleetSettings, Progress
from shopthread.fleet.production import make_everything
from shopthread.fleet.report import make_report
from shopthread.fleet.request import SIMULATION_KEY, FleetRequest, Prepared, make_network, prepare
from shopthread.fleet.tally import Trust
from simulators.adapters.playback import Pace
from simulators.adapters.scenario_files import load_scenario
from simulators.core.scenario import Messages, Noise, Outages, Scenario
from tests.servers import free_port, running_broker

START_MS = 1_772_442_000_000
TENANT = "acme"
FAULTS = Messages(late=0.1, late_s=(1.0, 40.0), duplicated=0.2, reordered=0.2)
BROKERS = [pytest.param("embedded"), pytest.param("mosquitto", marks=pytest.mark.mosquitto)]


def _scenario(**changes: object) -> Scenario:
    return replace(load_scenario("corner_shop"), noise=Noise(), outages=(), **changes)


def _request(scenario: Scenario, **changes: object) -> FleetRequest:
    request = FleetRequest(
        scenario=scenario,
        tenant=TENANT,
        store="shop",
        stores=2,
        devices=None,
        seed=3,
        start_ms=START_MS,
        duration_s=120.0,
        pseudonym_key=SIMULATION_KEY,
    )
    return replace(request, **changes)


def _settings(port: int, **changes: object) -> FleetSettings:
    settings = FleetSettings(
        broker=BrokerSettings(port=port),
        pace=Pace(start_ms=START_MS, speed=0),
        trust=Trust.GATEWAY,
        connections=3,
        window=200,
        gateway_within_s=1.0,
        policy=SendPolicy(window=100, first_resend_s=0.5, longest_resend_s=1.0),
    )
    return replace(settings, **changes)


@contextmanager
def _gateways(folder: Path, port: int, request: FleetRequest) -> Iterator[list[EventStore]]:
    """Run a real gateway's intake for each store of a fleet."""
    with ExitStack() as stack:
        stores = []
        for name in request.store_names:
            settings = StoreSettings(tenant=TENANT, store=name, data_dir=folder)
            store = EventStore(_file(folder, name), settings.source)
            broker = GatewayBrokerSettings(port=port)
            consumer = Consumer(store, settings, Login(broker, None), CLOCKS.wall_ms, lambda: None)
            consumer.start()
            stack.callback(store.close)
            stack.callback(consumer.stop)
            stores.append(store)
        yield stores


def _file(folder: Path, store: str) -> Path:
    return folder / f"{store}.sqlite"


def _held(folder: Path, request: FleetRequest) -> list[bytes]:
    """Return the bodies of all devices' events that the gateways hold."""
    bodies: list[bytes] = []
    for name in request.store_names:
        db = sqlite3.connect(_file(folder, name))
        rows = db.execute("SELECT body FROM event WHERE source <> ?", (f"/{TENANT}/{name}/gateway",)).fetchall()
        bodies += [body for (body,) in rows]
        db.close()
    return bodies


def _ids(bodies: list[bytes]) -> Counter[tuple[str, str]]:
    events = [decode_event(body) for body in bodies]
    return Counter((event.source, event.id) for event in events)


def _made(request: FleetRequest) -> Counter[tuple[str, str]]:
    """Return what the same request makes without a broker: events follow from the seed, not from the network."""
    return _made_by(replace(request, scenario=replace(request.scenario, messages=Messages(), outages=())))


@cache
def _made_by(request: FleetRequest) -> Counter[tuple[str, str]]:
    prepared = prepare(request, lambda: "oracle")
    make_everything(prepared.production)
    outboxes = prepared.production.outboxes
    return _ids([row.body for outbox in outboxes for row in outbox.rows(range(1, outbox.made + 1))])


def _run(request: FleetRequest, settings: FleetSettings) -> tuple[Prepared, Fleet, Progress]:
    prepared = prepare(request, lambda: "epoch-1")
    fleet = Fleet(prepared.production, settings, CLOCKS, make_network(request))
    return prepared, fleet, fleet.run(lambda: False)


def _check_gateways(stores: list[EventStore], reached: Progress) -> None:
    """Check that nothing is missing, misunderstood or counted twice at the gateways."""
    assert [store.missing() for store in stores] == [{}] * len(stores)
    assert [store.dead_letter_count() for store in stores] == [0] * len(stores)
    _wait_until(lambda: not any(d.online for store in stores for d in store.devices()), "farewells")
    assert reached.tally.acknowledged == reached.made
    assert (reached.tally.in_flight, reached.held) == (0, 0)


@pytest.mark.parametrize(
    ("kind", "messages"),
    [
        pytest.param("embedded", Messages(), id="embedded-perfect"),
        pytest.param("mosquitto", FAULTS, id="mosquitto-faults", marks=pytest.mark.mosquitto),
    ],
)
def test_gateways_hold_exactly_the_events_made_and_as_many_crossings_as_there_were(
    kind: str, messages: Messages, tmp_path: Path
):
    request, port = _request(_scenario(messages=messages)), free_port()
    with running_broker(kind, tmp_path, port), _gateways(tmp_path, port, request) as stores:
        prepared, fleet, reached = _run(request, _settings(port))
        _check_gateways(stores, reached)
        assert sum(len(store.devices()) for store in stores) == len(fleet.lanes) == 8
    held = _held(tmp_path, request)
    assert _ids(held) == _made(request)
    assert set(_ids(held).values()) == {1}
    counted: Counter[tuple[str, str, str]] = Counter()
    for event in map(decode_event, held):
        if isinstance(event.data, FootfallCrossing):
            counted[event.origin.store, event.data.tripwire_id, event.data.direction] += 1
    true: Counter[tuple[str, str, str]] = Counter()
    for store in prepared.stores:
        for wire in store.simulation.truth().totals.tripwires:
            true[store.plan.store, wire.tripwire_id, "in"] += wire.crossed_in
            true[store.plan.store, wire.tripwire_id, "out"] += wire.crossed_out
    assert +counted == +true
    assert sum(true.values()) > 10
    if messages == FAULTS:
        assert reached.tally.published > reached.made, "some messages must have come twice"


def test_outages_of_broker_and_gateway_in_the_scenario_cost_nothing(tmp_path: Path):
    outages = tuple(Outages(what=what, per_day=1000, lasts_s=(10.0, 30.0)) for what in ("broker", "gateway"))
    request, port = _request(replace(_scenario(), outages=outages), stores=1), free_port()
    with running_broker("embedded", tmp_path, port), _gateways(tmp_path, port, request) as stores:
        _, _, reached = _run(request, _settings(port))
        _check_gateways(stores, reached)
    assert _ids(_held(tmp_path, request)) == _made(request)


@pytest.mark.parametrize("kind", BROKERS)
def test_a_broker_that_is_killed_in_between_costs_nothing(kind: str, tmp_path: Path):
    request, port = _request(_scenario(messages=FAULTS)), free_port()
    prepared = prepare(request, lambda: "epoch-1")
    seen: list[int] = []
    fleet = Fleet(
        prepared.production,
        _settings(port, patience_s=20.0, pace=Pace(start_ms=START_MS, speed=40)),
        CLOCKS,
        make_network(request),
        lambda progress: seen.append(progress.tally.acknowledged),
    )
    reached: list[Progress] = []
    runs = threading.Thread(target=lambda: reached.append(fleet.run(lambda: False)))
    first_broker = ExitStack()
    first_broker.enter_context(running_broker(kind, tmp_path, port))
    with _gateways(tmp_path, port, request) as stores:
        with first_broker:
            runs.start()
            _wait_until(lambda: any(count > 0 for count in seen), "first acknowledgements")
        with running_broker(kind, tmp_path, port):
            runs.join(40)
            assert not runs.is_alive()
            _check_gateways(stores, reached[0])
    assert reached[0].tally.losses > 0
    assert _ids(_held(tmp_path, request)) == _made(request)


def _wait_until(condition: Callable[[], bool], what: str) -> None:
    until_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until_s, f"waited in vain for {what}"
        time.sleep(0.005)


def test_a_gateway_takes_a_hundred_devices_that_repeat_a_recording(tmp_path: Path):
    request, port = _request(_scenario(), stores=1, devices=102, duration_s=60.0), free_port()
    with running_broker("embedded", tmp_path, port), _gateways(tmp_path, port, request) as stores:
        prepared, fleet, reached = _run(request, _settings(port, window=500))
        _check_gateways(stores, reached)
        assert len(stores[0].devices()) == len(fleet.lanes) == 102
    assert _ids(_held(tmp_path, request)) == _made(request)
    assert prepared.production.types().total() == reached.made > 1000


def test_each_device_may_have_a_connection_of_its_own(tmp_path: Path):
    request, port = _request(_scenario(), stores=1, duration_s=20.0), free_port()
    with running_broker("embedded", tmp_path, port), _gateways(tmp_path, port, request) as stores:
        _, fleet, reached = _run(request, _settings(port, connections=4))
        _check_gateways(stores, reached)
        assert reached.tally.connects == len(fleet.lanes) == 4


def test_without_a_gateway_the_brokers_word_counts_if_nobody_said_otherwise(tmp_path: Path):
    request, port = _request(_scenario(), stores=1, duration_s=20.0), free_port()
    with running_broker("embedded", tmp_path, port):
        for trust in (Trust.BROKER, Trust.OPEN):
            prepared, fleet, reached = _run(request, _settings(port, trust=trust))
            report = make_report(prepared.production, fleet.lanes, reached)
            assert (report.acknowledged_by, report.acknowledged) == ("broker", report.made)
            assert report.missing == ()


def test_a_gateway_that_was_promised_and_does_not_answer_is_named(tmp_path: Path):
    request, port = _request(_scenario(), stores=2, duration_s=20.0), free_port()
    with running_broker("embedded", tmp_path, port), _gateways(tmp_path, port, replace(request, stores=1)):
        one = replace(request, store="shop", stores=1)
        prepared, fleet, reached = _run(one, _settings(port, patience_s=1.0))
        assert make_report(prepared.production, fleet.lanes, reached).missing == ()
        prepared, fleet, reached = _run(request, _settings(port, patience_s=1.0))
        report = make_report(prepared.production, fleet.lanes, reached)
    assert report.acknowledged == 0
    assert [line.partition(":")[0] for line in report.missing] == ["acme/shop-1", "acme/shop-2"]
    assert "no gateway of this store answers" in report.missing[0]


def test_repeating_into_the_void_is_no_reason_for_more_patience(tmp_path: Path):
    request, port = _request(_scenario(), stores=1, devices=60, duration_s=20.0), free_port()
    with running_broker("embedded", tmp_path, port):
        _, _, reached = _run(request, _settings(port, window=20, patience_s=1.0))
    assert 20 <= reached.tally.begun < reached.made
    assert reached.tally.acknowledged == 0
