"""Pseudonyms: stable under one key, unlinkable under another, never the identifier itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.pseudonym import NAMESPACES, Namespace, pseudonymize

KEY, OTHER_KEY = b"k" * 16, b"o" * 16
values = st.text(min_size=1).filter(str.strip)


@given(st.sampled_from(NAMESPACES), values)
def test_the_same_identifier_gives_the_same_pseudonym_under_one_key_only(namespace: Namespace, value: str):
    made = pseudonymize(namespace, value, KEY)
    assert made == pseudonymize(namespace, f" {value} ", KEY)
    assert made.pseudonym != pseudonymize(namespace, value, OTHER_KEY).pseudonym
    assert made.namespace == namespace


def test_namespaces_are_told_apart():
    assert len({pseudonymize(namespace, "1", KEY).pseudonym for namespace in NAMESPACES}) == len(NAMESPACES)


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="at least 16 bytes, got 3"):
        pseudonymize("card", "1", b"abc")


def test_an_empty_identifier_is_refused():
    with pytest.raises(ValueError, match="card cannot be empty"):
        pseudonymize("card", "  ", KEY)
