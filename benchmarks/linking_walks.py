"""Walks through a simulated store: what happens by the true time, without cameras, devices' errors or a stitcher."""

from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.linking_stores import Made, front, kept
from contracts.payloads import CodeScanned, PosSale
from shopthread.fleet.devices import make_devices
from simulators.adapters.scenario_files import load_scenario
from simulators.core.store import Store
from simulators.core.truth import Truth

_BEGINS = datetime(2026, 3, 5, 16, tzinfo=UTC)
_MS_PER_S = 1000
_MINUTES = 30
_EVERYWHERE = ((-2.0, -2.0), (50.0, -2.0), (50.0, 36.0), (-2.0, 36.0))
_FAR_M = 100.0

PathPoint = tuple[int, float, float]
"""t_ms, x_m, y_m."""


class WalkSetting(Struct, frozen=True, kw_only=True):
    """Which walk: half an hour of a supermarket's front."""

    seed: int
    parties_per_h: float
    party_sizes: tuple[float, ...]
    minutes: int = _MINUTES


class Walk(Struct, frozen=True, kw_only=True):
    """What happened, by the true time: scans and receipts, where everyone was second by second, and the truth."""

    made: tuple[Made, ...]
    paths: dict[str, tuple[PathPoint, ...]]
    truth: Truth


def kept_walk(setting: WalkSetting) -> Walk:
    """Return a walk, simulated if it has not been before."""
    return kept(setting, Walk, lambda: walk(setting), "benchmarks/linking_walks.py")


def walk(setting: WalkSetting) -> Walk:
    """Return what happens in a store that nobody watches but one camera, as there has to be one."""
    scenario = front(load_scenario("supermarket"), setting.parties_per_h, setting.party_sizes)
    scenario = replace(scenario, cameras=(replace(scenario.cameras[0], sees=_EVERYWHERE, range_m=_FAR_M),))
    store = Store(scenario, setting.seed, round(_BEGINS.timestamp() * _MS_PER_S), keep_paths=True)
    devices = make_devices(scenario, "demo", "store", bytes(32))
    made = []
    for _ in range(round(setting.minutes * 60 * scenario.tick_hz)):
        for output in store.step():
            device = devices[output.device_id]
            if device.kind != "camera":
                drafts = [(each.time_ms, each.data) for each in device.take(output.line)]
                made += [
                    Made.of(output.device_id, time_ms, data)
                    for time_ms, data in drafts
                    if isinstance(data, CodeScanned | PosSale)
                ]
    paths = {
        path.person_id: tuple(
            (t_ms, round(x_m, 3), round(y_m, 3))
            for t_ms, (x_m, y_m) in zip(path.t_ms.tolist(), path.positions.tolist(), strict=True)
        )
        for path in store.paths()
    }
    return Walk(made=tuple(made), paths=paths, truth=store.truth())
