"""What a linker is scored on: touches, visits, consents, and the truth."""

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.linking_days import Day, DaySetting, kept_day
from benchmarks.linking_stores import PARTY_SIZES, Made
from benchmarks.linking_trails import Errors, trails
from benchmarks.linking_walks import WalkSetting, kept_walk
from cloud.linking.decide import Gate, Scene, Touch, Visit, VisitStay, made_by_staff
from cloud.linking.leaving import Leaving
from cloud.linking.terminal_follower import learned, sampled
from cloud.linking.terminals import Terminal
from contracts.payloads import VisitRevised
from simulators.core.scoring.measured import MeasuredVisit
from simulators.core.truth import Truth

GATE = Gate(clock_error_ms=30_000)
_CROWDS = ((100.0, PARTY_SIZES), (200.0, (0.15, 0.25, 0.25, 0.35)), (300.0, PARTY_SIZES))
"""Parties an hour, and how large they are."""
_BREAKS_PER_MIN = (0.1, 0.4, 1.2, 2.5)
_CLOCK_ERROR_MS = 20
_DAYS_PER_H = (120.0, 240.0)


class Case(Struct, frozen=True, kw_only=True):
    """What the cloud knows of some time in a store, what its visits stand for, and the truth that links are held to.

    `clocked` is the scene where the gateway has measured the terminals' clocks, to a few milliseconds.

    The truth is without voids and the receipts that they void: by rule nobody links what did not happen.
    """

    scene: Scene
    clocked: Scene
    measured: list[MeasuredVisit]
    truth: Truth


def walk_cases(count: int, skipped: int = 0, leaving: Leaving | None = None) -> Iterator[Case]:
    """Return so many walks with drawn errors; each has its own people, pace, clocks and rate of breaks.

    Args:
        count: How many.
        skipped: So many others come before them and are left out.
        leaving: How soon after a touch the linker takes people to leave.
    """
    for number in range(skipped, skipped + count):
        pace, sizes = _CROWDS[number % len(_CROWDS)]
        errors = Errors(breaks_per_min=_BREAKS_PER_MIN[number // len(_CROWDS) % len(_BREAKS_PER_MIN)])
        walk = kept_walk(WalkSetting(seed=number + 1, parties_per_h=pace, party_sizes=sizes))
        yield make_case(*trails(walk, errors, number), leaving)


def day_cases(count: int) -> Iterator[Case]:
    """Return so many days of a supermarket's front, at two paces."""
    for number in range(count):
        pace = _DAYS_PER_H[number % len(_DAYS_PER_H)]
        yield _case_of(kept_day(DaySetting(seed=number + 1, parties_per_h=pace)))


def _case_of(day: Day) -> Case:
    """Return what links of a day are scored on."""
    measured = [
        MeasuredVisit(
            visit_id=visit.visit_id,
            opened_ms=visit.opened_ms,
            closed_ms=visit.closed_ms,
            tracks=tuple(day.tracks[segment_id] for segment_id in visit.segment_ids),
        )
        for visit in day.visits
    ]
    return make_case(day.made, [_visit(visit) for visit in day.visits], measured, day.truth)


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


def make_case(
    made: Sequence[Made],
    visits: Sequence[Visit],
    measured: list[MeasuredVisit],
    truth: Truth,
    leaving: Leaving | None = None,
) -> Case:
    """Return a case, with what the linker learns of the terminals from it."""
    voids = (each.sale for each in made if each.sale is not None and each.sale.kind == "void")
    voided = {void.reverses_receipt_id for void in voids if void.reverses_receipt_id is not None}
    touches = [_touch(each, voided) for each in made]
    true_ms = {(each.device_id, each.t_ms): each.true_ms for each in truth.touches}
    put_right = [replace(each, corrected_ms=true_ms[each.device, each.time_ms] + _CLOCK_ERROR_MS) for each in touches]
    kept = tuple(each for each in truth.touches if each.kind != "void" and each.receipt_id not in voided)
    agreed = {(each.device_id, each.t_ms) for each in truth.touches if each.expected in {"link", "abstain"}}
    consents = {touch.one_id for touch in touches if touch.one_id and (touch.device, touch.time_ms) in agreed}
    scene, clocked = (
        Scene(touches=part, visits=visits, consents=consents, terminals=_terminals(part, visits, leaving))
        for part in (touches, put_right)
    )
    return Case(scene=scene, clocked=clocked, measured=measured, truth=replace(truth, touches=kept))


def _touch(made: Made, voided: set[str]) -> Touch:
    sale, member = made.sale, made.event.member
    return Touch(
        touch_id=f"{made.device}@{made.time_ms}",
        time_ms=made.time_ms,
        zone_id=made.event.zone_id,
        one_id=None if member is None else member.pseudonym,
        device=made.device,
        is_scan=made.scan is not None,
        is_reversal=sale is not None and sale.kind == "void",
        is_reversed=sale is not None and sale.kind == "sale" and sale.receipt_id in voided,
    )


def _terminals(touches: Sequence[Touch], visits: Sequence[Visit], leaving: Leaving | None) -> Mapping[str, Terminal]:
    customers = [visit for visit in visits if visit.path and not made_by_staff(visit, GATE)]
    found: dict[str, Terminal] = {}
    for device in sorted({touch.device for touch in touches}):
        of_device = {
            touch.touch_id: touch for touch in sorted(touches, key=lambda each: each.time_ms) if touch.device == device
        }
        terminal = learned([of_device[key] for key in sampled(list(of_device))], customers, GATE, leaving)
        found |= dict.fromkeys(of_device, terminal)
    return found
