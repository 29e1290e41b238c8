"""What a camera's configuration file may say: its source, its model, its tripwires, zones and floor."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct, field

from contracts.fields import Name, TripwireKind, ZoneKind
from edge.camera_staff import HoursSettings, StaffSettings
from edge.config import BrokerSettings, DeviceSettings
from edge.core.figures import FigureRules
from edge.core.parties import PartyRules
from edge.core.tripwire import CrossingRule
from models.registry import DEFAULT_DETECTOR, DEFAULT_EMBEDDER

Plane: TypeAlias = Literal["image", "floor"]
Point: TypeAlias = tuple[float, float]
Positive = Annotated[float, Meta(gt=0)]
NotNegative = Annotated[float, Meta(ge=0)]
TileCount = Annotated[int, Meta(ge=1, le=4)]
Pixels = Annotated[int, Meta(ge=16, le=16384)]
Side = Annotated[int, Meta(ge=32, le=4096)]


class CameraSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where pictures come from and how they are used.

    Attributes:
        source: `file:PATH`, `usb:INDEX`, an address such as `rtsp://host/stream`, or `tracks:PATH`:
            JSON lines of a camera that follows people by itself. A relative path is taken from the
            configuration file's folder.
        plane: What tripwires and zones are drawn in: `image` (frame pixels, y down) or `floor` (metres).
        realtime: Play a file no faster than it was recorded.
        loop: Begin a file again at its end.
        follow: Wait for more at the end of `tracks:PATH`.
        start: When the first frame of a file was taken, with an offset from UTC. Without it, now.
        input_size: Width and height in pixels that the model sees, multiples of 32. Larger finds people farther
            away and takes longer.
        tiles: Columns and rows of overlapping tiles, each of which the model sees in `input_size`, and the whole
            picture beside them. It finds small people and takes so many times longer. `shopthread edge tune` tells.
        picture_size: Width and height in pixels of the picture in which masks, tripwires, zones and floor points were
            drawn. Without it, those of the first picture. A picture of another size and the same shape is scaled; one
            of another shape is refused, since everything would lie elsewhere.
        model: A detector that `shopthread models list` shows.
        embedder: The model that knows people again, where `reentry_s` asks for it.
        reentry_s: Who leaves and comes back to this camera within so many seconds is told as the same person:
            both segments carry one re-entry hint. 0: nobody is known again, and no signature is made.
        signatures: Send the gateway appearance signatures under its secret of the day, so that it can join what several
            cameras see; the gateway hands the secret out only where it joins. They are never written down, and nothing
            of them leaves the store.
        max_fps: Look at no more frames a second.
        frozen_s: A picture of which no bit changes for so many seconds is frozen, 0: never. It must be longer than the
            camera's interval between key frames. Without it 30 for a camera, never for a file.
        watch_config: Read this file again when it changes: other tripwires and zones come into force at once. On the
            signal SIGHUP that happens always.
        min_age_s: Who is seen for less time is nobody.
        lost_after_s: Who is not seen for longer has left.
        update_s: Seconds between updates of a visit.
        occupancy_s: Seconds between samples of the zones' occupancy.
        coverage_s: Length of the intervals of which coverage is told, seconds.
        heat: Tell with each interval of coverage how long people stood in each square of the floor, where the floor
            is known.
        heat_cell_m: Side of a square, metres.
    """

    source: str
    plane: Plane = "image"
    realtime: bool = False
    loop: bool = False
    follow: bool = False
    start: Annotated[datetime, Meta(tz=True)] | None = None
    input_size: tuple[Side, Side] = (320, 256)
    tiles: tuple[TileCount, TileCount] = (1, 1)
    picture_size: tuple[Pixels, Pixels] | None = None
    model: str = DEFAULT_DETECTOR
    embedder: str = DEFAULT_EMBEDDER
    reentry_s: NotNegative = 0.0
    signatures: bool = False
    max_fps: Positive | None = None
    frozen_s: NotNegative | None = None
    watch_config: bool = False
    min_age_s: NotNegative = 0.3
    lost_after_s: Positive = 2.0
    update_s: Positive = 5.0
    occupancy_s: Annotated[float, Meta(ge=1)] = 10.0
    coverage_s: Annotated[float, Meta(ge=1)] = 60.0
    heat: bool = True
    heat_cell_m: Annotated[float, Meta(ge=0.1, le=100)] = 0.5


class TripwireSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A directed counting line.

    Attributes:
        id: Its name.
        kind: `entrance` (who enters), `passby` (who passes outside) or `internal`.
        points: Two or more. Who goes from the left to the right of the line as it runs from the first to the last,
            as seen on a screen with y down, goes in.
        band: Half the width of the band around the line in which nobody is on either side: pixels or metres.
            Without it 8 pixels or 0.15 metres.
        settle_s: Who turns round sooner has not passed.
        rule: What decides. `crossing-1` counts as it did before there were the three keys that follow, and does not
            use them; so an old series stays comparable.
        least_before_s: Who was seen for less time before the line does not count. Without it 0.3, or 0 where
            `camera.source` is `tracks:PATH`: such a camera has looked for itself.
        least_after_s: Nor who was seen for less time after it; the same without it.
        relay: A track that begins no farther than this from where another was lost at the line goes on as that one:
            pixels or metres. Without it five bands.
    """

    id: Name
    kind: TripwireKind = "entrance"
    points: Annotated[tuple[Point, ...], Meta(min_length=2)]
    band: NotNegative | None = None
    settle_s: NotNegative = 1.0
    rule: CrossingRule = "crossing-2"
    least_before_s: NotNegative | None = None
    least_after_s: NotNegative | None = None
    relay: NotNegative | None = None


class ZoneSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A polygon with a meaning.

    Attributes:
        id: Its name.
        kind: What happens there.
        points: Its corners, three or more.
        band: A stay ends only farther outside than this: pixels or metres. Without it 8 pixels or 0.15 metres.
        min_stay_s: Shorter stays are not told.
        serves: Of a queue: the checkout zones that the line leads to, by their ids. Without it all of this camera's.
        join_after_s: Of a queue: who stands still in it for less time has not joined. Without it 5.
        join_within_m: Of a queue: standing still is staying within this distance of one place, metres on the floor.
            Without it 1; not used where the floor is not known.
        served_within_s: Of a queue: who is in a checkout zone within this time of leaving the queue was served.
            Without it 15.
        resume_within_s: Of a queue: who is lost from sight in it, and appears as another track within this time and
            within `join_within_m`, is the same person. Without it 10; not used where the floor is not known.
    """

    id: Name
    kind: ZoneKind
    points: Annotated[tuple[Point, ...], Meta(min_length=3)]
    band: NotNegative | None = None
    min_stay_s: NotNegative = 1.0
    serves: tuple[Name, ...] | None = None
    join_after_s: NotNegative | None = None
    join_within_m: Positive | None = None
    served_within_s: NotNegative | None = None
    resume_within_s: NotNegative | None = None


class MaskSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the picture that nobody may see: it is black before anything looks at the picture.

    Attributes:
        points: Its corners, three or more, always in frame pixels.
    """

    points: Annotated[tuple[Point, ...], Meta(min_length=3)]


class LensSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the lens bends straight lines: coefficients, or lines that are straight in the world.

    Attributes:
        k1: First radial coefficient (Brown and Conrady, as in OpenCV); negative where lines bulge outward.
        k2: Second radial coefficient.
        focal_px: Focal length, pixels, that the coefficients refer to; without it half of the picture's diagonal.
        centre_px: Where the lens's axis meets the picture; without it the picture's middle.
        lines: Lines that are straight in the world, each three or more points in the picture: k1 follows from them.
    """

    k1: float | None = None
    k2: float = 0.0
    focal_px: Positive | None = None
    centre_px: Point | None = None
    lines: tuple[Annotated[tuple[Point, ...], Meta(min_length=3)], ...] = ()


class FloorSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where points of the picture lie on the floor.

    Attributes:
        image_px: Four or more points in the picture, no three on a line.
        floor_m: The same points on the floor, in the same order.
        error_m: Standard error of each coordinate of positions that follow from them; without it, it is worked out
            from the points.
        camera_m: Where the camera hangs: x and y on the floor, in the same metres, and its height. With it heights of
            people are known.
    """

    image_px: Annotated[tuple[Point, ...], Meta(min_length=4)]
    floor_m: Annotated[tuple[Point, ...], Meta(min_length=4)]
    error_m: NotNegative | None = None
    camera_m: tuple[float, float, Positive] | None = None


class CameraConfig(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole configuration of a camera."""

    device: DeviceSettings
    camera: CameraSettings
    tripwires: tuple[TripwireSettings, ...] = field(default=(), name="tripwire")
    zones: tuple[ZoneSettings, ...] = field(default=(), name="zone")
    masks: tuple[MaskSettings, ...] = field(default=(), name="mask")
    lens: LensSettings | None = None
    floor: FloorSettings | None = None
    parties: PartyRules = PartyRules()
    figures: FigureRules = FigureRules()
    staff: StaffSettings = StaffSettings()
    store_hours: HoursSettings | None = None
    broker: BrokerSettings = BrokerSettings()
