"""Small fleets to test with."""

from functools import cache

from msgspec.structs import replace

from contracts.delivery import Acknowledgement, Presence
from contracts.events import Event, EventDraft, Source, decode_event, draft_event
from contracts.payloads import Coverage
from contracts.privacy import Payload
from shopthread.fleet.outboxes import MemoryOutbox
from shopthread.fleet.request import SIMULATION_KEY, FleetRequest
from shopthread.fleet.stores import StorePlan, VirtualStore
from simulators.adapters.scenario_files import load_scenario
from simulators.core.scenario import Noise, Scenario

START_MS = 1_772_442_000_000
BUSY_S = 180.0
DEVICE = Source("acme", "shop", "cam-1")
PRESENCE = Presence(online=True, kind="camera", software_version="test")


def corner_shop(**changes: object) -> Scenario:
    return replace(load_scenario("corner_shop"), **{"noise": Noise(), "outages": (), **changes})


def busy_shop() -> Scenario:
    """Return a shop so full that every device has something to say within minutes."""
    shop = corner_shop(tenant="acme", store="shop")
    return replace(shop, traffic=replace(shop.traffic, parties_per_hour=400.0))


@cache
def said_in_the_busy_shop() -> tuple[VirtualStore, dict[str, list[Event[Payload]]]]:
    """Return a busy shop after three minutes and what its devices said."""
    store = VirtualStore(plan(BUSY_S, seed=5, scenario=busy_shop()), lambda: "epoch-1")
    while not store.is_over:
        store.step()
    return store, events_of(store)


def events_of(store: VirtualStore) -> dict[str, list[Event[Payload]]]:
    return {
        name: [decode_event(row.body) for row in outbox.rows(range(1, outbox.made + 1))]
        for name, outbox in store.outboxes.items()
    }


def plan(seconds: float, seed: int = 1, scenario: Scenario | None = None) -> StorePlan:
    return StorePlan(
        scenario=scenario or corner_shop(),
        tenant="acme",
        store="shop",
        seed=seed,
        start_ms=START_MS,
        until_ms=START_MS + round(seconds * 1000),
        pseudonym_key=SIMULATION_KEY,
    )


def request(**changes: object) -> FleetRequest:
    asked = FleetRequest(
        scenario=corner_shop(),
        tenant="acme",
        store="shop",
        stores=None,
        devices=None,
        seed=1,
        start_ms=START_MS,
        duration_s=60.0,
        pseudonym_key=SIMULATION_KEY,
    )
    return replace(asked, **changes)


def coverage(number: int) -> EventDraft[Coverage]:
    """Return an event that its number alone tells from others."""
    data = Coverage(
        interval_start_ms=number, interval_end_ms=number + 1, observed_s=0.001, frames_processed=1, frames_dropped=0
    )
    return draft_event(DEVICE, data, number, number)


def outbox(count: int = 0) -> MemoryOutbox:
    made = MemoryOutbox(DEVICE, PRESENCE, "epoch-1")
    made.append([coverage(number) for number in range(1, count + 1)])
    return made


def held(through: int, epoch: str = "epoch-1") -> Acknowledgement:
    return Acknowledgement(epoch=epoch, through=through)
