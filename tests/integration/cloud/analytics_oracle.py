"""The same metrics computed by DuckDB from the raw events: another language, another way, the same figures.

Only the links are taken from the cloud's decisions: which visit made which touch is no matter of analytics.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import msgspec
from sqlalchemy import select

from cloud.tables import link_decisions, link_hypotheses
from tests.integration.cloud.support import Cloud

_HERE = Path(__file__).parent
_SETUP, _FACTS = (
    (_HERE / "analytics_facts.sql").read_text(encoding="utf-8").split("-- From here on the tables above are filled.\n")
)

_CELLS = {
    "hour": "SELECT store, day, a, b FROM hour",
    "day": "SELECT store, day, a, b FROM day",
    "week": "SELECT store, date_trunc('week', day) AS day, min(a) AS a, max(b) AS b FROM day "
    "GROUP BY store, date_trunc('week', day)",
    "total": "SELECT store, DATE '2026-03-23' AS day, min(a) AS a, max(b) AS b FROM day "
    "WHERE day BETWEEN DATE '2026-03-23' AND DATE '2026-04-05' GROUP BY store",
    "wide": "SELECT store, DATE '2026-03-01' AS day, min(a) AS a, max(b) AS b FROM day GROUP BY store",
}

_GROUPS = (_HERE / "analytics_groups.sql").read_text(encoding="utf-8")
_PARTS = (_HERE / "analytics_parts.sql").read_text(encoding="utf-8")

_FORMULAS: Mapping[str, str] = {
    "footfall_in": "CASE WHEN cameras THEN fin END",
    "footfall_out": "CASE WHEN cameras THEN fout END",
    "passersby": "CASE WHEN cameras AND day_pass > 0 THEN pass END",
    "capture_rate": "fin / nullif(pass, 0)",
    "heads": "CASE WHEN cameras THEN heads END",
    "parties": "CASE WHEN cameras THEN parties END",
    "party_size": "heads / nullif(parties, 0)",
    "staff_visits": "CASE WHEN cameras THEN staff END",
    "staff_share": "staff / nullif(staff + heads, 0)",
    "dwell": "dwell / nullif(1000 * dwellers, 0)",
    "occupancy": "CASE WHEN cameras THEN presence / nullif(open_known, 0) END",
    "occupancy_peak": "CASE WHEN cameras THEN peak END",
    "queue_wait": "waited / nullif(1000 * served, 0)",
    "queue_abandonment": "abandoned / nullif(abandoned + served, 0)",
    "sales": "CASE WHEN tills THEN euro END",
    "transactions": "CASE WHEN tills THEN sales END",
    "units": "CASE WHEN tills THEN units / 1000 END",
    "average_order_value": "euro / nullif(euro_sales, 0)",
    "units_per_transaction": "units / nullif(1000 * sales, 0)",
    "sales_per_visit": "CASE WHEN tills THEN euro / nullif(heads, 0) END",
    "conversion_by_visit": "CASE WHEN tills THEN sales / nullif(heads, 0) END",
    "conversion_by_party": "CASE WHEN tills THEN sales / nullif(parties, 0) END",
    "scans": "CASE WHEN scanners THEN scans END",
    "scan_to_visit_rate": "CASE WHEN scanners THEN scans / nullif(heads, 0) END",
    "linked_visits": "CASE WHEN cameras THEN linked / 1000000 END",
    "linked_share": "linked / nullif(1000000 * heads, 0)",
    "linked_conversion": "buyers / nullif(linked, 0)",
    "member_transaction_share": "member_sales / nullif(sales, 0)",
}


class Oracle:
    """Every event that was sent, in DuckDB."""

    def __init__(self, cloud: Cloud, raws: Sequence[bytes], stores: Mapping[str, tuple[str, Any]]) -> None:
        self._duck = duckdb.connect()
        self._duck.execute(_SETUP)
        self._insert("raw", [(raw.decode(),) for raw in raws])
        rows = [
            (name, zone, None if weekly is None else msgspec.json.encode(weekly).decode())
            for name, (zone, weekly) in stores.items()
        ]
        self._insert("store", rows)
        held = link_decisions.c.retracted_ms.is_(None)
        with cloud.database.read() as session:
            decisions = select(
                link_decisions.c.id, link_decisions.c.touch_id, link_decisions.c.decision, link_decisions.c.visit_id
            )
            self._insert("decision", [tuple(row) for row in session.rows(decisions.where(held))])
            hypotheses = select(link_hypotheses.c.decision_id, link_hypotheses.c.visit_id, link_hypotheses.c.posterior)
            self._insert("hypothesis", [tuple(row) for row in session.rows(hypotheses)])
        self._duck.execute(_FACTS)
        cells = " UNION ALL ".join(f"SELECT '{grain}' AS grain, * FROM ({cells})" for grain, cells in _CELLS.items())
        self._duck.execute(_PARTS.format(cells=cells))

    def _insert(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if rows:
            self._duck.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)

    def values(self, metric: str, grain: str) -> dict[tuple[str, int], tuple[Any, Any, Any]]:
        """Return (value, standard deviation of the number of linked visits, coverage) by store and first instant."""
        sql = f"""
        SELECT store, a, {_FORMULAS[metric]}, sqrt(spread / 1000000), observed / nullif(expected, 0)
        FROM parts WHERE grain = '{grain}'"""
        return {(row[0], row[1]): row[2:] for row in self._duck.execute(sql).fetchall()}

    def groups(self, first: str, end: str) -> dict[str, tuple[int, ...]]:
        """Return members, visits, visits with a purchase, sales and their sum in euro, by group of members."""
        sql = _GROUPS.format(first=first, end=end)
        return {row[0]: tuple(map(int, row[1:])) for row in self._duck.execute(sql).fetchall()}

    def members(self, condition: str) -> dict[tuple[str, str], int]:
        """Return how many members were in each store on each day, of those for whom a condition holds."""
        sql = f"""
        SELECT store, CAST(day AS VARCHAR), count(DISTINCT pseudonym) FROM (
          SELECT *, min(day) OVER (PARTITION BY pseudonym) AS first FROM shown) WHERE {condition} GROUP BY ALL"""
        return {(store, day): count for store, day, count in self._duck.execute(sql).fetchall()}
