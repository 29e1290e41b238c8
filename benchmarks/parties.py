"""Parties at the doors of simulated stores: pairs of people told to have come together, against the truth.

Seeds differ from those by which the defaults were chosen. The truth holds strangers who come in beside somebody on
purpose, and dense streams at opening.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace
from rich.console import Console
from rich.table import Table

from benchmarks.measure import Result
from contracts.payloads import FootfallCrossing
from shopthread.fleet.devices import make_devices
from simulators.adapters.scenario_files import load_scenario
from simulators.core.store import Store

_BEGINS = datetime(2026, 3, 5, 16, tzinfo=UTC)
_MINUTES = {"corner_shop": 60, "fashion_store": 30, "supermarket": 20}
_SEEDS = (3, 4)
_NOISE = {"position_m": 0.15, "missed_detections": 0.03, "fragments_per_min": 0.3}
_MS_PER_S = 1000
_VISIT_MS = 60_000
_PAIR_MS = 15_000
_WITHIN_MS = 4_000


class Head(NamedTuple):
    """Somebody who was counted at a door: as told, and who it was."""

    door: tuple[str, str]
    t_ms: int
    hint: str
    person_id: str
    party_id: str


class Pairs(NamedTuple):
    """Pairs of people at one door, one way, within 15 s: rightly told together, wrongly, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)

    def cells(self) -> tuple[str, str, str]:
        """Return precision, recall and F1 as text."""
        precision = self.right / max(1, self.right + self.wrong)
        recall = self.right / max(1, self.right + self.missed)
        return f"{precision:.3f}", f"{recall:.3f}", f"{self.f1:.3f}"


def heads(scenario_name: str, seed: int) -> list[Head]:
    """Return who was counted at the entrances of a store."""
    scenario = load_scenario(scenario_name)
    scenario = replace(scenario, noise=replace(scenario.noise, occlusion=True, **_NOISE))
    store = Store(scenario, seed, round(_BEGINS.timestamp() * _MS_PER_S))
    devices = make_devices(scenario, "demo", "store", bytes(32))
    told = []
    for _ in range(round(_MINUTES[scenario_name] * 60 * scenario.tick_hz)):
        for output in store.step():
            told += [(output.device_id, draft) for draft in devices[output.device_id].take(output.line)]
    told += [(name, draft) for name, device in devices.items() for draft in device.end()]
    tracks: dict[tuple[str, str], list[tuple[int, int, str, str]]] = {}
    for person in store.truth().people:
        for span in person.tracks:
            known = (span.from_ms, span.to_ms, person.person_id, person.party_id)
            tracks.setdefault((span.camera_id, span.track_id), []).append(known)
    found = []
    for camera_id, draft in told:
        data = draft.data
        if isinstance(data, FootfallCrossing) and data.tripwire_kind == "entrance":
            spans = tracks.get((camera_id, data.track_id), [])
            whose = [span[2:] for span in spans if span[0] - _MS_PER_S <= draft.time_ms <= span[1] + _MS_PER_S]
            if whose:
                hint = data.party_hint or data.track_id
                found.append(Head((data.tripwire_id, data.direction), draft.time_ms, hint, *whose[0]))
    return found


def _pairs(found: list[Head]) -> Iterator[tuple[Head, Head]]:
    for one, other in combinations(found, 2):
        is_near = one.door == other.door and abs(one.t_ms - other.t_ms) <= _PAIR_MS
        if is_near and one.person_id != other.person_id:
            yield one, other


def rated(found: list[Head]) -> tuple[Pairs, Pairs]:
    """Return how good the hints are, and how good it would be to join whoever passes within the same time."""
    ours, by_time = [0, 0, 0], [0, 0, 0]
    for one, other in _pairs(found):
        is_true = one.party_id == other.party_id
        ways = ((ours, one.hint == other.hint), (by_time, abs(one.t_ms - other.t_ms) <= _WITHIN_MS))
        for counts, is_told in ways:
            counts[0] += is_told and is_true
            counts[1] += is_told and not is_true
            counts[2] += is_true and not is_told
    return Pairs(*ours), Pairs(*by_time)


def parties(_folder: Path) -> list[Result]:
    """Print precision and recall of pairs and the number of parties, and return F1 beside that by time alone."""
    table = Table("store, seed", "people", "parties true/told", "precision", "recall", "F1", "F1 by time alone")
    total, by_time = Pairs(0, 0, 0), Pairs(0, 0, 0)
    for name in _MINUTES:
        for seed in _SEEDS:
            found = heads(name, seed)
            ours, other = rated(found)
            true = len({(head.door, head.party_id, head.t_ms // _VISIT_MS) for head in found})
            told = len({(head.door, head.hint) for head in found})
            table.add_row(f"{name}, {seed}", str(len(found)), f"{true}/{told}", *ours.cells(), f"{other.f1:.3f}")
            total = Pairs(*map(sum, zip(total, ours, strict=True)))
            by_time = Pairs(*map(sum, zip(by_time, other, strict=True)))
    table.add_row("all", "", "", *total.cells(), f"{by_time.f1:.3f}")
    Console().print(table)
    ratio = total.f1 / by_time.f1
    return [Result("parties at the door, F1 of pairs", 100 * total.f1, "%", "by time alone", 100 * by_time.f1, ratio)]
