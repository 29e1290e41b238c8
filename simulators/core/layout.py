"""What stands in a simulated store: walls, shelves, zones, doors and devices. Lengths: metres; money: minor units."""

from typing import Annotated

from msgspec import Meta, Struct

from contracts.fields import Gtin, Name, TripwireKind, ZoneKind
from simulators.core.geometry import Point

Share = Annotated[float, Meta(ge=0, le=1)]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
Corners = Annotated[tuple[Point, ...], Meta(min_length=3)]
Spots = Annotated[tuple[Point, ...], Meta(min_length=1)]
Range = tuple[NotNegative, NotNegative]
LocalHour = Annotated[float, Meta(ge=0, le=24)]
Pixels = Annotated[int, Meta(ge=16, le=8192)]


class Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a scenario."""


class Product(Part, frozen=True, kw_only=True):
    """An item on a shelf. Items with `serialized` carry a GS1 Digital Link, the others a plain EAN-13 bar code."""

    gtin: Gtin
    name: str
    price_minor: Annotated[int, Meta(gt=0)]
    serialized: bool = False


class Shelf(Part, frozen=True, kw_only=True):
    """A shelf: its own footprint, which nobody walks through, and the zone in which people stand before it."""

    id: Name
    category: str
    polygon: Corners
    zone_id: Name
    products: Annotated[tuple[Product, ...], Meta(min_length=1)]
    height_m: Positive = 1.5


class Wall(Part, frozen=True, kw_only=True):
    """A wall, counter or pillar: a convex footprint that nobody walks through."""

    polygon: Corners
    height_m: Positive = 2.6


class Zone(Part, frozen=True, kw_only=True):
    """An area of the floor that cameras report stays in."""

    id: Name
    kind: ZoneKind
    polygon: Corners


class Tripwire(Part, frozen=True, kw_only=True):
    """A directed counting line: `in` is from its left to its right, as seen on the plan when walking along it."""

    id: Name
    kind: TripwireKind
    points: tuple[Point, Point]


class TerminalClock(Part, frozen=True, kw_only=True):
    """How a device's clock goes wrong: `offset_s` ahead at the start of a run, then `drift_ppm` microseconds a second.

    What a device says bears its own clock's time; the ground truth knows both.
    """

    offset_s: Annotated[float, Meta(ge=-86_400, le=86_400)] = 0.0
    drift_ppm: Annotated[float, Meta(ge=-100_000, le=100_000)] = 0.0


class Camera(Part, frozen=True, kw_only=True):
    """A camera that delivers tracks in floor metres: where it hangs, where it looks, and through what lens.

    Attributes:
        position: The point of the floor that it hangs over.
        height_m: How high above it.
        looks_at: The point of the floor in the middle of its picture.
        horizontal_fov_deg: Width of its picture as an angle.
        frame_px: Width and height of its picture.
        distortion_k1: First radial term of the Brown-Conrady lens model; negative for barrel distortion.
        range_m: How far from `position` along the floor people are still found.
        sees: The part of the floor that it reports on; without it, all that its picture shows within its range.
    """

    id: Name
    position: Point
    height_m: Positive
    looks_at: Point
    horizontal_fov_deg: Annotated[float, Meta(gt=10, lt=150)] = 90.0
    frame_px: tuple[Pixels, Pixels] = (640, 480)
    distortion_k1: Annotated[float, Meta(ge=-0.5, le=0.5)] = 0.0
    range_m: Positive = 15.0
    sees: Corners | None = None
    clock: TerminalClock = TerminalClock()


class Door(Part, frozen=True, kw_only=True):
    """A way in or out. `outward` is the unit direction to the street.

    Attributes:
        weight: How many come in this way, against other doors; 0: nobody does.
        leave_weight: How many shoppers go out this way, against other doors; 0: nobody does.
    """

    id: Name
    centre: Point
    outward: Point
    width_m: Positive
    approach_m: Positive = 2.0
    weight: NotNegative = 1.0
    leave_weight: NotNegative = 1.0


class Pavement(Part, frozen=True, kw_only=True):
    """Where passers-by walk: along two lines between `start` and `end`, spread over `width_m`."""

    start: Point
    end: Point
    width_m: Positive


class Kiosk(Part, frozen=True, kw_only=True):
    """A scan terminal: the zone that it stands in, where its user stands and where others wait inside the zone."""

    id: Name
    zone_id: Name
    spot: Point
    waiting_spots: Spots
    clock: TerminalClock = TerminalClock()


class Till(Part, frozen=True, kw_only=True):
    """A till: one customer at a time at `spot`, the others at the queue's slots, the first one nearest to the till.

    Attributes:
        opens_at: The till opens when so many parties stand in each line of the open ones; 0: it is always open.
    """

    id: Name
    zone_id: Name
    queue_zone_id: Name
    spot: Point
    queue_slots: Spots
    companions_wait_at: Point
    opens_at: Annotated[int, Meta(ge=0)] = 0
    clock: TerminalClock = TerminalClock()


class FittingRoom(Part, frozen=True, kw_only=True):
    """Cabins in one zone of kind `fitting_room`, one person in each; others wait outside at `waiting_spots`."""

    id: Name
    zone_id: Name
    cabins: Spots
    waiting_spots: Spots


class StaffMember(Part, frozen=True, kw_only=True):
    """Someone who works here and moves between posts.

    Attributes:
        posts: Where this person works.
        shift: Local hours between which he or she is here, before or past midnight; [0, 24]: always.
        door_id: The door by which he or she comes and goes; None: is there from the shift's first moment.
        break_spot: Where breaks are taken, in a zone of kind `staff`; None: there are none.
    """

    id: Name
    posts: Spots
    shift: tuple[LocalHour, LocalHour] = (0.0, 24.0)
    door_id: Name | None = None
    break_spot: Point | None = None


class Delivery(Part, frozen=True, kw_only=True):
    """People who bring goods: through a door to a spot and out again, `per_day` times within local `hours`."""

    door_id: Name
    spot: Point
    per_day: NotNegative
    hours: tuple[LocalHour, LocalHour] = (6.0, 11.0)
    stays_s: Range = (60.0, 300.0)
