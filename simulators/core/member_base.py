"""All members of a programme, drawn once from the seed."""

from collections.abc import Container
from typing import Literal

import numpy as np
from msgspec import UNSET, Struct, UnsetType

from simulators.core.errors import ScenarioError
from simulators.core.members import Identifier, Member, MemberRecord
from simulators.core.phones import PHONES_PER_AREA, PROGRAMME_BEGAN_MS, YEAR_MS, Phone, Scramble
from simulators.core.scenario import Members

_STREAM = 3
_CARDS, _NUMBERS = 10**8, 10**7
_OPENID_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_OPENID_LETTERS = 27
_BY_CARD = 0.5


class MemberBase:
    """Everyone who is a member. The same configuration and seed give the same members.

    Args:
        config: How many there are, and what they have.
        seed: What they are drawn from.

    Raises:
        ScenarioError: More members should have signed up twice than have a phone or a card.
    """

    def __init__(self, config: Members, seed: int) -> None:
        self.members = _make_members(config, np.random.default_rng([seed, _STREAM]))
        self._owners: dict[Identifier, Member] = {}

    def pick(self, rng: np.random.Generator, busy: Container[str]) -> Member | None:
        """Return a member by chance, None if there is none.

        Args:
            rng: Drawn from once whoever is busy, so that runs that overlap pick the same members.
            busy: The `member_id` of those who cannot be picked; instead of one of them comes who follows in order.
        """
        if not self.members:
            return None
        start = int(rng.integers(len(self.members)))
        in_order = (self.members[(start + step) % len(self.members)] for step in range(len(self.members)))
        return next((member for member in in_order if member.member_id not in busy), None)

    def owner(self, shown: Identifier | UnsetType, now_ms: int) -> Member | None:
        """Return whose identifier was shown, None if none was.

        Raises:
            KeyError: It is nobody's.
        """
        if shown is UNSET:
            return None
        if shown not in self._owners:
            self._owners = {each: member for member in self.members for each in member.identifiers(now_ms)}
        return self._owners[shown]

    def records(self, now_ms: int) -> tuple[MemberRecord, ...]:
        """Return what the member base holds now, in the order of the member numbers."""
        records = [(record, member) for member in self.members for record in member.records(now_ms)]
        records.sort(key=lambda each: each[0][0].value)
        return tuple(
            MemberRecord(f"r{number:07d}", record, member.visit_linking_consent)
            for number, (record, member) in enumerate(records, start=1)
        )

    def next_change_ms(self, now_ms: int) -> int | None:
        """Return when a record changes next, None if never."""
        changes = (member.phone.next_change_ms(now_ms) for member in self.members if member.phone is not None)
        return min((change for change in changes if change is not None), default=None)


class _Draw(Struct, frozen=True):
    """What one member has, before it is known who lives together."""

    phone: Phone | None
    card: Identifier | None
    openid: Identifier | None
    joined_by: Literal["phone", "card"] | None
    consents: bool


def _make_members(config: Members, rng: np.random.Generator) -> tuple[Member, ...]:
    number_of = Scramble(_NUMBERS, rng)
    draws = _draws(config, rng)
    homes = _homes([draw.card for draw in draws], config.shared_cards, rng)
    return tuple(
        Member(
            member_id=f"m{order:06d}",
            household_id=f"h{home:06d}",
            numbers=tuple(
                Identifier("member_number", f"M{number_of(order + time * config.count):07d}")
                for time in range(1 if draw.joined_by is None else 2)
            ),
            phone=draw.phone,
            card=draw.card,
            openid=draw.openid,
            joined_by=draw.joined_by,
            shows_too=shows_too,
            visit_linking_consent=draw.consents,
        )
        for order, (draw, (home, shows_too)) in enumerate(zip(draws, homes, strict=True))
    )


def _draws(config: Members, rng: np.random.Generator) -> list[_Draw]:
    card_of, phone_of = Scramble(_CARDS, rng), Scramble(PHONES_PER_AREA, rng)
    twice = _share_of_those_who_can(config)
    shares = (config.phones, config.cards, config.openids, config.lost_phones, twice, config.consent, _BY_CARD)
    is_so = rng.random((config.count, len(shares))) < shares
    change_ms = PROGRAMME_BEGAN_MS + rng.integers(YEAR_MS, size=config.count)
    letters = rng.integers(len(_OPENID_ALPHABET), size=(config.count, _OPENID_LETTERS))
    draws = []
    for order, (has_phone, has_card, has_openid, changes, again, consents, by_card) in enumerate(is_so):
        first_change_ms = int(change_ms[order]) if changes else None
        openid = "o" + "".join(_OPENID_ALPHABET[letter] for letter in letters[order]) if has_openid else None
        joined_by: Literal["phone", "card"] = "card" if has_card and (by_card or not has_phone) else "phone"
        draws.append(
            _Draw(
                phone=Phone(order, config.count, first_change_ms, phone_of) if has_phone else None,
                card=Identifier("card", f"C{card_of(order):08d}") if has_card else None,
                openid=Identifier("openid", openid) if openid is not None else None,
                joined_by=joined_by if again and (has_phone or has_card) else None,
                consents=bool(consents),
            )
        )
    return draws


def _share_of_those_who_can(config: Members) -> float:
    """Return how many of those with a phone or a card sign up twice, so that `config.twice` of all do."""
    can = config.phones + (1 - config.phones) * config.cards
    if config.twice > can:
        key = "members.twice"
        raise ScenarioError(
            key, config.twice, f"at most {can:.2f}, the share with a phone or a card that joins the two"
        )
    return config.twice / can if can else 0.0


def _homes(
    cards: list[Identifier | None], share: float, rng: np.random.Generator
) -> list[tuple[int, tuple[Identifier, ...]]]:
    """Return each member's household and the cards that he or she shows besides the own one.

    Members are looked at two by two; each card of the two is shared with the other one by chance, and who shares one
    lives with the other.
    """
    homes = list(range(len(cards)))
    shows_too: list[tuple[Identifier, ...]] = [()] * len(cards)
    order = [int(each) for each in rng.permutation(len(cards))]
    for pair in zip(order[::2], order[1::2], strict=False):
        for owner, other in (pair, pair[::-1]):
            card, is_shared = cards[owner], rng.random() < share
            if card is not None and is_shared:
                homes[other] = homes[owner] = min(pair)
                shows_too[other] = (card,)
    return list(zip(homes, shows_too, strict=True))
