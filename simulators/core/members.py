"""Members of the loyalty programme: who they are, and what each can show at a terminal. No value is a real person's."""

from typing import Literal

import numpy as np
from msgspec import Struct

from simulators.core.phones import Phone

_SHOWS_NUMBER = 0.5


class Identifier(Struct, frozen=True):
    """What a member shows: its namespace and value."""

    namespace: Literal["member_number", "phone", "openid", "card"]
    value: str


class MemberRecord(Struct, frozen=True):
    """A line of the member base. Who signed up twice has two, and the base does not know that they are one person."""

    record_id: str
    identifiers: tuple[Identifier, ...]
    visit_linking_consent: bool


class Member(Struct, frozen=True, kw_only=True):
    """A human being who is a member.

    Attributes:
        member_id: Known to the ground truth alone.
        household_id: Who lives together; known to the ground truth alone.
        numbers: A member number for each time that the member signed up.
        phone: The phone, if the member gave one.
        card: The card, if there is one.
        openid: How the messenger knows the member, if it does.
        joined_by: What the second record has in common with the first one; None where there is no second.
        shows_too: Cards of others in the household that this member shows as well.
        visit_linking_consent: Whether the member agreed that visits are linked; a second record says the same.
    """

    member_id: str
    household_id: str
    numbers: tuple[Identifier, ...]
    phone: Phone | None
    card: Identifier | None
    openid: Identifier | None
    joined_by: Literal["phone", "card"] | None
    shows_too: tuple[Identifier, ...]
    visit_linking_consent: bool

    def identifiers(self, now_ms: int) -> tuple[Identifier, ...]:
        """Return all identifiers that were this member's own up to now, former phone numbers among them."""
        return (*self.numbers, *self._phones(now_ms), *_present(self.card), *_present(self.openid))

    def shown(self, rng: np.random.Generator, now_ms: int) -> Identifier:
        """Return what the member shows this time: a member number as often as all else together."""
        others = (*self._phones(now_ms)[-1:], *_present(self.card), *_present(self.openid), *self.shows_too)
        shows_number, which = rng.random() < _SHOWS_NUMBER, rng.random()
        choice = self.numbers if shows_number or not others else others
        return choice[int(which * len(choice))]

    def signed_in_as(self, now_ms: int) -> Identifier:
        """Return how the member's own phone knows the member: by the openid, else the phone, else the number."""
        return (*_present(self.openid), *self._phones(now_ms)[-1:], *self.numbers)[0]

    def records(self, now_ms: int) -> list[tuple[Identifier, ...]]:
        """Return the identifiers of each record of this member that the member base holds now.

        A second record has its own member number, and the card or the first phone number of the first record.
        """
        first, *second = self.numbers
        of_first = (first, *(each for each in self.identifiers(now_ms) if each not in self.numbers))
        joint = [each for each in of_first if each.namespace == self.joined_by][:1]
        return [of_first, *((number, *joint) for number in second)]

    def _phones(self, now_ms: int) -> tuple[Identifier, ...]:
        numbers = self.phone.numbers(now_ms) if self.phone is not None else ()
        return tuple(Identifier("phone", number) for number in numbers)


def _present(identifier: Identifier | None) -> tuple[Identifier, ...]:
    return () if identifier is None else (identifier,)
