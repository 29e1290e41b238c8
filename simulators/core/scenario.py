"""What a scenario file says: the floor, the people, the devices. Lengths: metres; money: minor units.

Unknown fields are refused. `simulators.core.check` holds what the types alone cannot say.
"""

from typing import Annotated

from msgspec import Meta, Struct, field

from contracts.payloads import Currency, Gtin, Name, TripwireKind, ZoneKind
from simulators.core.geometry import Point, Polygon

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Corners = Annotated[tuple[Point, ...], Meta(min_length=3)]
Spots = Annotated[tuple[Point, ...], Meta(min_length=1)]
HOURS_PER_DAY = 24


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a scenario."""


class Product(_Part, frozen=True, kw_only=True):
    """An item on a shelf. Items with `serialized` carry a GS1 Digital Link, the others a plain EAN-13 bar code."""

    gtin: Gtin
    name: str
    price_minor: Annotated[int, Meta(gt=0)]
    serialized: bool = False


class Shelf(_Part, frozen=True, kw_only=True):
    """A shelf: its own footprint, which nobody walks through, and the zone in which people stand before it."""

    id: Name
    category: str
    polygon: Corners
    zone_id: Name
    products: Annotated[tuple[Product, ...], Meta(min_length=1)]


class Wall(_Part, frozen=True, kw_only=True):
    """A wall, counter or pillar: a convex footprint that nobody walks through."""

    polygon: Corners


class Zone(_Part, frozen=True, kw_only=True):
    """An area of the floor that cameras report stays in."""

    id: Name
    kind: ZoneKind
    polygon: Corners


class Tripwire(_Part, frozen=True, kw_only=True):
    """A directed counting line: `in` is from its left to its right, as seen on the plan when walking along it."""

    id: Name
    kind: TripwireKind
    points: tuple[Point, Point]


class Camera(_Part, frozen=True, kw_only=True):
    """A camera that delivers tracks in floor metres, and what part of the floor it sees."""

    id: Name
    sees: Corners


class Door(_Part, frozen=True, kw_only=True):
    """The entrance. `outward` is the unit direction from the door's centre to the street."""

    centre: Point
    outward: Point
    width_m: Positive
    approach_m: Positive = 2.0


class Pavement(_Part, frozen=True, kw_only=True):
    """Where passers-by walk: along two lines between `start` and `end`, spread over `width_m`."""

    start: Point
    end: Point
    width_m: Positive


class Kiosk(_Part, frozen=True, kw_only=True):
    """A scan terminal: the zone that it stands in, where its user stands and where others wait inside the zone."""

    id: Name
    zone_id: Name
    spot: Point
    waiting_spots: Spots


class Till(_Part, frozen=True, kw_only=True):
    """A till: one customer at a time at `spot`, the others at the queue's slots, the first one nearest to the till."""

    id: Name
    zone_id: Name
    queue_zone_id: Name
    spot: Point
    queue_slots: Spots
    companions_wait_at: Point


class StaffMember(_Part, frozen=True, kw_only=True):
    """Someone who works here and moves between posts. Staff are in the store from the first moment."""

    id: Name
    posts: Spots


class Traffic(_Part, frozen=True, kw_only=True):
    """How many come. Arrivals are a Poisson process whose rate follows the local hour of the day."""

    parties_per_hour: Positive
    passers_by_per_hour: NotNegative
    by_hour: Annotated[tuple[NotNegative, ...], Meta(min_length=HOURS_PER_DAY, max_length=HOURS_PER_DAY)]
    party_size_weights: Annotated[tuple[NotNegative, ...], Meta(min_length=1, max_length=4)]


class Purposes(_Part, frozen=True, kw_only=True):
    """Weights of what people come for."""

    browse: NotNegative
    buy: NotNegative
    scan: NotNegative
    refund: NotNegative


class Behaviour(_Part, frozen=True, kw_only=True):
    """How people behave.

    Attributes:
        walking_mps: Slowest and fastest pace, m/s.
        browse_s: Shortest and longest stop at a shelf, s.
        buyers_who_scan: Share of buyers who use a scan terminal before they pay.
        wait_at_kiosk: Share of parties that wait inside the zone while another one uses the terminal; others give up.
        companions_at_till: Share of parties that stand together at the till; others send one to pay.
        members: Share of parties in which one is a member.
        show_member: Share of members who show it at a terminal or till.
        late_member: Share of those who show it late: at a later scan, or after the receipt should have been closed.
        voids: Share of sales that are voided and rung up again.
    """

    walking_mps: tuple[Positive, Positive]
    browse_s: tuple[Positive, Positive]
    buyers_who_scan: Share
    wait_at_kiosk: Share
    companions_at_till: Share
    members: Share
    show_member: Share
    late_member: Share
    voids: Share


class Members(_Part, frozen=True, kw_only=True):
    """The loyalty programme: how many members, and what share of them agreed to visit linking."""

    count: Annotated[int, Meta(ge=0, le=999_999)]
    consent: Share


class Noise(_Part, frozen=True, kw_only=True):
    """What the cameras get wrong. All zero: a perfect camera.

    Attributes:
        position_m: Standard deviation of each coordinate, m.
        missed_ticks: Share of ticks that a camera delivers no line for.
        missed_detections: Share of a track's positions that are missing from a line.
        fragments_per_min: How often a track breaks and goes on under a new id.
    """

    position_m: NotNegative = 0.0
    missed_ticks: Share = 0.0
    missed_detections: Share = 0.0
    fragments_per_min: NotNegative = 0.0


class Scenario(_Part, frozen=True, kw_only=True):
    """One store and one kind of day. Parts that a scenario file lists in the plural have singular names, as in TOML."""

    name: Name
    title: str
    currency: Currency
    tenant: Name = "demo"
    store: Name
    door: Door
    pavement: Pavement
    traffic: Traffic
    purposes: Purposes
    behaviour: Behaviour
    members: Members
    cameras: Annotated[tuple[Camera, ...], Meta(min_length=1)] = field(name="camera")
    tripwires: Annotated[tuple[Tripwire, ...], Meta(min_length=1)] = field(name="tripwire")
    zones: tuple[Zone, ...] = field(name="zone")
    shelves: Annotated[tuple[Shelf, ...], Meta(min_length=1)] = field(name="shelf")
    walls: tuple[Wall, ...] = field(name="wall", default=())
    kiosks: tuple[Kiosk, ...] = field(name="kiosk", default=())
    tills: tuple[Till, ...] = field(name="till", default=())
    staff: tuple[StaffMember, ...] = ()
    noise: Noise = Noise()
    tick_hz: Annotated[float, Meta(ge=1, le=30)] = 4.0
    utc_offset_h: Annotated[float, Meta(ge=-12, le=14)] = 0.0
    resolver: str = "https://id.shopthread.example"


def device_ids(scenario: Scenario) -> tuple[str, ...]:
    """Return the ids of all devices: cameras, scan terminals, tills."""
    cameras, kiosks, tills = scenario.cameras, scenario.kiosks, scenario.tills
    return (*(each.id for each in cameras), *(each.id for each in kiosks), *(each.id for each in tills))


def obstacles(scenario: Scenario) -> list[Polygon]:
    """Return the footprints that nobody walks through."""
    return [*(wall.polygon for wall in scenario.walls), *(shelf.polygon for shelf in scenario.shelves)]
