"""Members: what they have is what was asked for, belongs to one of them, and is the same in every run of a seed."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.errors import ScenarioError
from simulators.core.identities import true_identities
from simulators.core.member_base import MemberBase
from simulators.core.members import Identifier, Member
from simulators.core.phones import PHONES_PER_AREA, PROGRAMME_BEGAN_MS, YEAR_MS, Phone, Scramble
from simulators.core.scenario import Codes, Members
from tests.unit.simulators.runs import START_MS
from tests.unit.simulators.trial import agrees, run_trial, trial, trial_scenario

CONFIG = Members(
    count=4000, consent=0.8, phones=0.6, cards=0.5, openids=0.3, shared_cards=0.25, lost_phones=0.2, twice=0.15
)
BASE = MemberBase(CONFIG, seed=7)
shares = st.floats(0, 1)


def _namespaces(member: Member) -> Counter[str]:
    return Counter(identifier.namespace for identifier in member.identifiers(PROGRAMME_BEGAN_MS - 1))


def test_the_shares_that_were_asked_for_are_recovered() -> None:
    members = BASE.members
    has = [_namespaces(member) for member in members]
    assert len(members) == CONFIG.count
    assert agrees(sum(each["phone"] > 0 for each in has), CONFIG.count, CONFIG.phones)
    assert agrees(sum(each["card"] > 0 for each in has), CONFIG.count, CONFIG.cards)
    assert agrees(sum(each["openid"] > 0 for each in has), CONFIG.count, CONFIG.openids)
    assert agrees(sum(each["member_number"] == 2 for each in has), CONFIG.count, CONFIG.twice)
    assert agrees(sum(member.visit_linking_consent for member in members), CONFIG.count, CONFIG.consent)
    cards = sum(each["card"] for each in has)
    assert agrees(sum(len(member.shows_too) for member in members), cards, CONFIG.shared_cards)


@pytest.mark.parametrize("year", [0, 1, 5])
def test_so_many_phones_as_asked_for_get_a_new_number_each_year(year: int) -> None:
    begins, ends = PROGRAMME_BEGAN_MS - 1 + year * YEAR_MS, PROGRAMME_BEGAN_MS - 1 + (year + 1) * YEAR_MS
    phones = [member.phone for member in BASE.members if member.phone is not None]
    changed = [phone.changes_by(ends) - phone.changes_by(begins) for phone in phones]
    assert agrees(sum(changed), len(phones), CONFIG.lost_phones)
    assert set(changed) == {0, 1}


def test_no_identifier_ever_belongs_to_two_members() -> None:
    owners = Counter(each for member in BASE.members for each in member.identifiers(START_MS + 20 * YEAR_MS))
    assert set(owners.values()) == {1}


def test_phone_numbers_have_the_form_of_e164_and_cannot_be_dialled() -> None:
    for member in BASE.members:
        for identifier in member.identifiers(START_MS):
            if identifier.namespace == "phone":
                assert identifier.value[:2] == "+1"
                assert len(identifier.value) == 12
                assert identifier.value[1:].isdigit()
                assert identifier.value[5] in "01"


def test_numbers_of_a_member_do_not_resemble_each_other() -> None:
    digits = [
        [int(each.value[-4:]) for each in m.identifiers(START_MS) if each.namespace != "openid"] for m in BASE.members
    ]
    pairs = np.array([each[:2] for each in digits if len(each) > 1])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.1
    assert (pairs[:, 0] == pairs[:, 1]).mean() < 0.01


def test_a_lost_phone_is_found_under_its_old_number_and_its_new_one() -> None:
    member = next(each for each in BASE.members if each.phone and each.phone.first_change_ms)
    assert member.phone is not None
    changes_ms = member.phone.first_change_ms
    assert changes_ms is not None
    before, after = member.identifiers(changes_ms - 1), member.identifiers(changes_ms)
    (new,) = set(after) - set(before)
    assert set(before) < set(after)
    assert new.namespace == "phone"
    rng = np.random.default_rng(1)
    shown = {member.shown(rng, changes_ms) for _ in range(200)}
    assert new in shown
    assert not [each for each in shown if each.namespace == "phone" and each != new]
    assert BASE.owner(new, changes_ms) is member
    assert BASE.owner(before[0], changes_ms) is member
    assert new not in {each for record in BASE.records(changes_ms - 1) for each in record.identifiers}
    assert new in {each for record in BASE.records(changes_ms) for each in record.identifiers}


def test_the_next_change_of_the_base_is_the_next_one_of_any_phone() -> None:
    few = MemberBase(Members(count=40, consent=1, phones=1, lost_phones=0.5), seed=3)
    now_ms, due_ms = START_MS, few.next_change_ms(START_MS)
    for _ in range(30):
        assert due_ms is not None
        assert now_ms < due_ms <= now_ms + YEAR_MS
        assert few.records(now_ms) == few.records(due_ms - 1) != few.records(due_ms)
        now_ms, due_ms = due_ms, few.next_change_ms(due_ms)
    assert MemberBase(Members(count=5, consent=1), seed=1).next_change_ms(START_MS) is None


def test_who_signed_up_twice_has_two_records_with_one_phone_or_card_in_common() -> None:
    of_number = {record.identifiers[0]: record for record in BASE.records(START_MS)}
    assert len(of_number) == len(BASE.records(START_MS)) == sum(len(member.numbers) for member in BASE.members)
    joined: Counter[str] = Counter()
    for member in BASE.members:
        records = [of_number[number] for number in member.numbers]
        assert {record.visit_linking_consent for record in records} == {member.visit_linking_consent}
        assert {each for record in records for each in record.identifiers} == set(member.identifiers(START_MS))
        if len(records) == 2:
            (common,) = set(records[0].identifiers) & set(records[1].identifiers)
            joined[common.namespace] += 1
            assert len(records[1].identifiers) == 2
    assert joined["phone"] > 50
    assert joined["card"] > 50
    assert set(joined) == {"phone", "card"}


def test_records_are_numbered_in_an_order_that_tells_nothing() -> None:
    records = BASE.records(START_MS)
    assert [record.record_id for record in records] == [f"r{number:07d}" for number in range(1, len(records) + 1)]
    order = {number: place for place, member in enumerate(BASE.members) for number in member.numbers}
    places = [order[record.identifiers[0]] for record in records]
    assert abs(np.corrcoef(places, range(len(places)))[0, 1]) < 0.2


def test_who_shows_a_card_of_another_lives_with_the_other() -> None:
    homes = {member.card: member.household_id for member in BASE.members if member.card is not None}
    sizes = Counter(member.household_id for member in BASE.members)
    sharing = [member for member in BASE.members if member.shows_too]
    assert sharing
    for member in sharing:
        (card,) = member.shows_too
        assert card != member.card
        assert homes[card] == member.household_id
    assert set(sizes.values()) == {1, 2}


def test_what_is_shown_varies_and_is_the_members_own_or_a_shared_card() -> None:
    rng = np.random.default_rng(5)
    for member in BASE.members[:300]:
        shown = {member.shown(rng, START_MS) for _ in range(40)}
        assert shown <= {*member.identifiers(START_MS), *member.shows_too}
        assert shown & set(member.numbers)
    numbers = sum(member.shown(rng, START_MS).namespace == "member_number" for member in BASE.members)
    alone = sum(
        not (_namespaces(member) - Counter(member_number=9)) and not member.shows_too for member in BASE.members
    )
    assert agrees(numbers - alone, len(BASE.members) - alone, 0.5)


def test_a_phone_is_signed_in_by_what_the_messenger_knows_first() -> None:
    orders = {each.signed_in_as(START_MS).namespace: each for each in BASE.members}
    assert set(orders) == {"openid", "phone", "member_number"}
    assert orders["phone"].openid is None
    assert orders["member_number"].phone is None
    assert orders["phone"].phone is not None
    assert orders["phone"].signed_in_as(START_MS).value == orders["phone"].phone.numbers(START_MS)[-1]


@given(shares, shares, shares, st.integers(0, 30), st.integers(0, 2**32))
def test_the_same_seed_gives_the_same_members(phones: float, cards: float, twice: float, count: int, seed: int) -> None:
    config = Members(count=count, consent=0.5, phones=phones, cards=cards, twice=twice * max(phones, cards))
    once, again = (MemberBase(config, seed).records(START_MS) for _ in range(2))
    assert once == again
    assert len(once) >= count


def test_nobody_can_sign_up_twice_whom_nothing_joins() -> None:
    with pytest.raises(ScenarioError, match=r"members\.twice: got 0\.5; allowed: at most 0\.44"):
        MemberBase(Members(count=3, consent=1, phones=0.2, cards=0.3, twice=0.5), seed=1)
    nobody = MemberBase(Members(count=3, consent=1, phones=0, cards=0), seed=1)
    assert [len(member.identifiers(START_MS)) for member in nobody.members] == [1, 1, 1]


@given(st.sets(st.integers(0, 9)), st.integers(0, 2**32))
def test_who_is_busy_is_not_picked_and_changes_nothing_for_others(busy: set[int], seed: int) -> None:
    base = MemberBase(Members(count=10, consent=1), seed=1)
    names = [member.member_id for member in base.members]
    anyone = base.pick(np.random.default_rng(seed), ())
    picked = base.pick(np.random.default_rng(seed), {names[each] for each in busy})
    assert anyone is not None
    if len(busy) == 10:
        assert picked is None
    elif names.index(anyone.member_id) not in busy:
        assert picked == anyone
    else:
        assert picked is not None
        assert names.index(picked.member_id) not in busy


def test_without_members_nobody_is_picked() -> None:
    base = MemberBase(Members(count=0, consent=1), seed=1)
    assert base.pick(np.random.default_rng(1), ()) is None
    with pytest.raises(KeyError):
        base.owner(Identifier("card", "C1"), START_MS)


@pytest.mark.parametrize("size", [100, 10**4, PHONES_PER_AREA])
def test_a_scramble_is_a_permutation(size: int) -> None:
    scramble = Scramble(size, np.random.default_rng(size))
    values = scramble(np.arange(size))  # type: ignore[arg-type]  # works on arrays alike
    assert (np.bincount(values) == 1).all()


@given(st.integers(0, 5), st.integers(0, YEAR_MS - 1), st.integers(0, 50 * YEAR_MS))
def test_a_phones_numbers_only_ever_grow(slot: int, change_ms: int, later_ms: int) -> None:
    scramble = Scramble(PHONES_PER_AREA, np.random.default_rng(1))
    phone = Phone(slot, 6, PROGRAMME_BEGAN_MS + change_ms, scramble)
    now_ms = PROGRAMME_BEGAN_MS + later_ms
    numbers, next_ms = phone.numbers(now_ms), phone.next_change_ms(now_ms)
    assert next_ms is not None
    assert now_ms < next_ms <= now_ms + YEAR_MS + change_ms
    assert phone.numbers(next_ms)[:-1] == numbers
    assert len(set(numbers)) == len(numbers) == phone.changes_by(now_ms) + 1


def test_identities_tell_what_belongs_together() -> None:
    identities = {identity.member_id: identity for identity in true_identities(BASE, START_MS)}
    for member in BASE.members:
        identity = identities[member.member_id]
        assert identity.household_id == member.household_id
        assert identity.identifiers == member.identifiers(START_MS)
        assert identity.shows_too == member.shows_too
    assert trial().truth.identities == true_identities(MemberBase(trial().scenario.members, 1), trial().truth.until_ms)


def test_records_hold_nothing_that_only_the_truth_knows() -> None:
    run = trial()
    text = repr(run.store.members)
    for identity in run.truth.identities:
        assert f"'{identity.member_id}'" not in text
        assert f"'{identity.household_id}'" not in text
    known = {each for record in run.store.members for each in record.identifiers}
    members = [line.member for line in (*run.scans, *run.home_scans)] + [line.member for line in run.receipts]
    shown = {member for member in members if isinstance(member, Identifier)}
    assert len(shown) > 20
    assert shown <= known


def test_runs_that_overlap_meet_the_same_members() -> None:
    later = run_trial(trial_scenario(), 1, 0.5, START_MS + 3_600_000)
    assert later.truth.identities == trial().truth.identities[: len(later.truth.identities)]
    came = {person.party_id: person.member_id for person in reversed(trial().truth.people) if person.purpose}
    parties = {person.party_id: person.member_id for person in reversed(later.truth.people) if person.purpose}
    assert len(parties) > 20
    assert sum(came[party] == member for party, member in parties.items()) >= 0.9 * len(parties)


def test_every_knob_of_members_and_codes_is_described() -> None:
    page = (Path(__file__).parents[3] / "docs" / "simulators.md").read_text(encoding="utf-8")
    assert all(f"`{field}`" in page for field in (*Members.__struct_fields__, *Codes.__struct_fields__))
