"""Links of visits to members' touches in simulated supermarkets whose clocks go wrong, beside simpler ways to link.

`make bench ONLY=linking` takes two stores; `python -m benchmarks.linking --seeds 8` prints
the tables of docs/linking.md.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.measure import Result
from benchmarks.shops import LEVELS, signatures_of
from benchmarks.stitching import RULES
from cloud.linking.decide import (
    Decision,
    Gate,
    RuleLinker,
    Scene,
    StayIndex,
    Touch,
    Visit,
    VisitStay,
    ineligibility,
    made_by_staff,
)
from cloud.linking.probabilistic import ProbabilisticLinker, motion_of
from cloud.linking.terminal_follower import learned
from cloud.linking.terminals import Terminal
from contracts.events import EventDraft, Source
from contracts.payloads import CodeScanned, PosSale, VisitRevised, VisitSegment
from contracts.privacy import Payload
from gateway.core.stitching import Visits
from shopthread.fleet.devices import VirtualDevice, make_devices
from simulators.adapters.scenario_files import load_scenario
from simulators.core.layout import Kiosk, Till
from simulators.core.lines import FeedLine
from simulators.core.scoring.assignment import assign
from simulators.core.scoring.intervals import wilson_lower_bound
from simulators.core.scoring.linking import LinkScore, score_links
from simulators.core.scoring.measured import MeasuredLink, MeasuredVisit, Options, TrackSpan
from simulators.core.signatures import PRESETS
from simulators.core.store import Store
from simulators.core.truth import Truth

_BEGINS = datetime(2026, 3, 5, 16, tzinfo=UTC)
_SKEWS_S = (0.0, 2.0, -2.0, 5.0, -5.0, 15.0, -15.0, 0.5)
_DRIFT_PPM = 20.0
_MS_PER_S = 1000
_SETTLE_MS = 10_000
_GATE = Gate(clock_error_ms=30_000)
_GATEWAY = Source("demo", "store", "gateway")
_FAR_M = 1000.0
_TARGET_PER_S = 2000.0


class Day(Struct, frozen=True, kw_only=True):
    """What a cloud knows of some hours in one store, and the truth."""

    scene: Scene
    measured: list[MeasuredVisit]
    truth: Truth


def _wrong(terminal: Kiosk | Till, place: int) -> Kiosk | Till:
    clock = replace(terminal.clock, offset_s=_SKEWS_S[place % len(_SKEWS_S)], drift_ppm=_DRIFT_PPM)
    return replace(terminal, clock=clock)


def simulate(scenario_name: str, hours: float, seed: int) -> Day:
    """Return what the cloud learns of a store: visits as the gateway stitches them, touches as terminals date them."""
    scenario, signs = load_scenario(scenario_name), PRESETS["typical"]
    noise = replace(
        scenario.noise, occlusion=True, signature_sd=signs.sd, signature_camera_sd=signs.camera_sd, **LEVELS["0.15 m"]
    )
    kiosks = tuple(_wrong(each, seed + place) for place, each in enumerate(scenario.kiosks))
    tills = tuple(_wrong(each, seed + place + len(kiosks)) for place, each in enumerate(scenario.tills))
    scenario = replace(scenario, noise=noise, kiosks=kiosks, tills=tills)
    store = Store(scenario, seed, round(_BEGINS.timestamp() * _MS_PER_S))
    devices = make_devices(scenario, _GATEWAY.tenant, _GATEWAY.store, bytes(32))
    heard, next_ms = Heard(), 0
    for _ in range(round(hours * 3600 * scenario.tick_hz)):
        for output in store.step():
            heard.take(devices[output.device_id], output.line, store.now_ms)
        if store.now_ms >= next_ms:
            heard.visits.settle()
            next_ms = store.now_ms + _SETTLE_MS
    for device in devices.values():
        heard.take_drafts(device.source, device.end())
    heard.visits.settle()
    told = [visit for visit in heard.visits.visits() if visit.status in {"open", "closed"}]
    truth = store.truth()
    touches, consents = _touches(heard.made, truth)
    seen = [_visit(visit) for visit in told]
    scene = Scene(touches=touches, visits=seen, consents=consents, terminals=_terminals(touches, seen))
    return Day(scene=scene, measured=[_measured(visit, heard.tracks) for visit in told], truth=truth)


class Heard:
    """What a gateway and its cloud hear of a store.

    Attributes:
        visits: The gateway's.
        tracks: Each segment as a track.
        made: Scans and receipts: device, its time, event.
    """

    def __init__(self) -> None:
        self.visits = Visits(_GATEWAY, RULES)
        self.tracks: dict[str, TrackSpan] = {}
        self.made: list[tuple[str, int, CodeScanned | PosSale]] = []

    def take(self, device: VirtualDevice, line: FeedLine, now_ms: int) -> None:
        """Take a line of a device."""
        self.take_drafts(device.source, device.take(line))
        for sign in signatures_of(device, line):
            self.visits.take_signature(sign, now_ms)

    def take_drafts(self, source: Source, drafts: Iterable[EventDraft[Payload]]) -> None:
        """Take events of a device."""
        for draft in drafts:
            if isinstance(draft.data, CodeScanned | PosSale):
                self.made.append((source.device, draft.time_ms, draft.data))
            elif isinstance(draft.data, VisitSegment):
                segment = draft.data
                self.visits.take(source, segment)
                self.tracks[segment.segment_id] = TrackSpan(
                    camera_id=source.device,
                    track_id=segment.track_id,
                    from_ms=segment.opened_ms,
                    to_ms=segment.updated_ms,
                )


def _touches(made: list[tuple[str, int, CodeScanned | PosSale]], truth: Truth) -> tuple[list[Touch], set[str]]:
    true_touches = {(touch.device_id, touch.t_ms): touch for touch in truth.touches}
    touches, consents = [], set()
    for device, time_ms, data in made:
        one_id = None if data.member is None else data.member.pseudonym
        is_reversal = isinstance(data, PosSale) and data.kind != "sale"
        touches.append(
            Touch(
                touch_id=f"{device}@{time_ms}",
                time_ms=time_ms,
                zone_id=data.zone_id,
                one_id=one_id,
                device=device,
                is_reversal=is_reversal,
            )
        )
        true = true_touches.get((device, time_ms))
        if one_id is not None and true is not None and true.expected in {"link", "abstain"}:
            consents.add(one_id)
    return touches, consents


def _visit(visit: VisitRevised) -> Visit:
    return Visit(
        visit_id=visit.visit_id,
        status=visit.status,
        stays=tuple(
            VisitStay(zone_id=s.zone_id, entered_ms=s.entered_ms, left_ms=s.left_ms or visit.updated_ms)
            for s in visit.stays
        ),
        staff_score=visit.staff_score,
        role=visit.role,
        opened_ms=visit.opened_ms,
        updated_ms=visit.updated_ms,
        path=tuple((point.t_ms, point.x_m, point.y_m) for point in visit.path),
        path_error_m=visit.path_error_m,
        party_id=visit.party_id,
    )


def _measured(visit: VisitRevised, tracks: Mapping[str, TrackSpan]) -> MeasuredVisit:
    return MeasuredVisit(
        visit_id=visit.visit_id,
        opened_ms=visit.opened_ms,
        closed_ms=visit.closed_ms,
        tracks=tuple(tracks[segment_id] for segment_id in visit.segment_ids),
    )


def _terminals(touches: list[Touch], visits: list[Visit]) -> dict[str, Terminal]:
    found: dict[str, Terminal] = {}
    for device in sorted({touch.device for touch in touches}):
        of_device = [touch for touch in touches if touch.device == device]
        terminal = learned(of_device, [v for v in visits if v.path and not made_by_staff(v, _GATE)], _GATE)
        found |= {touch.touch_id: terminal for touch in of_device}
    return found


Way = Callable[[Scene], list[MeasuredLink]]


def ours(scene: Scene) -> list[MeasuredLink]:
    """Link by probability; every candidate that was compared is told, so that probabilities can be judged."""
    return [_told(decision) for decision in ProbabilisticLinker(_GATE).link(scene).decisions.values()]


def by_rule(scene: Scene) -> list[MeasuredLink]:
    """Link the only visit in the zone, two seconds about."""
    return [_told(decision) for decision in RuleLinker(Gate()).link(scene).decisions.values()]


def _told(decision: Decision) -> MeasuredLink:
    device, _, time_ms = decision.touch_id.rpartition("@")
    best = max(decision.hypotheses, key=lambda each: (each.posterior or 0.0, each.visit_id), default=None)
    visit_id = decision.visit_id or (None if best is None else best.visit_id)
    held = next((each for each in decision.hypotheses if each.visit_id == visit_id), None)
    return MeasuredLink(
        device_id=device,
        t_ms=int(time_ms),
        visit_id=visit_id,
        posterior=None if held is None else held.posterior,
        party=decision.decision == "party",
        decision=decision.decision,
    )


def _link(touch: Touch, visit_id: str | None) -> MeasuredLink:
    return MeasuredLink(device_id=touch.device, t_ms=touch.time_ms, visit_id=visit_id)


def nearest_in_time(scene: Scene) -> list[MeasuredLink]:
    """Link whoever was in the zone nearest to the time that the terminal tells."""
    index = StayIndex(scene.visits, _GATE)
    links = []
    for touch in _eligible(scene):
        gaps_ms = index.gaps_ms(touch.zone_id or "", touch.time_ms, _GATE.clock_error_ms)
        links.append(_link(touch, min(gaps_ms, key=lambda key: (gaps_ms[key], key), default=None)))
    return links


def nearest_in_space(scene: Scene) -> list[MeasuredLink]:
    """Link whoever stood nearest to the terminal at the time that it tells."""
    links = []
    for touch in _eligible(scene):
        away_m = _away_m(scene, touch)
        links.append(_link(touch, min(away_m, key=lambda key: (away_m[key], key), default=None)))
    return links


def hungarian(scene: Scene) -> list[MeasuredLink]:
    """Assign touches of a terminal to different visits, nearest in space in sum, and everybody to somebody."""
    links = []
    for device in sorted({touch.device for touch in scene.touches}):
        touches = [touch for touch in _eligible(scene) if touch.device == device]
        away_m = [_away_m(scene, touch) for touch in touches]
        ids = sorted({key for each in away_m for key in each})
        cost = np.array([[each.get(key, _FAR_M) for key in ids] for each in away_m]).reshape(len(touches), len(ids))
        for row, column in assign(-cost):
            if cost[row, column] < _FAR_M:
                links.append(_link(touches[row], ids[column]))
    return links


def _eligible(scene: Scene) -> list[Touch]:
    return [touch for touch in scene.touches if ineligibility(touch) is None and touch.one_id in scene.consents]


def _away_m(scene: Scene, touch: Touch) -> dict[str, float]:
    """Return how far each customer present stood from the terminal at the time that it tells."""
    place = scene.terminals[touch.touch_id].place_m
    if place is None:
        return {}
    found = {}
    for visit in scene.visits:
        if visit.path and not made_by_staff(visit, _GATE):
            x_m, y_m = motion_of(visit).position(touch.time_ms)
            if visit.opened_ms <= touch.time_ms <= visit.updated_ms:
                found[visit.visit_id] = float(np.hypot(x_m - place[0], y_m - place[1]))
    return found


WAYS: dict[str, Way] = {
    "ours": ours,
    "only visit in the zone": by_rule,
    "nearest in time": nearest_in_time,
    "nearest in space": nearest_in_space,
    "Hungarian": hungarian,
}


class Slice(Struct):
    """Counts of one slice, over all stores."""

    touches: int = 0
    linked: int = 0
    correct: int = 0

    def add(self, touches: int, linked: int, correct: int) -> None:
        """Count what one store adds."""
        self.touches, self.linked, self.correct = self.touches + touches, self.linked + linked, self.correct + correct

    def cells(self) -> list[str]:
        """Return touches, precision, its lower bound, recall."""
        precision = self.correct / self.linked if self.linked else float("nan")
        recall = self.correct / self.touches if self.touches else float("nan")
        bound = wilson_lower_bound(self.correct, self.linked)
        return [str(self.touches), str(self.linked), f"{precision:.3f}", f"{bound:.3f}", f"{recall:.3f}"]


def pooled(scores: list[LinkScore]) -> dict[tuple[str, str], Slice]:
    """Return what all stores say together, by slice."""
    found: dict[tuple[str, str], Slice] = {("all", ""): Slice()}
    for each in scores:
        found["all", ""].add(each.touches, each.linked, each.correct)
        for part in each.slices:
            found.setdefault((part.of, part.name), Slice()).add(part.touches, part.linked, part.correct)
    return found


def calibration_error(scores: list[LinkScore]) -> float:
    """Return the expected calibration error over the pooled bins."""
    bins: dict[float, Counter[str]] = {}
    for each in scores:
        for part in each.calibration.bins if each.calibration else ():
            pool = bins.setdefault(part.low, Counter())
            count = part.correct.samples
            pool.update({"n": count})
            pool["posterior"] += part.mean_posterior * count  # type: ignore[assignment]  # counts of what is no integer
            pool["right"] += (part.correct.value or 0.0) * count  # type: ignore[assignment]
    total = sum(pool["n"] for pool in bins.values())
    return sum(abs(pool["right"] - pool["posterior"]) for pool in bins.values()) / max(1, total)


def report(days: list[Day]) -> None:
    """Print every way's scores as a whole, and ours in each slice."""
    table = Table("way", "touches", "linked", "precision", "at least", "recall", "calibration error")
    for name, way in WAYS.items():
        scores = [
            score_links(name, way(d.scene), d.measured, d.truth, Options(), np.random.default_rng(0)) for d in days
        ]
        error = f"{calibration_error(scores):.3f}" if name == "ours" else "-"
        table.add_row(name, *pooled(scores)["all", ""].cells(), error)
        if name == "ours":
            slices = pooled(scores)
    parts = Table("slice", "", "touches", "linked", "precision", "at least", "recall")
    for (of, name), part in slices.items():
        if of != "all":
            parts.add_row(of, name, *part.cells())
    console = Console(width=120)
    console.print(table)
    console.print(parts)


def linking(_folder: Path) -> Result:
    """Link two hours of two supermarkets; print the scores, and say how many touches a second are decided."""
    days = [simulate("supermarket", 1.0, seed) for seed in (1, 2)]
    report(days)
    rates = []
    for _ in range(5):
        for day in days:
            began_s = time.perf_counter()
            ProbabilisticLinker(_GATE).link(day.scene)
            rates.append(len(day.scene.touches) / (time.perf_counter() - began_s))
    rate = float(np.median(rates))
    return Result(
        name="link touches to visits",
        value=rate,
        unit="touches/s",
        reference_name="wanted",
        reference=_TARGET_PER_S,
        ratio=rate / _TARGET_PER_S,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.linking", description=__doc__)
    parser.add_argument("--scenario", default="supermarket", help="which store (default: %(default)s)")
    parser.add_argument("--seeds", type=int, default=2, help="how many stores (default: %(default)s)")
    parser.add_argument("--hours", type=float, default=1.0, help="hours of each (default: %(default)s)")
    chosen = parser.parse_args()
    days = [
        simulate(chosen.scenario, chosen.hours, seed)
        for seed in track(range(1, chosen.seeds + 1), "simulating", transient=True)
    ]
    report(days)


if __name__ == "__main__":
    main()
