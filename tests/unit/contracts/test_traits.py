"""Match codes: equal for equal values, alike after one slip, and never the value."""

import re

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from contracts.traits import TRAITS, Trait, match_code

KEY, OTHER_KEY = b"k" * 16, b"o" * 16
WORDS = st.text("abcdefghij", min_size=3, max_size=30)


def whole(code: str) -> str:
    return code.split(maxsplit=1)[0]


def slips(code: str) -> set[str]:
    return set(code.split()[1:])


@settings(max_examples=60)
@given(
    st.sampled_from([trait for trait in TRAITS if trait != "birthday"]), st.text("abcABCé王12", min_size=1, max_size=40)
)
def test_a_code_is_stable_short_and_of_one_key_and_trait(trait: Trait, value: str):
    assume(value.partition("@")[0].isalnum())
    code = match_code(trait, value, KEY)
    assert re.fullmatch(r"[a-z2-7]{8}( [a-z2-7]{8})*", code)
    assert len(code) <= 256
    assert code == match_code(trait, f" {value} ", KEY)
    others = {match_code(trait, value, OTHER_KEY)} | {
        match_code(other, value, KEY) for other in TRAITS[:2] if other != trait
    }
    assert all(slips(code).isdisjoint(slips(other)) for other in others)


@given(WORDS, st.integers(0, 19), st.sampled_from("abcxyz"), st.integers(0, 3))
def test_one_slip_leaves_codes_alike(word: str, position: int, letter: str, kind: int):
    at = position % min(len(word), 20)
    wrong = (
        word[:at] + letter + word[at + 1 :],
        word[:at] + word[at + 1 :],
        word[:at] + letter + word[at:],
        word[:at] + word[at : at + 2][::-1] + word[at + 2 :],
    )[kind]
    one, other = match_code("family_name", word, KEY), match_code("family_name", wrong, KEY)
    assert (whole(one) == whole(other)) == (word == wrong)
    # A letter that goes in or out moves another over the end of what is looked at.
    if len(word) < 20:
        assert slips(one) & slips(other)


@given(WORDS, WORDS)
def test_what_is_far_apart_is_not_alike(one: str, other: str):
    apart = abs(len(one[:20]) - len(other[:20])) > 2 or not set(one) & set(other)
    if apart:
        assert not slips(match_code("given_name", one, KEY)) & slips(match_code("given_name", other, KEY))


@pytest.mark.parametrize(
    ("trait", "one", "other"),
    [
        ("family_name", "M\u00fcller-L\u00fcdenscheidt", "muller ludenscheidt"),
        ("given_name", "Jos\u00e9", "JOSE"),
        ("phone", "+44 20 7946 0000", "442079460000"),
        ("email", "Ana.Ruiz@Mail.example", "anaruiz@mail.example"),
        ("birthday", "2001-02-03", " 20010203 "),
    ],
)
def test_spelling_does_not_matter(trait: Trait, one: str, other: str):
    assert match_code(trait, one, KEY) == match_code(trait, other, KEY)


def test_the_same_box_of_another_mail_and_a_swapped_day_are_alike():
    pairs: tuple[tuple[Trait, str, str], ...] = (
        ("email", "ana.ruiz@mail.example", "ana.ruiz@post.example"),
        ("birthday", "2001-02-03", "2001-03-02"),
    )
    for trait, one, other in pairs:
        left, right = match_code(trait, one, KEY), match_code(trait, other, KEY)
        assert (whole(left) == whole(right), bool(slips(left) & slips(right))) == (False, True)


def test_short_names_are_alike_to_themselves_alone():
    assert slips(match_code("given_name", "Li", KEY)).isdisjoint(slips(match_code("given_name", "Lu", KEY)))


@pytest.mark.parametrize(
    ("trait", "value", "fault"),
    [
        ("given_name", " - ", "letters or digits"),
        ("birthday", "3.2.2001", "Invalid isoformat"),
        ("email", "@", "letters"),
    ],
)
def test_what_cannot_be_coded_is_refused(trait: Trait, value: str, fault: str):
    with pytest.raises(ValueError, match=fault):
        match_code(trait, value, KEY)


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="at least 16 bytes, got 3"):
        match_code("given_name", "Ana", b"abc")
