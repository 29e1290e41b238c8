"""Learns where terminals' users stand and how wrong their clocks go, whenever touches or visits tell more.

What is held of a terminal on a day follows from its touches of that day and the day before and the closed visits near
them, whatever the order in which they came. It is learned anew only when the number of touches has grown by a
fifth, from the touches up to there: so a busy till costs little, and the outcome still follows from the data alone.
"""

from collections.abc import Sequence
from hashlib import blake2b

from cloud.db import ReadSession, WriteSession
from cloud.linking import repository
from cloud.linking import terminal_repository as terminals
from cloud.linking.decide import Gate, Touch, Visit, made_by_staff
from cloud.linking.leaving import Leaving
from cloud.linking.probabilistic import motion_of
from cloud.linking.queue import MS_PER_DAY, enqueue
from cloud.linking.terminal_repository import DeviceDay
from cloud.linking.terminals import Near, Terminal, learn, standing_places
from cloud.projections.base import lock_cursor

TERMINALS = "terminals"
DAYS = 2
MOST_TOUCHES = 240
_LADDER_START = 4
_GROWTH = 1.2


class TerminalFollower:
    """Works off the queue of what may tell something of a terminal."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def is_due(self) -> bool:
        """Return True: what is queued need not wait."""
        return True

    def has_work(self, session: ReadSession) -> bool:
        """Return whether anything is queued."""
        return terminals.next_terminal_tenant(session) is not None

    def step(self, session: WriteSession) -> None:
        """Learn anew what some queued changes of one tenant tell; touches of terminals with news are queued."""
        lock_cursor(session, TERMINALS)
        tenant = terminals.next_terminal_tenant(session)
        if tenant is None:
            return
        changes = terminals.take_terminal_changes(session, tenant)
        changed = set(changes["touch"])
        closed = [
            v.visit_id for _, v in repository.load_visits(session, tenant, changes["visit"]) if v.status != "open"
        ]
        near = changed | repository.touches_near(session, tenant, closed, self._gate)
        undone = _with_later_days(terminals.device_days_of_zones(session, tenant, changes["zone"]))
        for key in sorted(undone | _with_later_days(terminals.device_days(session, tenant, near))):
            self._learn(session, tenant, key, None if key in undone else near)

    def requeue(self, session: WriteSession) -> None:
        """Queue every terminal and day."""
        terminals.requeue_terminals(session)

    def _learn(self, session: WriteSession, tenant: str, key: DeviceDay, near: set[str] | None) -> None:
        """Learn anew of one terminal and day, unless nothing near the touches that are learned from has changed."""
        dated = terminals.touches_between(session, tenant, key, DAYS)
        of_day = [touch_id for time_ms, touch_id in dated if time_ms >= key[2]]
        sample = sampled([touch_id for _, touch_id in dated])
        if not of_day or not sample:
            if terminals.drop_terminal(session, tenant, key):
                enqueue(session, tenant, "touch", of_day)
            return
        if near is not None and near.isdisjoint(sample) and terminals.has_terminal(session, tenant, key):
            return
        if terminals.put_terminal(session, tenant, key, self._told(session, tenant, sample)):
            enqueue(session, tenant, "touch", of_day)

    def _told(self, session: ReadSession, tenant: str, touch_ids: Sequence[str]) -> Terminal:
        touches = [touch for _, touch in repository.load_touches(session, tenant, touch_ids).values()]
        visit_ids = repository.visits_near(session, tenant, touch_ids, self._gate)
        visits = [
            visit
            for _, visit in repository.load_visits(session, tenant, visit_ids)
            if visit.status == "closed" and visit.path and not made_by_staff(visit, self._gate)
        ]
        return learned(touches, visits, self._gate)


def _with_later_days(days: set[DeviceDay]) -> set[DeviceDay]:
    """Return terminals and days, with the days after them that learn from them too."""
    return {(store, device, day_ms + more * MS_PER_DAY) for store, device, day_ms in days for more in range(DAYS)}


def sampled(touch_ids: Sequence[str]) -> list[str]:
    """Return the touches to learn from: of few, those up to the last time at which they had grown enough.

    Args:
        touch_ids: All of a terminal, in order of time.
    """
    if len(touch_ids) > MOST_TOUCHES:
        ordered = sorted(touch_ids, key=lambda touch_id: blake2b(touch_id.encode(), digest_size=8).digest())
        return ordered[:MOST_TOUCHES]
    step = float(_LADDER_START)
    while int(step * _GROWTH) <= len(touch_ids):
        step *= _GROWTH
    return list(touch_ids[: int(step)]) if len(touch_ids) >= _LADDER_START else []


def learned(touches: Sequence[Touch], visits: Sequence[Visit], gate: Gate, leaving: Leaving | None = None) -> Terminal:
    """Return what touches of one terminal tell of it.

    Args:
        touches: Some of its touches.
        visits: Those that were near them.
        gate: How far in time a stay may lie from a touch.
        leaving: How soon people leave after a touch.
    """
    leaving = leaving or Leaving()
    zones = {touch.zone_id for touch in touches}
    stays = [(visit, stay) for visit in visits for stay in visit.stays if stay.zone_id in zones]
    motions = {visit.visit_id: motion_of(visit) for visit, _ in stays}
    ends = [
        min(visit.updated_ms if stay.left_ms is None else stay.left_ms, stay.entered_ms + gate.max_stay_ms)
        for visit, stay in stays
    ]
    places = standing_places(
        [motions[visit.visit_id] for visit, _ in stays],
        [(stay.entered_ms, end_ms) for (_, stay), end_ms in zip(stays, ends, strict=True)],
    )
    reach_ms = gate.tolerance_ms + gate.clock_error_ms
    near = []
    for touch in sorted(
        (touch for touch in touches if not touch.is_corrected), key=lambda touch: (touch.at_ms, touch.touch_id)
    ):
        there: dict[str, list[tuple[int, int]]] = {}
        for (visit, stay), end_ms in zip(stays, ends, strict=True):
            if stay.zone_id == touch.zone_id and stay.entered_ms - reach_ms <= touch.at_ms <= end_ms + reach_ms:
                there.setdefault(visit.visit_id, []).append((stay.entered_ms, end_ms))
        ids = sorted(there)
        spans = tuple(tuple(sorted(there[visit_id])) for visit_id in ids)
        usual_s = leaving.scan_s if touch.is_scan else leaving.receipt_s
        near.append(Near(touch.at_ms, tuple(motions[visit_id] for visit_id in ids), spans, usual_s))
    is_measured = any(touch.corrected_ms is not None for touch in touches)
    return learn(near, places, gate.clock_error_ms, is_measured=is_measured)
