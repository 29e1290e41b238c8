"""What people's segments say together: stays, paths, staff, parties, and numbered revisions."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from contracts.events import Source
from contracts.payloads import VisitRevised, VisitSegment
from contracts.staff import STAFF_RULE
from gateway.core.staff import StaffRules
from gateway.core.stitching import STITCH_RULE_VERSION, StitchRules, Visits, revise
from tests.unit.gateway.stitch_samples import START_MS, camera, look, segment, signature, standing, stay, walking

ONE, TWO, GATEWAY = camera("cam-1"), camera("cam-2"), camera("gateway")
SHELF = (stay("shelf", "shelf", 1, 9),)


def _visits(*seen: tuple[Source, VisitSegment], rules: StitchRules | None = None) -> list[VisitRevised]:
    """Return every visit that stands, in the order in which they began."""
    visits = Visits(GATEWAY, rules or StitchRules())
    for device, each in seen:
        visits.take(device, each)
    visits.settle()
    return _standing(visits)


def _standing(visits: Visits) -> list[VisitRevised]:
    return sorted((v for v in visits.visits() if v.status in {"open", "closed"}), key=lambda v: v.opened_ms)


def test_one_segment_is_the_visit_that_the_first_rule_makes():
    """A store with one camera gets the visits that it got before, under the same ids."""
    only = segment(ONE, "a", standing(1, 1), (0, 10), SHELF, ordinal=0)
    (visit,) = _visits((ONE, only))
    before = revise(GATEWAY, ONE, only)
    assert before is not None
    expected = replace(before.data, rule_version=STITCH_RULE_VERSION, path=visit.path)
    assert visit == expected
    assert visit.path[0] == only.path[0]


def test_who_passes_by_outside_does_not_visit():
    assert _visits((ONE, segment(ONE, "a", walking(0, 0, 1), (0, 10)))) == []


def test_a_segment_without_stays_belongs_to_the_visit_it_joins():
    walk = walking(0, 0, 0.5)
    first, then = segment(ONE, "a", walk, (0, 10), SHELF), segment(TWO, "b", walk, (8, 20))
    (visit,) = _visits((ONE, first), (TWO, then))
    assert visit.segment_ids == (first.segment_id, then.segment_id)
    assert (visit.opened_ms, visit.closed_ms) == (START_MS, START_MS + 20_000)
    assert visit.path[-1].t_ms >= START_MS + 18_000


def test_no_time_in_a_zone_counts_twice():
    walk = standing(1, 1)
    seen = (
        (ONE, segment(ONE, "a", walk, (0, 20), (stay("till", "checkout", 2, 10), stay("till", "checkout", 16, 20)))),
        (TWO, segment(TWO, "b", walk, (5, 30), (stay("till", "checkout", 6, 12), stay("till", "checkout", 22, 30)))),
    )
    (visit,) = _visits(*seen)
    assert visit.stays == (stay("till", "checkout", 2, 12), stay("till", "checkout", 16, 30))


def test_a_stay_goes_on_as_long_as_one_camera_says_so():
    walk = standing(1, 1)
    seen = (
        (ONE, segment(ONE, "a", walk, (0, 20), (stay("till", "checkout", 2, None),), known_s=15)),
        (TWO, segment(TWO, "b", walk, (5, 12), (stay("till", "checkout", 6, 12),))),
    )
    (visit,) = _visits(*seen)
    assert visit.stays == (stay("till", "checkout", 2, None),)
    assert (visit.status, visit.closed_ms) == ("open", None)


def test_a_path_is_bounded_and_keeps_what_thinned_revisions_knew():
    walk = walking(0, 0, 0.4)
    whole = segment(ONE, "a", walk, (0, 900), SHELF)
    early = replace(whole, ordinal=1, phase="update", closed_ms=None, updated_ms=START_MS + 60_000)
    early = replace(early, path=tuple(point for point in whole.path if point.t_ms <= START_MS + 60_000))
    late = replace(whole, path=whole.path[::60])
    (visit,) = _visits((ONE, late), (ONE, early))
    assert len(visit.path) <= 256
    assert sum(point.t_ms < START_MS + 60_000 for point in visit.path) > 15


def test_the_error_is_the_worst_of_its_segments():
    walk = standing(1, 1)
    known = [replace(segment(ONE, "a", walk, (0, 9), SHELF), path_error_m=0.1)]
    known.append(replace(segment(TWO, "b", walk, (3, 12)), path_error_m=0.4))
    (visit,) = _visits((ONE, known[0]), (TWO, known[1]))
    assert visit.path_error_m == 0.4


def test_two_cameras_that_see_one_stay_in_a_staff_zone_say_it_once():
    desk = (stay("desk", "staff", 5, 12), stay("rack", "shelf", 20, 25))
    seen = [(one, segment(one, name, standing(1, 1), (0, 60), desk)) for one, name in ((ONE, "a"), (TWO, "b"))]
    (alone,), (both,) = _visits(seen[0]), _visits(*seen)
    assert (both.staff_score, both.staff_evidence) == (alone.staff_score, alone.staff_evidence)
    assert (both.role, both.staff_rule_version) == ("customer", STAFF_RULE)


def test_who_made_a_visit_follows_from_the_gateways_rules():
    desk = segment(ONE, "a", standing(1, 1), (0, 60), (stay("desk", "staff", 5, 25),))
    (visit,) = _visits((ONE, desk))
    assert visit.role == "staff"
    strict = Visits(GATEWAY, StitchRules(), StaffRules(threshold=0.99))
    strict.take(ONE, desk)
    strict.settle()
    assert [each.role for each in strict.visits()] == ["customer"]
    before = revise(GATEWAY, ONE, desk, StaffRules(threshold=0.99))
    assert before is not None
    assert (before.data.role, before.data.staff_score) == ("customer", visit.staff_score)
    (plain,) = _visits((ONE, segment(ONE, "a", standing(1, 1), (0, 10), SHELF)))
    assert (plain.role, plain.staff_score, plain.staff_rule_version) == (None, None, None)


def _comer(name: str, at_s: float, y_m: float, door: str = "door", hint: str | None = None) -> VisitSegment:
    stays = (stay(door, "entrance", at_s + 1, at_s + 3), stay("shelf", "shelf", at_s + 5, None))
    return segment(ONE, name, walking(-at_s, y_m, 1.0), (at_s, at_s + 20), stays, hint=hint)


def test_who_comes_in_together_and_walks_side_by_side_is_a_party():
    people = [_comer("a", 0, 0), _comer("b", 1, 1.2), _comer("c", 2, 2.4)]
    visits = _visits(*((ONE, each) for each in people))
    assert {each.party_id for each in visits} == {visits[0].visit_id}


def test_who_walks_elsewhere_or_later_or_through_another_door_is_none():
    others = (_comer("b", 1, 9), _comer("b", 14, 1.2), _comer("b", 1, 1.2, door="side"))
    for other in others:
        visits = _visits((ONE, _comer("a", 0, 0)), (ONE, other))
        assert [each.party_id for each in visits] == [None, None]
    inside = segment(ONE, "b", standing(0, 5), (0, 20), SHELF)
    assert [each.party_id for each in _visits((ONE, _comer("a", 0, 0)), (ONE, inside))] == [None, None]


def test_who_was_not_seen_beside_is_no_party():
    short = segment(ONE, "b", walking(-1, 1.2, 1.0), (1, 3), (stay("door", "entrance", 2, 3),))
    away = segment(ONE, "a", walking(0, 0, 1.0), (0, 2), (stay("door", "entrance", 1, 2),))
    assert {each.party_id for each in _visits((ONE, away), (ONE, short))} == {None}


def test_the_hint_of_a_camera_names_the_party():
    visits = _visits(
        (ONE, _comer("a", 0, 0, hint="p1")), (ONE, _comer("b", 40, 9, hint="p1")), (ONE, _comer("c", 80, 0))
    )
    assert [each.party_id for each in visits] == ["p1", "p1", None]


def test_only_what_changed_is_told_again_under_the_next_number():
    visits = Visits(GATEWAY, StitchRules())
    whole = segment(ONE, "a", standing(1, 1), (0, 10), SHELF)
    visits.take(ONE, replace(whole, ordinal=1, phase="update", closed_ms=None))
    (first,) = visits.settle()
    assert visits.settle() == []
    visits.take(ONE, whole)
    (second,) = visits.settle()
    assert (first.data.revision, second.data.revision, second.data.status) == (1, 2, "closed")
    visits.take(ONE, whole)
    assert visits.settle() == []


def test_a_late_segment_merges_two_visits_and_touches_no_other():
    walk = walking(0, 0, 1.0)
    early, middle = segment(ONE, "a", walk, (0, 10), SHELF), segment(ONE, "b", walk, (10.1, 50))
    late = segment(TWO, "c", walk, (49, 60), (stay("till", "checkout", 50, 55),))
    other = segment(TWO, "x", standing(50, 50), (0, 60), SHELF)
    visits = Visits(GATEWAY, StitchRules())
    for device, each in ((ONE, early), (TWO, late), (TWO, other)):
        visits.take(device, each)
    before = {draft.data.segment_ids[0]: draft.data.visit_id for draft in visits.settle()}
    visits.take(ONE, middle)
    after = {draft.data.visit_id: draft.data for draft in visits.settle()}
    joined, gone = after[before[early.segment_id]], after[before[late.segment_id]]
    assert len(after) == 2
    assert joined.segment_ids == (early.segment_id, middle.segment_id, late.segment_id)
    assert (gone.status, gone.merged_into, gone.stays, gone.path) == ("merged", joined.visit_id, (), ())
    assert visits.settle() == []


def test_a_visit_that_loses_its_stays_is_withdrawn_and_can_come_back():
    visits = Visits(GATEWAY, StitchRules())
    first = segment(ONE, "a", standing(1, 1), (0, 10), SHELF, ordinal=1)
    statuses = []
    for ordinal, stays in ((1, SHELF), (2, ()), (3, SHELF)):
        visits.take(ONE, replace(first, ordinal=ordinal, stays=stays))
        statuses += [(draft.data.status, draft.data.revision) for draft in visits.settle()]
    assert statuses == [("closed", 1), ("withdrawn", 2), ("closed", 3)]


def test_a_party_that_grows_is_told_to_those_whose_visits_did_not_change():
    visits = Visits(GATEWAY, StitchRules())
    first, second = _comer("a", 0, 0), _comer("b", 1, 1.2)
    visits.take(ONE, first)
    visits.settle()
    visits.take(ONE, second)
    told = visits.settle()
    assert len(told) == 2
    assert len({draft.data.party_id for draft in told}) == 1


def test_the_forgotten_are_told_no_more():
    visits = Visits(GATEWAY, StitchRules())
    old, new = segment(ONE, "a", standing(1, 1), (0, 10), SHELF), _comer("b", 700, 0)
    for each in (old, new):
        visits.take(ONE, each)
        visits.take_signature(signature(each, look(1)), each.opened_ms)
    visits.settle()
    visits.forget(START_MS + 600_000)
    assert [each.segment_ids for each in _standing(visits)] == [(new.segment_id,)]


def test_after_a_restart_nothing_is_told_again_that_still_holds():
    walk = walking(0, 0, 1.0)
    parts = [(ONE, segment(ONE, "a", walk, (0, 10), SHELF)), (TWO, segment(TWO, "b", walk, (8, 20), SHELF))]
    first = Visits(GATEWAY, StitchRules())
    told = []
    for device, each in parts:
        first.take(device, each)
        told += [draft.data for draft in first.settle()]
    again = Visits(GATEWAY, StitchRules())
    for visit in reversed(told):
        again.resume(visit)
    for device, each in parts:
        again.take(device, each)
    assert again.settle() == []
    again.take(TWO, segment(TWO, "c", walk, (20.1, 30)))
    assert [draft.data.revision for draft in again.settle()] == [max(each.revision for each in told) + 1]


def _by_looks() -> list[tuple[Source, VisitSegment, int]]:
    """Return two who stand side by side, one of whom, the second by looks, appears elsewhere; and whose looks."""
    spans = ((ONE, "a", 0.0, 0, 1), (ONE, "b", 1.0, 0, 2), (TWO, "c", 0.5, 40, 2))
    return [
        (
            device,
            segment(
                device, name, standing(x_m, 0), (from_s, from_s + 20), (stay("shelf", "shelf", from_s + 1, from_s + 9),)
            ),
            who,
        )
        for device, name, x_m, from_s, who in spans
    ]


def test_what_signatures_decided_stays_after_a_restart_without_them():
    first, told = Visits(GATEWAY, StitchRules(look_dimensions=64)), []
    for device, each, who in _by_looks():
        first.take(device, each)
        told += [draft.data for draft in first.settle()]
        for sample in range(2):
            first.take_signature(signature(each, look(who, sample=sample + 3 * who)), each.opened_ms + sample)
        told += [draft.data for draft in first.settle()]
    names = {each.segment_id: each.track_id for _, each, _ in _by_looks()}
    assert [[names[part] for part in each.segment_ids] for each in _standing(first)] == [["a"], ["b", "c"]]
    again = Visits(GATEWAY, StitchRules(look_dimensions=64))
    for visit in told:
        again.resume(visit)
    for device, each, _ in _by_looks():
        again.take(device, each)
    assert again.settle() == []
    late = segment(TWO, "d", standing(0.5, 0), (60.2, 80))
    again.take(TWO, late)
    (grown,) = again.settle()
    assert [names.get(part, "d") for part in grown.data.segment_ids] == ["b", "c", "d"]


def test_what_was_told_to_be_no_more_holds_nobody_after_a_restart():
    walk = walking(0, 0, 1.0)
    one, two = segment(ONE, "a", walk, (0, 10), SHELF), segment(TWO, "b", walk, (8, 20), SHELF)
    (apart,) = _visits((TWO, two))
    again = Visits(GATEWAY, StitchRules())
    again.resume(apart)
    again.resume(replace(apart, revision=2, status="withdrawn", segment_ids=apart.segment_ids[:1]))
    for device, each in ((ONE, one), (TWO, two)):
        again.take(device, each)
    again.settle()
    assert [len(each.segment_ids) for each in _standing(again)] == [2]


def test_what_was_merged_stays_merged_after_a_restart():
    one, two = segment(ONE, "a", standing(0, 0), (0, 10), SHELF), segment(TWO, "b", standing(99, 0), (60, 80), SHELF)
    first, second = _visits((ONE, one), (TWO, two))
    both = replace(first, revision=2, segment_ids=(one.segment_id, two.segment_id))
    gone = replace(second, revision=2, segment_ids=(two.segment_id,), status="merged", merged_into=first.visit_id)
    again = Visits(GATEWAY, StitchRules())
    for told in (first, second, both, gone):
        again.resume(told)
    for device, each in ((ONE, one), (TWO, two)):
        again.take(device, each)
    again.settle()
    assert [each.segment_ids for each in _standing(again)] == [both.segment_ids]


def test_a_camera_that_knows_somebody_again_is_believed_after_a_restart_too():
    one, two = segment(ONE, "a", standing(0, 0), (0, 10), SHELF), segment(ONE, "b", standing(99, 0), (60, 80), SHELF)
    told = _visits((ONE, one), (ONE, two))
    again = Visits(GATEWAY, StitchRules())
    for visit in told:
        again.resume(visit)
    for ordinal, hint in ((9, None), (10, "a")):
        for each in (one, two):
            again.take(ONE, replace(each, ordinal=ordinal, reentry_hint=hint))
        again.settle()
    assert [len(each.segment_ids) for each in _standing(again)] == [2]


@settings(max_examples=25)
@given(st.randoms(use_true_random=False), st.lists(st.booleans(), min_size=40, max_size=40))
def test_any_order_ends_in_the_same_visits(random: Random, settles: list[bool]):
    """Numbers may differ, and what was once told and is now merged or withdrawn: these tell of the order."""
    news = []
    for person in range(3):
        walk = walking(-2.0 * person, 1.2 * person, 1.0)
        begin_s = 2.0 * person
        stays = (stay("door", "entrance", begin_s + 1, begin_s + 3), stay("shelf", "shelf", begin_s + 6, None))
        spans = ((begin_s, begin_s + 12), (begin_s + 11, begin_s + 20), (begin_s + 20.3, begin_s + 30))
        for number, span_s in enumerate(spans):
            device = (ONE, TWO)[number % 2]
            for ordinal, known_s in enumerate((span_s[0] + 4, None)):
                name = f"{person}-{number}"
                each = segment(device, name, walk, span_s, stays, ordinal=ordinal, known_s=known_s, noise_m=0.1)
                news.append((device, each))
    expected = _visits(*news)
    assert len(expected) == 3
    jumbled = [*news, *news[::4]]
    random.shuffle(jumbled)
    visits = Visits(GATEWAY, StitchRules())
    highest: dict[str, VisitRevised] = {}
    for (device, each), is_settled in zip(jumbled, settles, strict=False):
        visits.take(device, each)
        if is_settled:
            _keep(highest, visits)
    _keep(highest, visits)
    found = [replace(each, revision=1) for each in highest.values() if each.status in {"open", "closed"}]
    assert sorted(found, key=lambda each: each.visit_id) == sorted(expected, key=lambda each: each.visit_id)


def _keep(highest: dict[str, VisitRevised], visits: Visits) -> None:
    """Keep the highest revision of each visit, as the cloud does."""
    for draft in visits.settle():
        known = highest.get(draft.data.visit_id)
        assert known is None or known.revision < draft.data.revision
        highest[draft.data.visit_id] = draft.data
