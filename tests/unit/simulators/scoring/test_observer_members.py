"""Damages to links, profiles and codes cost exactly the marks that they imply."""

from collections import Counter
from math import comb

import numpy as np
import pytest

from simulators.core.truth import Truth
from tests.unit.simulators.scoring.harming import SHARE, harmed_by
from tests.unit.simulators.scoring.made import by_chance


def test_lost_swapped_and_false_links_get_their_due(true: Truth) -> None:
    number = sum(each.expected in {"link", "abstain"} for each in true.touches)
    struck = round(SHARE * number)
    links = harmed_by(true, "lost_links")[2].links[0]
    assert (links.precision.value, links.abstention.value) == (1, struck / number)
    assert links.recall.value == (number - struck) / number
    links = harmed_by(true, "swapped_links")[2].links[0]
    assert links.precision.value == links.recall.value == (number - struck) / number
    assert links.abstention.value == 0
    assert links.calibration is not None
    assert links.calibration.brier.value == pytest.approx(struck / number)
    assert links.calibration.ece == pytest.approx(struck / number)
    false = round(SHARE * (len(true.touches) - number))
    links = harmed_by(true, "false_links")[2].links[0]
    assert links.precision.value == number / (number + false)
    assert links.without_consent == false
    assert links.recall.value == 1


def test_merged_and_split_profiles_get_their_due() -> None:
    true = by_chance(2)
    size = {f"profile-{n}": len(each.identifiers) for n, each in enumerate(true.identities, 1)}
    pairs = sum(comb(n, 2) for n in size.values())
    total = sum(size.values())
    perfect, harmed, card = harmed_by(true, "merged_identities")
    owner = {i: p.profile_id for p in perfect.profiles or () for i in p.identifiers}
    merged = [Counter(owner[i] for i in p.identifiers) for p in harmed.profiles or ()]
    merged = [each for each in merged if len(each) > 1]
    assert len(merged) == round(SHARE * (len(size) // 2))
    products = sum(np.prod(list(each.values())) for each in merged)
    found = card.identity
    assert found is not None
    assert found.merged == len(merged)
    assert found.pair_precision.value == pytest.approx(pairs / (pairs + products))
    assert found.pair_recall.value == 1
    worse = sum(sum(n * n for n in each.values()) / each.total() - each.total() for each in merged)
    assert found.b_cubed_precision.value == pytest.approx((total + worse) / total)
    assert found.b_cubed_recall.value == pytest.approx(1)
    homes = {f"profile-{n}": each.household_id for n, each in enumerate(true.identities, 1)}
    assert found.merged_households == sum(len({homes[p] for p in each}) == 1 for each in merged)

    _, harmed, card = harmed_by(true, "split_identities")
    cut = [p.profile_id.removesuffix("-2") for p in harmed.profiles or () if p.profile_id not in size]
    assert len(cut) == round(SHARE * sum(n > 1 for n in size.values()))
    found = card.identity
    assert found is not None
    assert found.split == len(cut)
    assert found.pair_recall.value == pytest.approx((pairs - sum(size[p] - 1 for p in cut)) / pairs)
    assert found.pair_precision.value == 1
    worse = sum(((size[p] - 1) ** 2 + 1) / size[p] - size[p] for p in cut)
    assert found.b_cubed_recall.value == pytest.approx((total + worse) / total)


def test_counterfeits_called_genuine_cost_recall() -> None:
    true = by_chance(1)
    copied = sum(not each.genuine for each in true.code_scans)
    card = harmed_by(true, "missed_counterfeits")[2]
    assert card.codes is not None
    flag = card.codes.flags[2]
    assert (flag.flag, flag.precision.value) == ("counterfeit", 1)
    assert flag.recall.value == (copied - round(SHARE * copied)) / copied
