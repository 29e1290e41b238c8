"""A perfect observer gets perfect marks, a damaged one exactly those that the damage implies."""

from collections import Counter
from math import sqrt

import numpy as np
import pytest

from simulators.core.damage import DAMAGES, damaged
from simulators.core.observer import perfect_observation
from simulators.core.scoring import MeasuredVisit, Observation, Options, score
from simulators.core.truth import Truth
from tests.unit.simulators.scoring.harming import OPTIONS, SHARE, harmed_by
from tests.unit.simulators.scoring.made import by_chance, code_scan, identity, person, touch, truth, wait


def _seconds(visit: MeasuredVisit, true: Truth, from_ms: float = 0, to_ms: float = 1e18) -> int:
    """Return the whole seconds of the truth's time at which somebody's visit lives, counted one by one."""
    return sum(
        any(track.from_ms <= t_ms <= track.to_ms for track in visit.tracks) and from_ms <= t_ms < to_ms
        for t_ms in range(true.start_ms, true.until_ms + 1, 1000)
    )


def _lasting(seen: Observation, true: Truth) -> dict[str, int]:
    seconds = {visit.visit_id: _seconds(visit, true) for visit in seen.visits or ()}
    return {visit_id: each for visit_id, each in seconds.items() if each}


def test_a_perfect_observer_gets_perfect_marks(true: Truth) -> None:
    card = score(perfect_observation(true), true, OPTIONS)
    assert card.counting is not None
    assert card.counting.is_conserved
    for wire in card.counting.tripwires:
        for side in (wire.crossed_in, wire.crossed_out):
            assert (side.error, side.error_share.value, side.block_error.value) == (0, 0.0, 0.0)
            assert side.blocks is not None
            assert sum(block.true for block in side.blocks) == side.true > 0
    for place in card.occupancy:
        assert (place.mean_absolute_error.value, place.bias.value, place.exact.value) == (0, 0, 1)
    visits, tracking = card.visits, card.tracking
    assert visits is not None
    assert tracking is not None
    assert visits.true == visits.measured == visits.found > 0
    assert (visits.precision.value, visits.recall.value, visits.f1.value) == (1, 1, 1)
    assert (visits.error_share.value, visits.merges.value, visits.splits.value, visits.pieces) == (0, 0, 0, 0)
    working = sum(person.role == "staff" for person in true.people)
    assert (visits.empty, visits.set_aside) == (0, working)
    assert card.staff is not None
    assert (card.staff.staff, card.staff.found, card.staff.mistaken) == (working, working, 0)
    assert (card.staff.precision.value, card.staff.recall.value) == (1, 1)
    assert (card.staff.precision_of_time, card.staff.recall_of_time) == (1, 1)
    for each in (tracking.hota, tracking.det_a, tracking.ass_a, tracking.idf1, tracking.id_precision):
        assert each.value == pytest.approx(1, abs=1e-12)
    assert tracking.true == tracking.measured == tracking.matched == tracking.id_matched > 0
    for length in (*card.dwell, *(each.lengths for each in card.waits)):
        assert length.true == length.measured
        assert length.distance.value in {0, None}
        assert length.median_error.value in {0, None}
        assert length.true_quantiles == length.measured_quantiles
    assert all(each.error_share.value in {0, None} for queue in card.waits for each in queue.counts)
    assert all(queue.found.value in {1, None} and queue.outcomes.value in {1, None} for queue in card.waits)
    assert all(queue.p90_absolute_error.value in {0, None} for queue in card.waits)
    assert card.touches is not None
    assert (card.touches.found.value, card.touches.false, card.touches.revenue_error_minor) == (1, 0, 0)
    links = card.links[0]
    assert (links.precision.value, links.recall.value, links.recall_alone.value, links.abstention.value) == (1, 1, 1, 0)
    assert links.exact == links.touches > 0
    assert links.calibration is not None
    assert (links.calibration.brier.value, links.calibration.ece) == (0, 0)
    assert all(each.precision.value == each.recall.value == 1 for each in links.slices)
    assert {each.of for each in links.slices} == {"rivals", "skew", "fragments", "party_size"}


def test_perfect_profiles_and_codes_get_perfect_marks() -> None:
    true = by_chance(1)
    card = score(perfect_observation(true), true, OPTIONS)
    assert card.identity is not None
    figures = card.identity
    for each in (figures.pair_precision, figures.pair_recall, figures.pair_f1):
        assert each.value == 1
    for each in (figures.b_cubed_precision, figures.b_cubed_recall, figures.b_cubed_f1):
        assert each.value == pytest.approx(1)
    assert (figures.merged, figures.split, figures.unknown, figures.missing) == (0, 0, 0, 0)
    assert card.codes is not None
    assert all(flag.precision.value == flag.recall.value == 1 for flag in card.codes.flags)


@pytest.mark.parametrize(("name", "sign"), [("lost_crossings", -1), ("doubled_crossings", 1)])
def test_lost_and_doubled_crossings_are_missing_and_too_many(true: Truth, name: str, sign: int) -> None:
    perfect, harmed, card = harmed_by(true, name)
    assert perfect.crossings is not None
    assert harmed.crossings is not None
    before, after = Counter(perfect.crossings), Counter(harmed.crossings)
    changed = after - before if sign > 0 else before - after
    assert changed.total() == round(SHARE * len(perfect.crossings))
    assert card.counting is not None
    net = 0
    for wire in card.counting.tripwires:
        for direction, side in (("in", wire.crossed_in), ("out", wire.crossed_out)):
            mine = [
                each
                for each in changed.elements()
                if (each.tripwire_id, each.direction) == (wire.tripwire_id, direction)
            ]
            assert side.error == sign * len(mine)
            assert side.error_share.value == pytest.approx(sign * len(mine) / side.true)
            assert side.blocks is not None
            assert side.block_error.value == pytest.approx(len(mine) / len(side.blocks))
            if wire.tripwire_kind == "entrance":
                net += sign * len(mine) * (1 if direction == "in" else -1)
    assert card.counting.inside_measured == card.counting.inside_true + net
    assert card.counting.is_conserved == (net == 0)


def test_one_too_many_is_an_error_of_one(true: Truth) -> None:
    perfect, harmed, card = harmed_by(true, "one_more")
    assert perfect.people is not None
    assert harmed.people is not None
    struck = Counter(new.place for old, new in zip(perfect.people, harmed.people, strict=True) if old != new)
    assert struck.total() == round(SHARE * len(perfect.people))
    for place in card.occupancy:
        share = struck[place.place] / place.exact.samples
        assert place.mean_absolute_error.value == place.bias.value == pytest.approx(share)
        assert place.exact.value == pytest.approx(1 - share)


def test_lost_visits_cost_recall_alone(true: Truth) -> None:
    perfect, harmed, card = harmed_by(true, "lost_visits")
    everyone, kept = _lasting(perfect, true), _lasting(harmed, true)
    assert perfect.visits is not None
    assert harmed.visits is not None
    assert len(perfect.visits) - len(harmed.visits) == round(SHARE * len(perfect.visits))
    assert card.visits is not None
    assert card.tracking is not None
    assert card.visits.precision.value == 1
    assert card.visits.recall.value == len(kept) / len(everyone)
    assert card.visits.f1.value == pytest.approx(2 * len(kept) / (len(kept) + len(everyone)))
    assert card.visits.error_share.value == pytest.approx(len(kept) / len(everyone) - 1)
    share = sum(kept.values()) / sum(everyone.values())
    assert card.tracking.det_a.value == pytest.approx(share)
    assert card.tracking.ass_a.value == pytest.approx(1)
    assert card.tracking.hota.value == pytest.approx(sqrt(share))
    assert card.tracking.idf1.value == pytest.approx(2 * share / (1 + share))


def test_staff_taken_for_customers_costs_recall_of_staff(true: Truth) -> None:
    _, _, card = harmed_by(true, "missed_staff", 1.0)
    assert card.staff is not None
    assert card.visits is not None
    assert (card.staff.found, card.staff.recall.value, card.staff.precision.value) == (0, 0, None)
    assert (card.staff.recall_of_time, card.staff.precision_of_time) == (0, None)
    assert card.visits.of_workers == card.visits.empty == card.staff.staff
    assert card.visits.recall.value == 1


def test_customers_taken_for_staff_are_lost(true: Truth) -> None:
    perfect, harmed, card = harmed_by(true, "mistaken_customers")
    everyone, kept = len(perfect.visits or ()), sum(not visit.is_staff for visit in harmed.visits or ())
    assert everyone - kept == round(SHARE * everyone)
    assert card.staff is not None
    assert card.visits is not None
    assert (card.staff.mistaken, card.staff.recall.value) == (everyone - kept, 1)
    assert card.staff.precision.value == card.staff.staff / (card.staff.staff + everyone - kept)
    assert card.staff.customers_lost.value == (everyone - kept) / everyone
    assert card.visits.set_aside == card.staff.staff + everyone - kept
    assert card.visits.precision.value == 1


def test_ghosts_cost_precision_alone(true: Truth) -> None:
    perfect, harmed, card = harmed_by(true, "ghost_visits")
    everyone, more = _lasting(perfect, true), _lasting(harmed, true)
    assert card.visits is not None
    assert card.tracking is not None
    assert card.visits.recall.value == 1
    assert card.visits.precision.value == len(everyone) / len(more)
    assert card.visits.empty == len(more) - len(everyone)
    share = sum(everyone.values()) / sum(more.values())
    assert card.tracking.det_a.value == pytest.approx(share)
    assert card.tracking.ass_a.value == pytest.approx(1)
    assert card.tracking.idf1.value == pytest.approx(2 * share / (1 + share))


def _implied_by_parts(whole: list[int], parts: list[tuple[int, int]]) -> tuple[float, float, int]:
    """Return AssA, IDF1 and how many of the pairs of seconds have a greater part."""
    total = sum(whole) + sum(a + b for a, b in parts)
    association = sum(whole) + sum((a * a + b * b) / (a + b) for a, b in parts)
    identity = sum(whole) + sum(max(a, b) for a, b in parts)
    return association / total, identity / total, sum(a != b for a, b in parts)


def test_visits_cut_in_two_cost_association(true: Truth) -> None:
    perfect, harmed, card = harmed_by(true, "split_visits")
    everyone, after = _lasting(perfect, true), _lasting(harmed, true)
    cut = {
        name.removesuffix("-second") for name in (v.visit_id for v in harmed.visits or ()) if name.endswith("-second")
    }
    assert len(cut) == round(SHARE * len(perfect.visits or ()))
    parts = [(after.get(name, 0), after.get(f"{name}-second", 0)) for name in sorted(cut & everyone.keys())]
    assert [sum(each) for each in parts] == [everyone[name] for name in sorted(cut & everyone.keys())]
    association, identity, uneven = _implied_by_parts([n for v, n in everyone.items() if v not in cut], parts)
    assert card.visits is not None
    assert card.tracking is not None
    assert card.tracking.det_a.value == pytest.approx(1)
    assert card.tracking.ass_a.value == pytest.approx(association)
    assert card.tracking.hota.value == pytest.approx(sqrt(association))
    assert card.tracking.idf1.value == pytest.approx(identity)
    found = len(everyone.keys() - cut) + uneven
    assert card.visits.found == found
    assert card.visits.precision.value == found / len(after)
    assert card.visits.recall.value == found / len(everyone)
    assert card.visits.pieces == sum(min(each) >= 3 for each in parts)
    assert card.visits.splits.value == sum(min(each) >= 3 for each in parts) / len(everyone)
    assert card.visits.merges.value == 0


def test_two_visits_made_one_cost_association(true: Truth) -> None:
    perfect, harmed, card = harmed_by(true, "merged_visits")
    everyone, after = _lasting(perfect, true), _lasting(harmed, true)
    by_id = {visit.visit_id: visit for visit in perfect.visits or ()}
    merged = [visit for visit in harmed.visits or () if visit.tracks != by_id[visit.visit_id].tracks]
    assert merged
    parts, people, whole = [], [], dict(everyone)
    for visit in merged:
        first = by_id[visit.visit_id]
        second = next(v for v in by_id.values() if v.tracks == visit.tracks[len(first.tracks) :])
        parts.append((everyone.get(first.visit_id, 0), everyone.get(second.visit_id, 0)))
        people.append(first.tracks[0].track_id != second.tracks[0].track_id)
        for each in (first, second):
            whole.pop(each.visit_id, None)
    association, identity, _ = _implied_by_parts(list(whole.values()), [each for each in parts if any(each)])
    assert card.visits is not None
    assert card.tracking is not None
    assert card.tracking.det_a.value == pytest.approx(1)
    assert card.tracking.ass_a.value == pytest.approx(association)
    assert card.tracking.idf1.value == pytest.approx(identity)
    assert card.visits.measured == len(after)
    assert card.visits.found == len(whole) + sum(a != b for a, b in parts)
    both = sum(min(each) >= 3 and apart for each, apart in zip(parts, people, strict=True))
    assert card.visits.merges.value == both / len(after)


def test_late_closings_lengthen_what_was_struck(true: Truth) -> None:
    perfect, harmed, card = harmed_by(true, "late_closings")
    pairs = [
        (new.closed_ms, old.closed_ms)
        for old, new in zip(perfect.visits or (), harmed.visits or (), strict=True)
        if old.closed_ms is not None and _seconds(old, true)
    ]
    late = sum(new != old for new, old in pairs)
    assert late
    dwell = card.dwell[0]
    assert dwell.mean_error.value == dwell.mean_absolute_error.value == pytest.approx(10 * late / len(pairs))
    assert dwell.distance.value == pytest.approx(10 * late / len(pairs))
    assert dwell.median_error.value == (10 if late > len(pairs) / 2 else 0)
    assert all(each.mean_error.value in {0, None} for each in card.dwell[1:])


def test_lost_waits_and_touches_are_missing() -> None:
    true = by_chance(1)
    perfect, harmed, card = harmed_by(true, "lost_waits")
    lost = Counter(perfect.waits) - Counter(harmed.waits)
    assert lost.total() == round(SHARE * len(perfect.waits or ()))
    long = [
        each for each in perfect.waits or () if each.ended_ms is not None and each.ended_ms - each.joined_ms >= 5000
    ]
    assert len(long) < len(perfect.waits or ())
    counts = {each.end: each for each in card.waits[0].counts}
    assert card.waits[0].found.value == pytest.approx(1 - sum(each in long for each in lost.elements()) / len(long))
    missed = [each for each in lost.elements() if each in long]
    assert counts["joined"].error_share.value == pytest.approx(-len(missed) / len(long))
    for end in ("served", "abandoned"):
        gone = sum(each.end == end for each in missed)
        assert counts[end].true - counts[end].measured == gone
    perfect, harmed, card = harmed_by(true, "lost_touches")
    assert card.touches is not None
    assert card.touches.found.value == len(harmed.touches or ()) / len(perfect.touches or ())


def test_longer_waits_and_wrong_outcomes_get_their_due() -> None:
    true = by_chance(1)
    perfect, harmed, card = harmed_by(true, "longer_waits")
    score = card.waits[0]
    longer = [
        (before, after)
        for before, after in zip(perfect.waits or (), harmed.waits or (), strict=True)
        if before.ended_ms is not None and before.ended_ms - before.joined_ms >= 5000
    ]
    struck = sum(before.ended_ms != after.ended_ms for before, after in longer)
    assert struck
    assert score.found.value == 1
    assert score.outcomes.value == 1
    assert score.lengths.mean_error.value == pytest.approx(10 * struck / len(longer))
    expected_s = np.quantile([10.0] * struck + [0.0] * (len(longer) - struck), 0.9)
    assert score.p90_absolute_error.value == pytest.approx(expected_s)
    perfect, harmed, card = harmed_by(true, "wrong_outcomes")
    pairs = [
        (before, after)
        for before, after in zip(perfect.waits or (), harmed.waits or (), strict=True)
        if before.ended_ms is not None and before.ended_ms - before.joined_ms >= 5000
    ]
    wrong = sum(before.end != after.end for before, after in pairs)
    assert wrong
    assert card.waits[0].outcomes.value == pytest.approx(1 - wrong / len(pairs))
    assert card.waits[0].lengths.mean_error.value == 0


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damage_is_seeded_and_harms_nothing_where_there_is_nothing(name: str) -> None:
    true = by_chance(3)
    perfect = perfect_observation(true)
    share = 1.0 if name == "missed_staff" else 0.5  # One alone works there.
    assert damaged(perfect, true, {name: share}, seed=1) == damaged(perfect, true, {name: share}, seed=1) != perfect
    assert damaged(perfect, true, {name: 0.0}, seed=1) == perfect
    nobody = truth()
    empty = damaged(Observation(links={}), nobody, {name: 1.0}, seed=1)
    assert score(empty, nobody, OPTIONS).links == ()


def test_unknown_damages_and_shares_are_refused() -> None:
    true = truth(person("a", (10, 20)))
    with pytest.raises(ValueError, match="unknown damage 'fire'; there are lost_crossings, doubled"):
        damaged(Observation(), true, {"fire": 0.1}, seed=0)
    with pytest.raises(ValueError, match=r"share of damage lost_visits must be 0 to 1, got 1\.5"):
        damaged(Observation(), true, {"lost_visits": 1.5}, seed=0)


def test_who_returns_soon_is_on_one_visit_and_who_returns_late_on_two() -> None:
    soon, late = person("a", (10, 60), (100, 150)), person("b", (10, 60), (500, 550))
    seen = perfect_observation(truth(soon, late), Options(reentry_s=120))
    assert [len(visit.tracks) for visit in seen.visits or ()] == [2, 1, 1]
    still = perfect_observation(truth(person("c", (10, None)), code_scans=[code_scan("x", 1)]))
    assert [visit.closed_ms for visit in still.visits or ()] == [None]
    assert wait(1, 2).end == "served"
    assert touch(soon, 5).expected == "link"
    assert identity("m", "h", "1").identifiers[0].value == "1"
