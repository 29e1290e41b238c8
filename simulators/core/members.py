"""Members of the loyalty programme, drawn once from the seed."""

from typing import Literal

import numpy as np
from msgspec import Struct

from simulators.core.scenario import Members

_STREAM = 3
_HAS_PHONE = 0.6
_HAS_CARD = 0.5
_SHOWS_OTHER = 0.25


class Identifier(Struct, frozen=True):
    """What a member shows: its namespace and value. No value belongs to a real person."""

    namespace: Literal["member_number", "phone", "openid", "card"]
    value: str


class Member(Struct, frozen=True):
    """A member, all identifiers, and whether he or she agreed that visits are linked."""

    member_id: str
    identifiers: tuple[Identifier, ...]
    visit_linking_consent: bool

    def shown(self, rng: np.random.Generator) -> Identifier:
        """Return what the member shows this time: mostly the member number."""
        others = self.identifiers[1:]
        if others and rng.random() < _SHOWS_OTHER:
            return others[int(rng.integers(len(others)))]
        return self.identifiers[0]


def make_members(config: Members, seed: int) -> tuple[Member, ...]:
    """Return all members. The same seed gives the same members."""
    rng = np.random.default_rng([seed, _STREAM])
    return tuple(_make_member(number, rng, config.consent) for number in range(1, config.count + 1))


def _make_member(number: int, rng: np.random.Generator, consent: float) -> Member:
    has_phone, has_card, consents = rng.random() < _HAS_PHONE, rng.random() < _HAS_CARD, rng.random() < consent
    identifiers = [Identifier("member_number", f"M{number:06d}")]
    if has_phone:
        identifiers.append(Identifier("phone", f"+15550{number:06d}"))  # 555-0...: kept for fiction.
    if has_card:
        identifiers.append(Identifier("card", f"C{number:08d}"))
    return Member(f"m{number:06d}", tuple(identifiers), bool(consents))
