"""Members come back and lapse as the scenario says; scipy's distributions are the oracle."""

import numpy as np
import pytest

from simulators.adapters.scenario_files import load_scenario
from simulators.core.scenario import Members, Year
from simulators.core.visit_level.batch import SHOWN
from simulators.core.visit_level.regulars import NEVER, Regulars

stats = pytest.importorskip("scipy.stats", reason="the oracle needs the extra dev", exc_type=ImportError)

PER_DAY = 1500
DAYS = 300


class History:
    """A programme in which as many members come on every day."""

    def __init__(self, year: Year, seed: int = 3, days: int = DAYS, per_day: int = PER_DAY) -> None:
        rng = np.random.default_rng(seed)
        self.regulars = Regulars(year, load_scenario("corner_shop").members, per_day, np.random.default_rng(seed + 1))
        drawn = [self.regulars.come(rng, per_day, day) for day in range(days)]
        self.who = np.concatenate([who for who, _ in drawn])
        self.joined = np.concatenate([joined for _, joined in drawn])
        self.day = np.repeat(np.arange(days), per_day) + np.tile(np.linspace(0, 1, per_day, endpoint=False), days)

    def next_after(self, until_day: float) -> np.ndarray:
        """Return for each visit before a day the time to the member's next one, infinite if none came."""
        order = np.lexsort((self.day, self.who))
        who, day = self.who[order], self.day[order]
        gap = np.full(len(who), np.inf)
        again = who[1:] == who[:-1]
        gap[:-1][again] = np.diff(day)[again]
        return gap[day < until_day]


@pytest.fixture(name="history", scope="module")
def _history() -> History:
    return History(Year(return_days=12.0, return_shape=3.0, lapses=0.05))


def test_times_between_visits_follow_the_lomax_distribution_that_was_asked_for(history: History) -> None:
    gaps = history.next_after(DAYS / 2)
    window = DAYS / 2
    law = stats.lomax(3.0, scale=12.0 * 2.0)
    within = gaps[gaps <= window]
    share = (1 - 0.05) * law.cdf(window)
    assert len(within) / len(gaps) == pytest.approx(share, abs=0.004)
    # Gaps of one member are alike, so they are thinned out before the test of their distribution.
    sample = np.random.default_rng(1).choice(within, 4000, replace=False)
    assert stats.kstest(sample, lambda days: law.cdf(days) / law.cdf(window)).pvalue > 0.001


def test_a_wrong_law_would_be_found_out(history: History) -> None:
    sample = np.random.default_rng(1).choice(history.next_after(DAYS / 2), 4000, replace=False)
    assert stats.kstest(sample[sample < 150], stats.lomax(3.0, scale=30.0).cdf).pvalue < 1e-6


def test_retention_can_be_told_in_advance(history: History) -> None:
    gaps = history.next_after(DAYS / 2)
    for days in (3, 7, 30, 90):
        expected = 0.95 * (1 - (1 + days / 24) ** -3)
        assert np.mean(gaps <= days) == pytest.approx(expected, abs=0.006)


def test_as_many_join_as_lapse_and_the_rest_stay(history: History) -> None:
    table = history.regulars.table()
    visits = PER_DAY * DAYS
    assert history.joined.sum() == (table.joined_day != NEVER).sum()
    for number in (history.joined.sum(), (table.lapsed_day != NEVER).sum()):
        assert number == pytest.approx(0.05 * visits, abs=5 * np.sqrt(0.05 * visits))
    still = (table.lapsed_day == NEVER).sum()
    assert still == pytest.approx(0.95 * PER_DAY * 12, rel=0.05)
    assert table.visits.sum() == visits


def test_the_first_visit_is_on_the_day_of_joining_and_none_is_after_lapsing(history: History) -> None:
    table = history.regulars.table()
    day = history.day.astype(np.int64)
    first, last = np.full(len(table.visits), DAYS), np.full(len(table.visits), -1)
    np.minimum.at(first, history.who, day)
    np.maximum.at(last, history.who, day)
    new, gone = table.joined_day != NEVER, table.lapsed_day != NEVER
    assert (first[new] == table.joined_day[new]).all()
    assert (last[gone] == table.lapsed_day[gone]).all()


def test_rates_of_those_who_join_are_gamma_distributed(history: History) -> None:
    table = history.regulars.table()
    joined = table.visits_per_day[table.joined_day != NEVER][:5000]
    assert stats.kstest(joined, stats.gamma(3.0, scale=1 / 24).cdf).pvalue > 0.001
    assert np.mean(1 / joined) == pytest.approx(12.0, rel=0.05)


def test_each_member_comes_as_often_as_his_or_her_rate_says() -> None:
    history = History(Year(return_days=5.0, return_shape=3.0, lapses=0.0), per_day=400)
    table = history.regulars.table()
    assert not history.joined.any()
    expected = table.visits_per_day * DAYS
    assert expected.sum() == pytest.approx(400 * DAYS)
    z = (table.visits - expected) / np.sqrt(expected)
    assert np.mean(z * z) == pytest.approx(1.0, abs=0.1)


def test_where_all_lapse_new_ones_come() -> None:
    regulars = Regulars(Year(return_days=0.001), Members(count=0, consent=1.0), 4.0, np.random.default_rng(1))
    who, joined = regulars.come(np.random.default_rng(2), 5, 0)
    assert joined.all()
    assert sorted(who) == list(range(5))
    assert not len(regulars.come(np.random.default_rng(2), 0, 1)[0])


def test_members_show_what_they_have() -> None:
    programme = Members(count=0, consent=0.8, phones=0.6, cards=0.0, openids=0.3)
    regulars = Regulars(Year(), programme, 500.0, np.random.default_rng(1))
    table = regulars.table()
    who = np.arange(len(table.visits))
    shown = regulars.shown(np.random.default_rng(2), who)
    number, phone, card, openid = (shown == SHOWN.index(name) for name in SHOWN[1:])
    assert not card.any()
    assert table.has_phone[phone].all()
    assert table.has_openid[openid].all()
    assert np.mean(number) == pytest.approx(1 - 0.5 * (1 - 0.4 * 0.7), abs=0.02)
    assert np.mean(table.consents) == pytest.approx(0.8, abs=0.02)
