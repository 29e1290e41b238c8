"""Two hours of a corner shop in which everything happens: wrong clocks, codes under caps, copies, lost phones."""

from functools import cache
from math import sqrt

from msgspec.structs import replace

from simulators.core.layout import TerminalClock
from simulators.core.lines import ScanLine
from simulators.core.scenario import Codes, Members, Scenario
from simulators.core.store import Output, Store
from tests.unit.simulators.runs import START_MS, Simulated, corner_shop

HOURS = 2
CLOCKS = {
    "kiosk-1": TerminalClock(offset_s=-4.5, drift_ppm=400.0),
    "till-1": TerminalClock(offset_s=12.25, drift_ppm=-900.0),
    "cam-1": TerminalClock(offset_s=0.8, drift_ppm=150.0),
}
CODES = Codes(under_cap=0.8, scanned_at_home=0.6, home_after_s=(60.0, 1200.0), scanned_again=0.5, counterfeits=0.2)
MEMBERS = Members(
    count=60, consent=0.7, phones=0.7, cards=0.6, openids=0.5, shared_cards=0.6, lost_phones=0.5, twice=0.3
)


@cache
def trial_scenario() -> Scenario:
    """Return the shop: as it is but for its clocks, codes and members, and more that goes wrong at the till."""
    shop = corner_shop()
    with_clocks = {
        place: tuple(replace(device, clock=CLOCKS.get(device.id, TerminalClock())) for device in getattr(shop, place))
        for place in ("cameras", "kiosks", "tills")
    }
    behaviour = replace(shop.behaviour, voids=0.3, late_member=0.4, buyers_who_scan=0.6)
    purposes = replace(shop.purposes, browse=0.0, refund=0.12)
    with_clocks["cameras"] = with_clocks["cameras"][:1]
    traffic = replace(shop.traffic, passers_by_per_hour=0.0)
    return replace(
        shop,
        traffic=traffic,
        tick_hz=1.0,
        codes=CODES,
        members=MEMBERS,
        behaviour=behaviour,
        purposes=purposes,
        **with_clocks,
    )


class Trial(Simulated, frozen=True):
    """A run, what came of it, and what was scanned at home meanwhile."""

    home_scans: list[ScanLine]
    store: Store


def run_trial(scenario: Scenario, seed: int, hours: float, start_ms: int = START_MS) -> Trial:
    """Simulate some hours and keep the scans at home too."""
    store = Store(scenario, seed, start_ms)
    outputs: list[Output] = []
    home_scans: list[ScanLine] = []
    for _ in range(round(hours * 3600 * scenario.tick_hz)):
        outputs += store.step()
        home_scans += store.home_scans
    return Trial(scenario, outputs, store.truth(), home_scans, store)


@cache
def trial() -> Trial:
    """Return the two hours of seed 1."""
    return run_trial(trial_scenario(), 1, HOURS)


def agrees(hits: int, trials: int, share: float, z: float = 4.0) -> bool:
    """Return whether a count is what a share predicts, within `z` standard errors of the binomial distribution."""
    return trials > 0 and abs(hits / trials - share) <= z * sqrt(share * (1 - share) / trials) + 1e-12
