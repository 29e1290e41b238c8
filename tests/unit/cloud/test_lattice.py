"""Joint probabilities of visits and touches, against the sum over every assignment."""

from itertools import product
from math import exp, inf, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud.linking.lattice import Claim, JointRules, posteriors

VISITS = ("v1", "v2", "v3")
RULES = JointRules(again=1.0, elsewhere=-2.0, most_states=10_000)

spans = st.fixed_dictionaries(
    {
        visit: st.tuples(st.integers(0, 40), st.integers(0, 60)).map(lambda pair: (pair[0], sum(pair)))
        for visit in VISITS
    }
)
claims = st.lists(
    st.builds(
        Claim,
        member=st.sampled_from(("m1", "m2", "m3")),
        t_ms=st.integers(0, 100),
        weights=st.dictionaries(st.sampled_from(VISITS), st.floats(-5, 5), max_size=3),
        null=st.floats(-5, 0),
    ),
    min_size=1,
    max_size=5,
).map(lambda found: sorted(found, key=lambda claim: claim.t_ms))


def log_weight(found: list[Claim], chosen: tuple[str | None, ...], lives: dict[str, tuple[int, int]]) -> float:
    """Return the log weight of one joint assignment, said once more in the plainest way."""
    total, owner = 0.0, dict[str, str]()
    for claim, visit in zip(found, chosen, strict=True):
        mine = [each for each, member in owner.items() if member == claim.member]
        is_busy = any(lives[each][0] <= claim.t_ms <= lives[each][1] for each in mine)
        if visit is None:
            total += claim.null + (RULES.elsewhere if is_busy else 0.0)
        elif visit not in claim.weights or owner.get(visit, claim.member) != claim.member:
            return -inf
        elif visit in mine:
            total += claim.weights[visit] + RULES.again
        else:
            total += claim.weights[visit] + (RULES.elsewhere if is_busy else 0.0)
            owner[visit] = claim.member
    return total


@given(claims, spans)
def test_it_is_the_sum_over_every_joint_assignment(found: list[Claim], lives: dict[str, tuple[int, int]]):
    totals: list[dict[str | None, float]] = [dict.fromkeys((*VISITS, None), 0.0) for _ in found]
    for chosen in product((*VISITS, None), repeat=len(found)):
        weight = exp(log_weight(found, chosen, lives))
        for place, visit in enumerate(chosen):
            totals[place][visit] += weight
    for shares, expected in zip(posteriors(found, lives, RULES), totals, strict=True):
        assert sum(shares.values()) == pytest.approx(1)
        for visit, weight in expected.items():
            assert shares.get(visit, 0.0) == pytest.approx(weight / sum(expected.values()), abs=1e-9)


@given(claims, spans)
def test_what_is_kept_of_a_crowd_still_adds_up(found: list[Claim], lives: dict[str, tuple[int, int]]):
    for shares in posteriors(found, lives, JointRules(most_states=2)):
        assert sum(shares.values()) == pytest.approx(1)


def test_a_visit_is_one_members():
    sure = {"v1": 5.0}
    lives = {"v1": (0, 100)}
    alone = posteriors([Claim("m1", 10, sure, log(0.05))], lives, RULES)
    both = posteriors([Claim("m1", 10, sure, log(0.05)), Claim("m2", 11, sure, log(0.05))], lives, RULES)
    assert alone[0]["v1"] > 0.99
    assert [shares["v1"] for shares in both] == pytest.approx([0.5, 0.5], abs=0.01)


def test_an_earlier_touch_tells_two_neighbours_apart():
    first = Claim("m1", 10, {"v1": 5.0}, log(0.05))
    doubtful = Claim("m1", 50, {"v1": 1.0, "v2": 1.0}, log(0.05))
    lives = {"v1": (0, 100), "v2": (0, 100)}
    assert posteriors([doubtful], lives, RULES)[0]["v1"] == pytest.approx(0.49, abs=0.01)
    assert posteriors([first, doubtful], lives, RULES)[1]["v1"] > 0.9
    assert posteriors([doubtful, first], lives, RULES)[0]["v1"] > 0.9, "and a later one does as well"


def test_who_left_and_came_back_may_be_another_visit():
    lives = {"v1": (0, 20), "v2": (30, 100)}
    found = posteriors([Claim("m1", 10, {"v1": 5.0}, log(0.05)), Claim("m1", 50, {"v2": 5.0}, log(0.05))], lives, RULES)
    assert found[1]["v2"] > 0.99


def test_many_touches_in_a_row_cost_little():
    """A line at a till: each touch shares visits with the next one, three hundred times."""
    chain = [Claim(f"m{n}", n, {f"v{n}": 3.0, f"v{n + 1}": 0.0}, log(0.05)) for n in range(300)]
    lives = {f"v{n}": (n - 1, n + 1) for n in range(301)}
    found = posteriors(chain, lives, JointRules(most_states=8))
    assert all(shares[f"v{n}"] > 0.9 for n, shares in enumerate(found))
