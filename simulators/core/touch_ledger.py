"""Keeps every touch, and finds out who else could have made it once that can be known."""

from collections import Counter
from collections.abc import Callable

from msgspec import Struct
from msgspec.structs import replace

from simulators.core.members import Member
from simulators.core.people import Person
from simulators.core.truth import RIVAL_WINDOW_MS, Expected, TouchKind, TrueTouch

WhoWasIn = Callable[[str, int, int], list[Person]]


class Maker(Struct, frozen=True):
    """Who made a touch, and the member that was shown with it."""

    person: Person
    member: Member | None


class _Touch(Struct, frozen=True):
    truth: TrueTouch
    member: Member | None


class TouchLedger:
    """All touches of a store, in the order in which they were made."""

    def __init__(self) -> None:
        self._touches: list[_Touch] = []
        self._settled = 0  # Touches before this one have all their rivals.
        self._lines_of: Counter[str] = Counter()

    def add(
        self, maker: Maker, device_id: str, zone_id: str, kind: TouchKind, t_ms: int, receipt_id: str | None = None
    ) -> None:
        """Keep a touch that was made at `t_ms`; it is the next line of its device's feed."""
        truth = TrueTouch(
            device_id=device_id,
            kind=kind,
            line_index=self._lines_of[device_id],
            t_ms=t_ms,
            true_ms=t_ms,
            zone_id=zone_id,
            receipt_id=receipt_id,
            person_id=maker.person.person_id,
            party_id=maker.person.party_id,
            member_id=maker.member.member_id if maker.member else None,
            could_be=(),
            one_party=True,
            expected="no_member",
        )
        self._lines_of[device_id] += 1
        self._touches.append(_Touch(truth, maker.member))

    def truth(self, now_ms: int, who_was_in: WhoWasIn) -> tuple[TrueTouch, ...]:
        """Return every touch with its rivals as far as they are known at `now_ms`.

        Args:
            now_ms: The present of the store.
            who_was_in: Tells who was in a zone (its id) between two times.
        """
        for index in range(self._settled, len(self._touches)):
            self._touches[index] = _with_rivals(self._touches[index], who_was_in)
        while self._settled < len(self._touches) and self._touches[self._settled].truth.t_ms + RIVAL_WINDOW_MS < now_ms:
            self._settled += 1
        return tuple(touch.truth for touch in self._touches)


def _with_rivals(touch: _Touch, who_was_in: WhoWasIn) -> _Touch:
    truth = touch.truth
    could_be = who_was_in(truth.zone_id, truth.t_ms - RIVAL_WINDOW_MS, truth.t_ms + RIVAL_WINDOW_MS)
    is_alone = [person.person_id for person in could_be] == [truth.person_id]
    settled = replace(
        truth,
        could_be=tuple(person.person_id for person in could_be),
        one_party=len({person.party_id for person in could_be}) <= 1,
        expected=_expected(touch.member, is_alone=is_alone),
    )
    return _Touch(settled, touch.member)


def _expected(member: Member | None, *, is_alone: bool) -> Expected:
    if member is None:
        return "no_member"
    if not member.visit_linking_consent:
        return "no_consent"
    return "link" if is_alone else "abstain"
