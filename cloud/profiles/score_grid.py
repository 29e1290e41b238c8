"""How many customers have which scores of recency and frequency, over all shops."""

from collections.abc import Mapping, Sequence

from msgspec import Struct
from sqlalchemy import ColumnElement, case, func, literal, select

from cloud.db import ReadSession
from cloud.profiles.rfm import MEASURES, Measure, score
from cloud.profiles.tables import profile_purchases, rfm_histogram

Lowest = Mapping[Measure, Sequence[int]]
"""By measure, the lowest bucket of each score from 2 on that anybody has."""


class ScoreCell(Struct, frozen=True, kw_only=True):
    """The customers with one score of recency and one of frequency; `monetary` is the sum of their scores of value."""

    recency: int
    frequency: int
    customers: int
    monetary: int


def list_currencies(session: ReadSession, tenant: str) -> list[str]:
    """Return the currencies in which customers are scored."""
    statement = select(rfm_histogram.c.currency).distinct().where(rfm_histogram.c.tenant == tenant)
    return sorted(row.currency for row in session.rows(statement))


def count_scores(session: ReadSession, tenant: str, currency: str) -> list[ScoreCell]:
    """Return how many customers of a currency have which scores, the lowest first; none that nobody has."""
    lowest = _lowest_buckets(session, tenant, currency)
    recency, frequency, monetary = (
        _score_of(profile_purchases.c[measure], lowest[measure]).label(measure) for measure in MEASURES
    )
    scored = (
        select(recency, frequency, monetary)
        .where(profile_purchases.c.tenant == tenant, profile_purchases.c.currency == currency)
        .subquery()
    )
    key = (scored.c.recency, scored.c.frequency)
    rows = session.rows(
        select(*key, func.count().label("customers"), func.sum(scored.c.monetary).label("monetary"))
        .group_by(*key)
        .order_by(*key)
    )
    return [
        ScoreCell(recency=row.recency, frequency=row.frequency, customers=row.customers, monetary=int(row.monetary))
        for row in rows
    ]


def _lowest_buckets(session: ReadSession, tenant: str, currency: str) -> dict[Measure, list[int]]:
    histogram = rfm_histogram.c
    found: dict[Measure, list[int]] = {}
    for measure in MEASURES:
        rows = session.rows(
            select(histogram.bucket, histogram.customers)
            .where(histogram.tenant == tenant, histogram.currency == currency, histogram.measure == measure)
            .order_by(histogram.bucket)
        )
        customers = sum(row.customers for row in rows)
        below, reached, lowest = 0, 1, []
        for bucket, count in rows:
            risen = score(below, customers) - reached
            lowest += [bucket] * risen
            reached += risen
            below += count
        found[measure] = lowest
    return found


def _score_of(bucket: ColumnElement[int], lowest: Sequence[int]) -> ColumnElement[int]:
    """Return a score: 1, and one more for each of the buckets that it is not below."""
    total: ColumnElement[int] = literal(1)
    for least in lowest:
        total = total + case((bucket >= least, 1), else_=0)
    return total
