"""SQL of scores: where each customer stands, and how many customers stand in each bucket."""

from collections import Counter
from collections.abc import Mapping, Sequence

from sqlalchemy import and_, delete, func, select

from cloud.among import among
from cloud.db import ReadSession, WriteSession, chunks
from cloud.profiles.live import load_touches
from cloud.profiles.rfm import MEASURES, Buckets, Measure, buckets_of, purchases_by_currency, score
from cloud.profiles.tables import profile_purchases, rfm_histogram

_Key = tuple[str, str, int]


def restate(session: WriteSession, tenant: str, one_ids: Sequence[str]) -> None:
    """Make the standings of these profiles what their touches say, and the histogram with them.

    The caller holds the lock of identity: the counts are read, then written.
    """
    changes: Counter[_Key] = Counter()
    for part in chunks(one_ids):
        held = _standings(session, tenant, part)
        found = {
            one_id: buckets
            for one_id, touches in load_touches(session, tenant, part).items()
            if (buckets := buckets_of(purchases_by_currency(touches))) is not None
        }
        moved = [one_id for one_id in part if held.get(one_id) != found.get(one_id)]
        for one_id in moved:
            _count(changes, held.get(one_id), -1)
            _count(changes, found.get(one_id), +1)
        session.execute(
            delete(profile_purchases).where(
                profile_purchases.c.tenant == tenant, among(profile_purchases.c.one_id, moved)
            )
        )
        session.insert(
            profile_purchases,
            [
                {
                    "tenant": tenant,
                    "one_id": one_id,
                    "currency": found[one_id].currency,
                    **{measure: found[one_id].of(measure) for measure in MEASURES},
                }
                for one_id in moved
                if one_id in found
            ],
        )
    _change_histogram(session, tenant, {key: change for key, change in changes.items() if change})


def _count(changes: Counter[_Key], buckets: Buckets | None, by: int) -> None:
    if buckets is not None:
        for measure in MEASURES:
            changes[buckets.currency, measure, buckets.of(measure)] += by


def _change_histogram(session: WriteSession, tenant: str, changes: Mapping[_Key, int]) -> None:
    buckets: dict[tuple[str, str], list[int]] = {}
    for currency, measure, bucket in sorted(changes):
        buckets.setdefault((currency, measure), []).append(bucket)
    for (currency, measure), all_of_it in buckets.items():
        for part in chunks(all_of_it):
            _change_measure(
                session, tenant, currency, measure, {each: changes[currency, measure, each] for each in part}
            )


def _change_measure(
    session: WriteSession, tenant: str, currency: str, measure: str, changes: Mapping[int, int]
) -> None:
    histogram = rfm_histogram.c
    theirs = and_(
        histogram.tenant == tenant,
        histogram.currency == currency,
        histogram.measure == measure,
        histogram.bucket.in_(changes),
    )
    held = {row.bucket: row.customers for row in session.rows(select(rfm_histogram).where(theirs))}
    session.execute(delete(rfm_histogram).where(theirs))
    counted = {bucket: held.get(bucket, 0) + change for bucket, change in changes.items()}
    session.insert(
        rfm_histogram,
        [
            {"tenant": tenant, "currency": currency, "measure": measure, "bucket": bucket, "customers": customers}
            for bucket, customers in counted.items()
            if customers
        ],
    )


def scores_of(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> dict[str, dict[Measure, int]]:
    """Return customers' scores by One ID, among all customers of the tenant who buy in the same currency."""
    found: dict[str, dict[Measure, int]] = {}
    histograms: dict[str, _Histogram] = {}
    for part in chunks(one_ids):
        for one_id, buckets in _standings(session, tenant, part).items():
            if buckets.currency not in histograms:
                histograms[buckets.currency] = _Histogram(session, tenant, buckets.currency)
            found[one_id] = histograms[buckets.currency].scores(buckets)
    return found


def _standings(session: ReadSession, tenant: str, one_ids: Sequence[str]) -> dict[str, Buckets]:
    held = profile_purchases.c
    return {
        row.one_id: Buckets(currency=row.currency, recency=row.recency, frequency=row.frequency, monetary=row.monetary)
        for row in session.rows(select(profile_purchases).where(held.tenant == tenant, among(held.one_id, one_ids)))
    }


class _Histogram:
    """How many customers stand in each bucket of one currency."""

    def __init__(self, session: ReadSession, tenant: str, currency: str) -> None:
        histogram = rfm_histogram.c
        below = func.sum(histogram.customers).over(partition_by=histogram.measure, order_by=histogram.bucket)
        rows = session.rows(
            select(histogram.measure, histogram.bucket, histogram.customers, below.label("until")).where(
                histogram.tenant == tenant, histogram.currency == currency
            )
        )
        self._below = {(measure, bucket): int(until) - customers for measure, bucket, customers, until in rows}
        self._customers = sum(customers for measure, _, customers, _ in rows if measure == MEASURES[0])

    def scores(self, buckets: Buckets) -> dict[Measure, int]:
        return {measure: score(self._below[measure, buckets.of(measure)], self._customers) for measure in MEASURES}
