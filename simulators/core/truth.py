"""What really happened: the ground truth that measured figures are scored against.

Times: Unix milliseconds UTC, true time unless a name says whose clock tells it.
"""

from typing import Literal

from msgspec import Struct

from contracts.fields import TripwireKind
from simulators.core.members import Identifier
from simulators.core.people import Role

Age = Literal["adult", "child"]
Direction = Literal["in", "out"]
Expected = Literal["link", "abstain", "no_consent", "no_member"]
TouchKind = Literal["scan", "sale", "void", "refund"]
WaitEnd = Literal["served", "abandoned", "waiting"]
OutageOf = Literal["camera", "broker", "gateway", "wan"]
RIVAL_WINDOW_MS = 3_000
"""Someone who was in the terminal's zone within this time of a touch could have made it."""
RIVAL_DISTANCE_M = 2.0
"""How near to the terminal's spot somebody counts as one of `rivals_2m`."""


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
    """A camera knew a person under this track id, from the first time to the last.

    Where a camera swaps two tracks, each id stands with both people, one time span each.
    """

    camera_id: str
    track_id: str
    from_ms: int
    to_ms: int


class TruePresence(Struct, frozen=True, kw_only=True):
    """One time from coming in to going out. Who steps out for a moment and returns has two.

    Attributes:
        left_ms: None while the person is inside.
        entered_by: The door.
        left_by: The door; None while the person is inside.
    """

    entered_ms: int
    left_ms: int | None
    entered_by: str
    left_by: str | None


class TrueWait(Struct, frozen=True, kw_only=True):
    """A person stood in line at a till. `ended_ms` is when the turn came or patience ran out, None while waiting."""

    till_id: str
    queue_zone_id: str
    joined_ms: int
    ended_ms: int | None
    end: WaitEnd


class TruePerson(Struct, frozen=True, kw_only=True):
    """Someone who was on the floor or passed by.

    Attributes:
        person_id: Known to the ground truth alone.
        purpose: What the party came for; None for staff, passers-by and those who bring goods.
        member_id: The member that this person is, if one.
        entered_ms: When the person first came in; None for those who were never inside or work here.
        left_ms: When the person last went out; None while inside.
        presences: Each time inside, in order.
    """

    person_id: str
    role: Role
    age: Age
    party_id: str
    purpose: str | None
    member_id: str | None
    first_seen_ms: int
    last_seen_ms: int | None
    entered_ms: int | None
    left_ms: int | None
    presences: tuple[TruePresence, ...]
    crossings: tuple[TrueCrossing, ...]
    stays: tuple[TrueStay, ...]
    waits: tuple[TrueWait, ...]
    tracks: tuple[TrueTrack, ...]


class TrueTouch(Struct, frozen=True, kw_only=True):
    """Someone used a terminal or a till.

    Attributes:
        device_id: The terminal or till; with `t_ms` it names the touch.
        line_index: Which line of the device's feed this is, from 0.
        t_ms: When, as the device's own clock tells it.
        true_ms: When it was.
        receipt_id: The receipt, None for scans.
        person_id: Who made the touch.
        member_id: The member that was shown, whether or not by the member itself; None if none was.
        could_be: Who was in the zone within the rival window, the one who made the touch among them.
        one_party: Whether all of those came together.
        expected: What a linker that favours precision does: `link` where a consenting member was shown by the only
            person in the zone, `abstain` where there were more, or none.
        code: What was scanned, None for receipts.
        clock_skew_s: How far the device's clock was ahead of the true time.
        rivals_2m: How many other shoppers stood within 2 m of the terminal's spot at that instant, those of the same
            party among them.
        party_size: How many people came in the party of the one who made the touch.
    """

    device_id: str
    kind: TouchKind
    line_index: int
    t_ms: int
    true_ms: int
    zone_id: str
    receipt_id: str | None
    person_id: str
    party_id: str
    member_id: str | None
    could_be: tuple[str, ...]
    one_party: bool
    expected: Expected
    code: str | None = None
    clock_skew_s: float = 0.0
    rivals_2m: int = 0
    party_size: int = 1


class TrueFalseTrack(Struct, frozen=True, kw_only=True):
    """A camera saw somebody where nobody was."""

    camera_id: str
    track_id: str
    from_ms: int
    to_ms: int


class TrueOutage(Struct, frozen=True, kw_only=True):
    """Something was down. `device_id` is the camera, None for what is no camera."""

    what: OutageOf
    device_id: str | None
    from_ms: int
    to_ms: int


class TrueIdentity(Struct, frozen=True, kw_only=True):
    """A human being and all identifiers that are his or hers; they belong into one profile.

    Attributes:
        member_id: Known to the ground truth alone.
        household_id: Who lives together.
        identifiers: All that ever were this person's own.
        shows_too: Identifiers of others in the household that this person shows as well; never a reason to merge.
    """

    member_id: str
    household_id: str
    identifiers: tuple[Identifier, ...]
    shows_too: tuple[Identifier, ...]


class TrueCodeScan(Struct, frozen=True, kw_only=True):
    """A code of a single item was scanned, in the store or at home.

    Attributes:
        code: As scanned.
        t_ms: When.
        where: The terminal's id, or `home`.
        inner: Whether it is the code under the cap.
        genuine: Whether the item is what its code says; False for a copied code.
        first: Whether nobody had scanned this code before.
        member_id: The member that was shown, None if none was.
        told_ms: When, as the scanner's own clock tells it; None: as `t_ms`.
    """

    code: str
    t_ms: int
    where: str
    inner: bool
    genuine: bool
    first: bool
    member_id: str | None
    told_ms: int | None = None


class TrueSoldItem(Struct, frozen=True, kw_only=True):
    """A single item was sold, on a receipt that was not voided.

    Attributes:
        code: The code on the pack.
        inner_code: The code under the cap, None where there is none.
        genuine: Whether the item is what its codes say.
        sold_ms: When.
        returned_ms: When it came back, None if it did not.
    """

    code: str
    inner_code: str | None
    genuine: bool
    receipt_id: str
    sold_ms: int
    returned_ms: int | None


class TripwireTotal(Struct, frozen=True, kw_only=True):
    """How often one tripwire was crossed."""

    tripwire_id: str
    tripwire_kind: TripwireKind
    crossed_in: int
    crossed_out: int


class Totals(Struct, frozen=True, kw_only=True):
    """The truth in figures.

    Attributes:
        entered: Shoppers who came in; who steps out and returns counts once.
        left: Those of them who have gone for good, as far as that can be known.
        parties: Parties of which at least one came in.
        abandoned: Parties that left a till's line before it was their turn.
        reentries: How often a shopper came back in after going out.
    """

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
    abandoned: int = 0
    reentries: int = 0


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
    false_tracks: tuple[TrueFalseTrack, ...] = ()
    outages: tuple[TrueOutage, ...] = ()
    identities: tuple[TrueIdentity, ...] = ()
    code_scans: tuple[TrueCodeScan, ...] = ()
    sold_items: tuple[TrueSoldItem, ...] = ()
