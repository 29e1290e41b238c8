"""Small fleets to test with."""

from msgspec.structs import replace

from contracts.delivery import Acknowledgement, Presence
from contracts.events import EventDraft, Source, draft_event
from contracts.payloads import Coverage
from shopthread.fleet.outboxes import MemoryOutbox
from shopthread.fleet.request import SIMULATION_KEY, FleetRequest
from shopthread.fleet.stores import StorePlan
from simulators.adapters.scenario_files import load_scenario
from simulators.core.scenario import Noise, Scenario

START_MS = 1_772_442_000_000
DEVICE = Source("acme", "shop", "cam-1")
PRESENCE = Presence(online=True, kind="camera", software_version="test")


def corner_shop(**changes: object) -> Scenario:
    return replace(load_scenario("corner_shop"), **{"noise": Noise(), "outages": (), **changes})


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
