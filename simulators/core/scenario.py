"""What a scenario file says: the store, the people, what goes wrong. Lengths: metres; money: minor units.

Unknown fields are refused. `simulators.core.check` holds what the types alone cannot say.
"""

from typing import Annotated, Literal

from msgspec import Meta, field

from contracts.fields import Currency, Name
from simulators.core.geometry import Polygon
from simulators.core.layout import (
    Camera,
    Delivery,
    Door,
    FittingRoom,
    Kiosk,
    LocalHour,
    NotNegative,
    Part,
    Pavement,
    Positive,
    Range,
    Share,
    Shelf,
    StaffMember,
    Till,
    Tripwire,
    Wall,
    Zone,
)

HOURS_PER_DAY = 24
DAYS_PER_WEEK = 7
MONTHS_PER_YEAR = 12


class Traffic(Part, frozen=True, kw_only=True):
    """How many come. Arrivals are a Poisson process whose rate follows the local hour and the day of the week.

    Attributes:
        parties_per_hour: Parties that come in an hour of weight 1 on a day of weight 1.
        passers_by_per_hour: The same for passers-by, who never come in.
        by_hour: Weight of each local hour of the day.
        by_weekday: Weight of each local day, Monday first.
        opens: Local hours between which parties come; passers-by always do.
        party_size_weights: How frequent parties of one, two, three ... are.
        families: Share of the parties of two and more whose later half are children.
        strangers_beside: Share of parties whom a stranger walks beside to the first shelf, a party of his or her own.
    """

    parties_per_hour: Positive
    passers_by_per_hour: NotNegative
    by_hour: Annotated[tuple[NotNegative, ...], Meta(min_length=HOURS_PER_DAY, max_length=HOURS_PER_DAY)]
    by_weekday: Annotated[tuple[NotNegative, ...], Meta(min_length=DAYS_PER_WEEK, max_length=DAYS_PER_WEEK)] = (
        1.0,
    ) * 7
    opens: tuple[LocalHour, LocalHour] = (0.0, 24.0)
    party_size_weights: Annotated[tuple[NotNegative, ...], Meta(min_length=1, max_length=6)]
    families: Share = 0.0
    strangers_beside: Share = 0.0


class Purposes(Part, frozen=True, kw_only=True):
    """Weights of what people come for."""

    browse: NotNegative
    buy: NotNegative
    scan: NotNegative
    refund: NotNegative
    try_on: NotNegative = 0.0


class Behaviour(Part, frozen=True, kw_only=True):
    """How people behave.

    Attributes:
        walking_mps: Slowest and fastest pace, m/s.
        browse_s: Shortest and longest stop at a shelf, s.
        try_on_s: Shortest and longest time in a fitting room's cabin, s.
        buys_what_was_tried: Share of those who try something on and then buy.
        buyers_who_scan: Share of buyers who use a scan terminal before they pay.
        wait_at_kiosk: Share of parties that wait inside the zone while another one uses the terminal; others give up.
        companions_at_till: Share of parties that stand together at the till; others send one to pay.
        patience_s: Shortest and longest time that a party stands in line before it gives up and leaves the goods.
        members: Share of parties in which one is a member.
        show_member: Share of members who show it at a terminal or till.
        late_member: Share of those who show it late: at a later scan, or after the receipt should have been closed.
        voids: Share of sales that are voided and rung up again.
        turn_in_door: Share of parties that turn round just inside the door, or in it, and leave.
        reenter: Share of parties of which one goes out and comes back in.
        reenter_after_s: Shortest and longest time that such a person stays outside, s.
    """

    walking_mps: tuple[Positive, Positive]
    browse_s: tuple[Positive, Positive]
    try_on_s: Range = (60.0, 300.0)
    buys_what_was_tried: Share = 0.5
    buyers_who_scan: Share
    wait_at_kiosk: Share
    companions_at_till: Share
    patience_s: Range = (3600.0, 3600.0)
    members: Share
    show_member: Share
    late_member: Share
    voids: Share
    turn_in_door: Share = 0.0
    reenter: Share = 0.0
    reenter_after_s: Range = (20.0, 240.0)


class Members(Part, frozen=True, kw_only=True):
    """The loyalty programme.

    Attributes:
        count: How many people are members.
        consent: Share of them who agreed to visit linking.
        phones: Share who gave a phone number.
        cards: Share who carry a card.
        openids: Share who signed up in a messenger, which knows them by an openid.
        shared_cards: Share of the cards that a second member of the household shows as well.
        lost_phones: Share of the phones that get a new number in the course of a year.
        twice: Share of members who signed up twice, under two member numbers that one phone or card joins.
    """

    count: Annotated[int, Meta(ge=0, le=999_999)]
    consent: Share
    phones: Share = 0.6
    cards: Share = 0.5
    openids: Share = 0.0
    shared_cards: Share = 0.0
    lost_phones: Share = 0.0
    twice: Share = 0.0


class Codes(Part, frozen=True, kw_only=True):
    """What happens to the codes of serialized items: the outer one on the pack, the inner one under the cap.

    Attributes:
        under_cap: Share of serialized items with an inner code.
        scanned_at_home: Share of sold inner codes that the buyer scans at home.
        home_after_s: Shortest and longest time between the sale and that scan, s.
        scanned_again: Share of scans at home that somebody repeats later.
        counterfeits: Share of serialized items whose code is a copy of another item's.
    """

    under_cap: Share = 0.0
    scanned_at_home: Share = 0.0
    home_after_s: Range = (1800.0, 86_400.0)
    scanned_again: Share = 0.0
    counterfeits: Share = 0.0


class Noise(Part, frozen=True, kw_only=True):
    """What the cameras get wrong. All zero: a perfect camera.

    Attributes:
        position_m: Standard deviation of each coordinate, m.
        missed_ticks: Share of ticks that a camera delivers no line for.
        missed_detections: Share of a track's positions that are missing from a line.
        fragments_per_min: How often a track breaks and goes on under a new id.
        switches_per_min: How often two tracks nearer to each other than 0.8 m change places, per minute of nearness.
        false_tracks_per_min: How often a camera sees somebody where nobody is.
        false_track_s: Shortest and longest life of such a track, s.
        occlusion: Whether shelves, walls and people nearer to the camera hide others.
        lost_after_s: How long somebody may be hidden and keep the track; who reappears later gets a new one.
        signature_sd: Standard deviation of an appearance signature about the person's own, against the spread of all.
        signature_camera_sd: The same for what each camera's light and colours add for everyone that it sees.
    """

    position_m: NotNegative = 0.0
    missed_ticks: Share = 0.0
    missed_detections: Share = 0.0
    fragments_per_min: NotNegative = 0.0
    switches_per_min: NotNegative = 0.0
    false_tracks_per_min: NotNegative = 0.0
    false_track_s: Range = (1.0, 4.0)
    occlusion: bool = False
    lost_after_s: NotNegative = 1.0
    signature_sd: NotNegative = 0.0
    signature_camera_sd: NotNegative = 0.0


class Messages(Part, frozen=True, kw_only=True):
    """What goes wrong with messages between a device and the one that takes them.

    Attributes:
        late: Share of messages that arrive late.
        late_s: Shortest and longest delay of those, s.
        duplicated: Share of messages that arrive twice.
        reordered: Share of messages that change places with the next one.
    """

    late: Share = 0.0
    late_s: Range = (1.0, 60.0)
    duplicated: Share = 0.0
    reordered: Share = 0.0


class Outages(Part, frozen=True, kw_only=True):
    """How often something is down, and for how long: `per_day` times on average, each `lasts_s` seconds.

    Attributes:
        what: A camera that sees nothing; the broker or gateway of the store; the store's line to the cloud.
        device_id: Which camera; None for each of them by itself, and for what is no camera.
    """

    what: Literal["camera", "broker", "gateway", "wan"]
    device_id: Name | None = None
    per_day: NotNegative
    lasts_s: Range


class Year(Part, frozen=True, kw_only=True):
    """What only a whole year shows: seasons, and customers who come back. Used where whole visits are drawn.

    Attributes:
        by_month: Weight of each month, January first, on the traffic.
        closed_on: Days of every year on which the store is shut, as MM-DD.
        return_days: Mean time between two visits of one member who goes on coming, over those who join, days.
        return_shape: How much members differ in that: their visit rates are gamma distributed with this shape. The
            smaller it is, the more some are there all the time and others hardly ever.
        lapses: Share of members' visits after which the member never comes again; as many join.
        store_spread: Standard deviation of the logarithm of a store's traffic, where several stores are simulated.
    """

    by_month: Annotated[tuple[NotNegative, ...], Meta(min_length=MONTHS_PER_YEAR, max_length=MONTHS_PER_YEAR)] = (
        1.0,
    ) * MONTHS_PER_YEAR
    closed_on: tuple[Annotated[str, Meta(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")], ...] = ()
    return_days: Annotated[float, Meta(gt=0, le=3650)] = 30.0
    return_shape: Annotated[float, Meta(gt=1)] = 3.0
    lapses: Annotated[float, Meta(ge=0, le=0.9)] = 0.05
    store_spread: Annotated[float, Meta(ge=0, le=2)] = 0.0


class Scenario(Part, frozen=True, kw_only=True):
    """One store and its kind of week. Parts that come in the plural have singular names, as is the custom in TOML."""

    name: Name
    title: str
    currency: Currency
    tenant: Name = "demo"
    store: Name
    doors: Annotated[tuple[Door, ...], Meta(min_length=1)] = field(name="door")
    pavements: tuple[Pavement, ...] = field(name="pavement", default=())
    traffic: Traffic
    purposes: Purposes
    behaviour: Behaviour
    members: Members
    codes: Codes = Codes()
    cameras: Annotated[tuple[Camera, ...], Meta(min_length=1)] = field(name="camera")
    tripwires: Annotated[tuple[Tripwire, ...], Meta(min_length=1)] = field(name="tripwire")
    zones: tuple[Zone, ...] = field(name="zone")
    shelves: Annotated[tuple[Shelf, ...], Meta(min_length=1)] = field(name="shelf")
    walls: tuple[Wall, ...] = field(name="wall", default=())
    kiosks: tuple[Kiosk, ...] = field(name="kiosk", default=())
    tills: tuple[Till, ...] = field(name="till", default=())
    fitting_rooms: tuple[FittingRoom, ...] = field(name="fitting_room", default=())
    staff: tuple[StaffMember, ...] = ()
    delivery: Delivery | None = None
    noise: Noise = Noise()
    messages: Messages = Messages()
    outages: tuple[Outages, ...] = field(name="outage", default=())
    year: Year = Year()
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
