"""Match codes: what two records of one person have in common although they are written differently, without telling it.

A match code is a list of keyed hashes, made where the member base is (see `contracts.pseudonym`). The first is of the
value; equal values have equal ones. The others are of the value with each single letter left out: two values share one
of these if they differ by one letter that is wrong, missing, too much or swapped with the next (the deletion
neighbourhood of Garbe's symmetric delete algorithm; Bocek, Hunt and Stiller 2007, "Fast similarity search in large
dictionaries", technical report ifi-2007.02, University of Zurich).
"""

import hmac
import unicodedata
from base64 import b32encode
from datetime import date
from hashlib import sha256
from typing import Literal, get_args

from contracts.pseudonym import MIN_KEY_BYTES

Trait = Literal["given_name", "family_name", "birthday", "phone", "email", "postcode"]
TRAITS: tuple[Trait, ...] = get_args(Trait)
_HASH_BYTES = 5
_MOST_LETTERS = 20
"""Letters whose slips are looked at; so a code has at most 23 hashes."""
_FEWEST_LEFT = 2


def match_code(trait: Trait, value: str, key: bytes) -> str:
    """Return a value's match code: hashes separated by spaces, the first of the value, the others sorted.

    Case, accents, spaces and punctuation do not matter.

    Args:
        trait: What the value is; equal values of two traits have different codes.
        value: The value; a birthday as YYYY-MM-DD, a phone number with its country code.
        key: The tenant's secret, at least 16 bytes.

    Raises:
        ValueError: The key is too short, or the value has no letter or digit, or is no such day.
    """
    if len(key) < MIN_KEY_BYTES:
        msg = f"the pseudonym key needs at least {MIN_KEY_BYTES} bytes, got {len(key)}"
        raise ValueError(msg)
    if trait == "birthday":
        value = date.fromisoformat(value.strip()).isoformat()
    local, at, domain = value.partition("@")
    part, whole = _letters(local), f"{_letters(local)}{at}{_letters(domain)}"
    if not part:
        msg = f"a {trait} has letters or digits, got {value!r}"
        raise ValueError(msg)
    slips = {_hash(trait, "slip", each, key) for each in _slips(part)}
    if trait == "birthday":
        slips.add(_hash(trait, "swapped", part[:4] + "".join(sorted((part[4:6], part[6:]))), key))
    return " ".join((_hash(trait, "whole", whole, key), *sorted(slips)))


def _letters(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in spread if letter.isalnum())


def _slips(text: str) -> set[str]:
    """Return the beginning of a text, and what is left of it without each of its letters."""
    begin = text[:_MOST_LETTERS]
    return {begin} | {begin[:at] + begin[at + 1 :] for at in range(len(begin)) if len(begin) > _FEWEST_LEFT}


def _hash(trait: str, kind: str, text: str, key: bytes) -> str:
    digest = hmac.digest(key, "\0".join(("shopthread.match-code.v1", trait, kind, text)).encode(), sha256)
    return b32encode(digest[:_HASH_BYTES]).decode().lower()
