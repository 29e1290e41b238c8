"""What really happened: the ground truth that measured figures are scored against.

Times: Unix milliseconds UTC.
"""

from typing import Literal

from msgspec import Struct

from contracts.payloads import TripwireKind
from simulators.core.people import Role

Direction = Literal["in", "out"]
Expected = Literal["link", "abstain", "no_consent", "no_member"]
TouchKind = Literal["scan", "sale", "void", "refund"]
RIVAL_WINDOW_MS = 3_000
"""Someone who was in the terminal's zone within this time of a touch could have made it."""


class TrueCrossing(Struct, frozen=True, kw_only=True):
    """A person crossed a tripwire."""

    tripwire_id: str
    tripwire_kind: TripwireKind
    direction: Direction
    t_ms: int


class TrueStay(Struct, frozen=True, kw_only=True):
    """A person was in a zone, to the tick. `left_ms` is None while the stay goes on."""

    zone_id: str
    entered_ms: int
    left_ms: int | None


class TrueTrack(Struct, frozen=True, kw_only=True):
    """A camera knew a person under this track id."""

    camera_id: str
    track_id: str


class TruePerson(Struct, frozen=True, kw_only=True):
    """Someone who was on the floor or passed by.

    Attributes:
        person_id: Known to the ground truth alone.
        purpose: What the party came for; None for staff and passers-by.
        member_id: The member that this person is, if one.
        entered_ms: When the person crossed the entrance inward; None for staff and passers-by.
        left_ms: When the person crossed the entrance outward; None while inside.
    """

    person_id: str
    role: Role
    party_id: str
    purpose: str | None
    member_id: str | None
    first_seen_ms: int
    last_seen_ms: int | None
    entered_ms: int | None
    left_ms: int | None
    crossings: tuple[TrueCrossing, ...]
    stays: tuple[TrueStay, ...]
    tracks: tuple[TrueTrack, ...]


class TrueTouch(Struct, frozen=True, kw_only=True):
    """Someone used a terminal or a till.

    Attributes:
        device_id: The terminal or till; with `t_ms` it names the touch.
        line_index: Which line of the device's feed this is, from 0.
        receipt_id: The receipt, None for scans.
        person_id: Who made the touch.
        member_id: The member that was shown, whether or not by the member itself; None if none was.
        could_be: Who was in the zone within the rival window, the one who made the touch among them.
        one_party: Whether all of those came together.
        expected: What a linker that favours precision does: `link` where a consenting member was shown by the only
            person in the zone, `abstain` where there were more, or none.
    """

    device_id: str
    kind: TouchKind
    line_index: int
    t_ms: int
    zone_id: str
    receipt_id: str | None
    person_id: str
    party_id: str
    member_id: str | None
    could_be: tuple[str, ...]
    one_party: bool
    expected: Expected


class TripwireTotal(Struct, frozen=True, kw_only=True):
    """How often one tripwire was crossed."""

    tripwire_id: str
    tripwire_kind: TripwireKind
    crossed_in: int
    crossed_out: int


class Totals(Struct, frozen=True, kw_only=True):
    """The truth in figures."""

    tripwires: tuple[TripwireTotal, ...]
    entered: int
    left: int
    inside: int
    parties: int
    passers_by: int
    scans: int
    sales: int
    voids: int
    refunds: int
    revenue_minor: int
    touches_alone: int
    touches_with_rivals: int
    expected_links: int
    expected_abstentions: int


class Truth(Struct, frozen=True, kw_only=True):
    """All of it, from `start_ms` to `until_ms`."""

    scenario: str
    seed: int
    start_ms: int
    until_ms: int
    tick_hz: float
    rival_window_ms: int
    currency: str
    totals: Totals
    people: tuple[TruePerson, ...]
    touches: tuple[TrueTouch, ...]
