"""Keeps every touch, and finds out who else could have made it once that can be known."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct
from msgspec.structs import replace

from simulators.core.geometry import Point, distance
from simulators.core.layout import Kiosk, Till
from simulators.core.lines import ReceiptLine, ScanLine
from simulators.core.members import Member
from simulators.core.people import Person
from simulators.core.truth import RIVAL_DISTANCE_M, RIVAL_WINDOW_MS, Expected, TrueTouch

WhoWasIn = Callable[[str, int, int], list[Person]]
_MS_PER_S = 1000


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
        self,
        device: Kiosk | Till,
        line: ScanLine | ReceiptLine,
        person: Person,
        member: Member | None,
        true_ms: int,
        people: Iterable[Person],
    ) -> None:
        """Keep a touch; its line is the next one of its device's feed.

        Args:
            device: The terminal or till.
            line: What it wrote, with its own time.
            person: Who made the touch.
            member: The member that was shown with it.
            true_ms: When it was made.
            people: Everyone in sight at that time.
        """
        receipt = line if isinstance(line, ReceiptLine) else None
        truth = TrueTouch(
            device_id=device.id,
            kind=receipt.kind if receipt is not None else "scan",
            line_index=self._lines_of[device.id],
            t_ms=line.t_ms,
            true_ms=true_ms,
            zone_id=device.zone_id,
            receipt_id=receipt.receipt_id if receipt is not None else None,
            person_id=person.person_id,
            party_id=person.party_id,
            member_id=member.member_id if member is not None else None,
            could_be=(),
            one_party=True,
            expected="no_member",
            code=line.code if isinstance(line, ScanLine) else None,
            clock_skew_s=(line.t_ms - true_ms) / _MS_PER_S,
            rivals_2m=_rivals_near(device.spot, person, people),
        )
        self._lines_of[device.id] += 1
        self._touches.append(_Touch(truth, member))

    def truth(self, now_ms: int, who_was_in: WhoWasIn, party_sizes: Mapping[str, int]) -> tuple[TrueTouch, ...]:
        """Return every touch with its rivals as far as they are known at `now_ms`.

        Args:
            now_ms: The present of the store.
            who_was_in: Tells who was in a zone (its id) between two true times.
            party_sizes: How many people came in each party.
        """
        for index in range(self._settled, len(self._touches)):
            self._touches[index] = _with_rivals(self._touches[index], who_was_in, party_sizes)
        while self._settled < len(self._touches) and self._is_settled(self._touches[self._settled], now_ms):
            self._settled += 1
        return tuple(touch.truth for touch in self._touches)

    @staticmethod
    def _is_settled(touch: _Touch, now_ms: int) -> bool:
        return touch.truth.true_ms + RIVAL_WINDOW_MS < now_ms


def _rivals_near(spot: Point, maker: Person, people: Iterable[Person]) -> int:
    shoppers = (person for person in people if person.role == "shopper" and person is not maker)
    return sum(distance(person.position, spot) <= RIVAL_DISTANCE_M for person in shoppers)


def _with_rivals(touch: _Touch, who_was_in: WhoWasIn, party_sizes: Mapping[str, int]) -> _Touch:
    truth = touch.truth
    could_be = who_was_in(truth.zone_id, truth.true_ms - RIVAL_WINDOW_MS, truth.true_ms + RIVAL_WINDOW_MS)
    is_alone = [person.person_id for person in could_be] == [truth.person_id]
    settled = replace(
        truth,
        could_be=tuple(person.person_id for person in could_be),
        one_party=len({person.party_id for person in could_be}) <= 1,
        expected=_expected(touch.member, is_alone=is_alone),
        party_size=party_sizes[truth.party_id],
    )
    return _Touch(settled, touch.member)


def _expected(member: Member | None, *, is_alone: bool) -> Expected:
    if member is None:
        return "no_member"
    if not member.visit_linking_consent:
        return "no_consent"
    return "link" if is_alone else "abstain"
