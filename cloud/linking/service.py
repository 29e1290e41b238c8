"""Decides what changed anew. Only differences are written, so the same state decided twice adds nothing."""

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from cloud.analytics.queue import enqueue_touches
from cloud.changes.queue import note_changes, note_profiles
from cloud.db import AnyRow, ReadSession, WriteSession
from cloud.linking import repository
from cloud.linking.decide import Decision, Gate, Linker
from cloud.linking.neighbourhood import neighbourhood
from cloud.linking.telling import link_changes
from cloud.projections.base import lock_cursor
from cloud.runtime import Clock
from contracts.ids import deterministic_id

LINKING = "linking"
_ENCODER = msgspec.json.Encoder(order="sorted")


class LinkFollower:
    """Works off the queue of changed touches and visits."""

    def __init__(self, linker: Linker, gate: Gate, clock: Clock) -> None:
        self._linker = linker
        self._gate = gate
        self._clock = clock

    def is_due(self) -> bool:
        """Return True: what is queued need not wait."""
        return True

    def has_work(self, session: ReadSession) -> bool:
        """Return whether anything is queued."""
        return repository.next_tenant(session) is not None

    def step(self, session: WriteSession) -> None:
        """Decide anew what some queued changes of one tenant touch."""
        lock_cursor(session, LINKING)
        tenant = repository.next_tenant(session)
        if tenant is None:
            return
        changes = repository.next_changes(session, tenant)
        near = repository.touches_near(session, tenant, changes["visit"], self._gate)
        relink(session, self._linker, self._gate, self._clock(), tenant, near | set(changes["touch"]))
        repository.take_changes(session, tenant, changes)

    def requeue(self, session: WriteSession) -> None:
        """Queue every touch."""
        repository.requeue_all(session)


def relink(
    session: WriteSession, linker: Linker, gate: Gate, now_ms: int, tenant: str, touch_ids: Iterable[str]
) -> None:
    """Decide touches and their neighbours anew: retract what holds no longer, assert what holds now.

    The neighbours of a touch are the touches that lie in stays of the same visits, or that a decision which holds
    compares with one of them; each brings the group to which it belongs.
    """
    lock_cursor(session, LINKING)
    changed = set(touch_ids)
    shared = repository.visits_near(session, tenant, changed, gate)
    known = {row.visit_id for row in repository.active_decisions(session, tenant, changed).values() if row.visit_id}
    near = changed | repository.touches_near(session, tenant, shared | known, gate)
    loaded, decided_ids = neighbourhood(session, linker, gate, tenant, near)
    wanted: dict[str, tuple[str, Decision]] = {}
    for store in loaded.stores():
        linking = linker.link(loaded.scene(store, loaded.touches))
        wanted |= {touch_id: (store, decision) for touch_id, decision in linking.decisions.items()}
    _write(session, linker.model_version, now_ms, tenant, decided_ids, wanted)


def _write(
    session: WriteSession,
    model_version: str,
    now_ms: int,
    tenant: str,
    decided_ids: Iterable[str],
    wanted: dict[str, tuple[str, Decision]],
) -> None:
    active = repository.active_decisions(session, tenant, decided_ids)
    ordinals = repository.count_decisions(session, tenant, decided_ids)
    gone: dict[str, AnyRow] = {}
    rows, decided = [], []
    for touch_id in sorted(decided_ids):
        held = active.get(touch_id)
        store_and_decision = wanted.get(touch_id)
        print_now = None if store_and_decision is None else fingerprint(store_and_decision[1], model_version)
        if held is not None and held.fingerprint == print_now:
            continue
        if held is not None:
            gone[touch_id] = held
        if store_and_decision is not None:
            store, decision = store_and_decision
            rows.append(_row(tenant, store, decision, model_version, now_ms, ordinals.get(touch_id, 0)))
            decided.append(decision)
    if not (gone or rows):
        return
    changed = sorted(decided_ids)
    enqueue_touches(session, tenant, changed)
    repository.retract(session, [held.id for held in gone.values()], now_ms)
    repository.assert_decisions(session, rows, decided)
    enqueue_touches(session, tenant, changed)
    note_changes(session, tenant, link_changes(gone, {str(row["touch_id"]): row for row in rows}))
    note_profiles(session, tenant, [*(held.one_id for held in gone.values()), *(each.one_id for each in decided)])


def _row(
    tenant: str, store: str, decision: Decision, model_version: str, now_ms: int, ordinal: int
) -> dict[str, object]:
    print_now = fingerprint(decision, model_version)
    return {
        "id": deterministic_id(now_ms, "link", tenant, decision.touch_id, ordinal),
        "tenant": tenant,
        "store": store,
        "touch_id": decision.touch_id,
        "one_id": decision.one_id,
        "decision": decision.decision,
        "stage": decision.stage,
        "visit_id": decision.visit_id,
        "reason": decision.reason,
        "model_version": model_version,
        "fingerprint": print_now,
        "asserted_ms": now_ms,
        "retracted_ms": None,
    }


def fingerprint(decision: Decision, model_version: str) -> str:
    """Return a hash of everything that a decision says."""
    return sha256(_ENCODER.encode((model_version, decision))).hexdigest()
