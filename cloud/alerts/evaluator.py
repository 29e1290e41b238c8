"""Judges every rule anew: reads figures, and says of each rule and subject whether the condition holds.

Figures are read in a transaction that only reads; only where something changed a short one writes. Where several
processes judge, one at a time writes, from what it finds then.
"""

from collections.abc import Iterator

from cloud.alerts.changing import Found, Round, is_changed, take_in
from cloud.alerts.intervals import IntervalReader
from cloud.alerts.judging import Reading, judge
from cloud.alerts.live import LiveReader
from cloud.alerts.repository import list_rules, rule_of, tenants_to_judge
from cloud.alerts.rules import MEASURES, AlertRule
from cloud.analytics.selection import select_shops
from cloud.db import Database, ReadSession
from cloud.errors import ProblemError
from cloud.lag import read_lags
from cloud.projections.base import lock_cursor
from cloud.runtime import Clock

ALERTS = "alerts"
"""The lock under which alerts open and end."""

LONGEST_LAG_S = 120.0
"""While figures are farther behind the log than this nothing is judged: what looks silent may only be unread."""

INTERVAL_REST_MS = 5 * 60_000
"""How soon a rule about whole hours or days is judged again."""


class AlertEvaluator:
    """Judges the rules of every tenant.

    Args:
        database: Where figures and alerts are.
        clock: The current instant.
        staff_score: From which score on visits without a role are staff's.
    """

    def __init__(self, database: Database, clock: Clock, staff_score: float) -> None:
        self._database = database
        self._clock = clock
        self._staff_score = staff_score
        self._judged_ms: dict[tuple[str, int], int] = {}

    def step(self) -> bool:
        """Judge once; return False: there is nothing more to do before figures change."""
        now_ms = self._clock()
        for judged in self._rounds(now_ms):
            with self._database.read() as session:
                moved = is_changed(session, judged, now_ms)
            if moved:
                with self._database.write() as session:
                    lock_cursor(session, ALERTS)
                    take_in(session, judged, now_ms)
        return False

    def _rounds(self, now_ms: int) -> Iterator[Round]:
        with self._database.read() as session:
            tenants = tenants_to_judge(session)
            if not tenants or max(lag.seconds for lag in read_lags(session, now_ms)) > LONGEST_LAG_S:
                return
        for tenant in tenants:
            with self._database.read() as session:
                judged = self._judge(session, tenant, now_ms)
            yield judged

    def _judge(self, session: ReadSession, tenant: str, now_ms: int) -> Round:
        found: list[Found] = []
        resting: set[str] = set()
        for row in list_rules(session, tenant):
            rule = rule_of(row)
            if not rule.is_enabled:
                continue
            if self._rests((row.id, row.updated_ms), rule, now_ms):
                resting.add(row.id)
                continue
            readings = self._read(session, tenant, rule, now_ms)
            found += [Found(row.id, rule, reading, judge(rule, reading)) for reading in readings]
        return Round(tenant, found, resting, select_shops(session, tenant, (), None))

    def _rests(self, key: tuple[str, int], rule: AlertRule, now_ms: int) -> bool:
        if rule.grain is None:
            return False
        if 0 <= now_ms - self._judged_ms.get(key, now_ms - INTERVAL_REST_MS) < INTERVAL_REST_MS:
            return True
        self._judged_ms[key] = now_ms
        return False

    def _read(self, session: ReadSession, tenant: str, rule: AlertRule, now_ms: int) -> list[Reading]:
        try:
            shops = select_shops(session, tenant, rule.stores, rule.region)
        except ProblemError:
            return []  # no shop lies in the region any more: whatever was open is no longer watched
        if rule.measure in MEASURES and MEASURES[rule.measure].is_live:
            return LiveReader(session, tenant, now_ms, self._staff_score).read(rule.measure, shops)
        return IntervalReader(session, tenant, now_ms).read(rule, shops)
