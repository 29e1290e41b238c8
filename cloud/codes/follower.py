"""Judges codes anew whenever something about them changed. The same state judged twice writes the same."""

from collections.abc import Sequence

from cloud.codes import repository
from cloud.codes.judge import CodeRules, CodeScan, Judgement, judge
from cloud.codes.queue import Code, enqueue_codes, requeue_all_codes
from cloud.db import ReadSession, Values, WriteSession
from cloud.projections.base import lock_cursor

CODES = "codes"


class CodeFollower:
    """Works off the queue of changed codes."""

    def __init__(self, rules: CodeRules) -> None:
        self._rules = rules

    def is_due(self) -> bool:
        """Return True: what is queued need not wait."""
        return True

    def has_work(self, session: ReadSession) -> bool:
        """Return whether anything is queued."""
        return repository.next_tenant(session) is not None

    def step(self, session: WriteSession) -> None:
        """Judge some queued codes of one tenant anew."""
        lock_cursor(session, CODES)
        tenant = repository.next_tenant(session)
        if tenant is None:
            return
        codes = repository.next_codes(session, tenant)
        repository.take_codes(session, tenant, codes)
        issued = repository.load_issued(session, tenant, codes)
        scans = repository.load_scans(session, tenant, codes)
        registered = repository.registered_gtins(session, tenant, {gtin for gtin, _ in codes})
        verdicts: list[Values] = []
        states: list[Values] = []
        for code in (each for each in codes if scans[each]):
            judgement = judge(scans[code], issued.get(code), self._rules, registered=code[0] in registered)
            verdicts += _verdict_rows(tenant, code, scans[code], judgement)
            states.append(_state_row(tenant, code, scans[code], judgement))
        repository.replace_verdicts(session, tenant, codes, verdicts)
        repository.replace_states(session, tenant, codes, states)
        # Opening an item shows that it was sold: what scans of its inner code tell changes the outer one's verdicts.
        enqueue_codes(session, tenant, repository.outers_of(session, tenant, codes))

    def requeue(self, session: WriteSession) -> None:
        """Forget every verdict and queue every code."""
        repository.forget_verdicts(session)
        requeue_all_codes(session)


def _verdict_rows(tenant: str, code: Code, scans: Sequence[CodeScan], judgement: Judgement) -> list[Values]:
    return [
        {
            "tenant": tenant,
            "touch_id": scan.scan_id,
            "gtin": code[0],
            "serial": code[1],
            "time_ms": scan.time_ms,
            "verdict": judgement.verdicts[scan.scan_id],
        }
        for scan in scans
    ]


def _state_row(tenant: str, code: Code, scans: Sequence[CodeScan], judgement: Judgement) -> Values:
    return {
        "tenant": tenant,
        "gtin": code[0],
        "serial": code[1],
        "scans": len(scans),
        "repeats": list(judgement.verdicts.values()).count("repeat"),
        "persons": judgement.persons,
        "authenticated_ms": next((s.time_ms for s in scans if s.scan_id == judgement.first_scan_id), None),
        "last_scan_ms": max(scan.time_ms for scan in scans),
        "is_cloned": judgement.is_cloned,
        "alert": alert_of(judgement),
    }


def alert_of(judgement: Judgement) -> str | None:
    """Return the gravest thing to tell of a code, None where nothing is wrong."""
    verdicts = set(judgement.verdicts.values())
    if judgement.is_cloned:
        return "cloned"
    return next((each for each in ("unknown_code", "repeat") if each in verdicts), None)
