"""Sums follow in rounds: soon, but not with every event; and each hour in its turn, however many wait."""

import itertools

import pytest
from sqlalchemy import func, select

from cloud.analytics.follower import MOST_REST_MS, REST_MS, REST_PARTS, AnalyticsFollower
from cloud.analytics.queue import DAYS, HOURS, enqueue_days, enqueue_members, enqueue_spans
from cloud.analytics.tables import analytics_queue, rollups
from tests.integration.cloud.support import T0, TENANT, Cloud, Shop

HOUR_MS = 3_600_000


def entered(cloud: Cloud) -> int:
    """Return how many people all days together count."""
    with cloud.database.read() as session:
        return session.number(select(func.sum(rollups.c.footfall_in)).where(rollups.c.grain == "day"))


def follow(cloud: Cloud) -> int:
    """Let the projector go on as long as it wants to; return how many people are counted."""
    for _ in range(1000):
        if not cloud.projector.step():
            return entered(cloud)
    pytest.fail("the projector never rests")


def waiting(cloud: Cloud, stage: int) -> set[str]:
    with cloud.database.read() as session:
        return {
            row.store for row in session.rows(select(analytics_queue.c.store).where(analytics_queue.c.stage == stage))
        }


def test_what_changes_soon_after_a_round_waits_for_the_next(cloud: Cloud, shop: Shop):
    cloud.ingest([shop.crossing(T0)])
    assert follow(cloud) == 1, "the first round begins at once"
    cloud.ingest([shop.crossing(T0 + 1000)])
    cloud.now_ms += REST_MS - 1
    assert follow(cloud) == 1
    assert waiting(cloud, HOURS), "the hour is queued, not lost"
    cloud.now_ms += 1
    assert follow(cloud) == 2
    assert not waiting(cloud, HOURS)


@pytest.mark.parametrize(("step_ms", "rest_ms"), [(10, REST_MS), (1000, 3000 * REST_PARTS), (10**9, MOST_REST_MS)])
def test_a_long_round_is_followed_by_a_long_rest(cloud: Cloud, shop: Shop, step_ms: int, rest_ms: int):
    cloud.take_in(shop.crossing(T0))
    ticks = itertools.count(0, step_ms)
    now_ms: list[int] = []
    follower = AnalyticsFollower(0.5, lambda: now_ms[0] if now_ms else next(ticks))
    with cloud.database.write() as session:
        enqueue_spans(session, TENANT, [("a", T0, T0)])
        for _ in range(3):
            follower.step(session)
        assert follower.has_work(session) is False
    for waited_ms, is_due in ((rest_ms - 1, False), (rest_ms, True)):
        now_ms[:] = [waited_ms]
        assert follower.is_due() is is_due


def test_a_clock_that_was_set_back_holds_up_nothing(cloud: Cloud, shop: Shop):
    cloud.ingest([shop.crossing(T0)])
    assert follow(cloud) == 1
    cloud.ingest([shop.crossing(T0 + 1000)])
    cloud.now_ms -= HOUR_MS
    assert follow(cloud) == 2


def test_catching_up_waits_for_nothing(cloud: Cloud, shop: Shop):
    for number in range(3):
        cloud.take_in(shop.crossing(T0 + number))
        assert entered(cloud) == number + 1
    cloud.state()  # looks whether queues are empty


def test_stores_that_change_all_the_time_do_not_starve_others_or_days(
    cloud: Cloud, shop: Shop, monkeypatch: pytest.MonkeyPatch
):
    """With one store a transaction and the first store queued anew before each, a round still comes to its end."""
    monkeypatch.setattr("cloud.analytics.follower.STORES", 1)
    cloud.take_in(shop.crossing(T0))
    cloud.now_ms += REST_MS
    others = [f"store-{number}" for number in range(4)]
    with cloud.database.write() as session:
        enqueue_spans(session, TENANT, [(store, T0, T0) for store in ("a", *others)])
        enqueue_members(session, TENANT, ["nobody"])
    steps = 0
    while waiting(cloud, HOURS) != {"a"} or waiting(cloud, DAYS):
        assert cloud.projector.step(), "a round under way does not rest"
        with cloud.database.write() as session:
            enqueue_spans(session, TENANT, [("a", T0, T0)])
        steps += 1
        assert steps < 20, "others wait for ever"


def test_a_step_takes_up_no_more_than_its_share(cloud: Cloud, monkeypatch: pytest.MonkeyPatch):
    """Whoever queues what is being summed waits for that transaction alone."""
    monkeypatch.setattr("cloud.analytics.follower.STORES", 2)
    monkeypatch.setattr("cloud.analytics.follower.STEP", 5)
    with cloud.database.write() as session:
        for number in range(3):
            enqueue_days(session, TENANT, f"store-{number}", range(739_000, 739_003))
    left = []
    for _ in range(3):
        cloud.projector.step()
        with cloud.database.read() as session:
            left.append(session.number(select(func.count()).select_from(analytics_queue)))
    assert left == [4, 0, 0]
