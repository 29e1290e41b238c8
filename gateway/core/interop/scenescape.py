"""SceneScape's messages, read: tracked objects of a scene, who enters and leaves its regions, who crosses. Pure.

Below the topic prefix, `regulated/scene/{scene}`, `event/region/{scene}/{region}/objects` and
`event/tripwire/{scene}/{tripwire}/objects` are read as the SceneScape of Intel's Open Edge Platform publishes them, and
of them times, ids, positions on the floor and regions of persons alone: what else they hold (ages, embeddings, boxes,
sensors) is not even decoded.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import cos, radians, sin
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from contracts.decoding import decode_json
from contracts.errors import EventRejectedError, RejectReason
from contracts.fields import Direction
from gateway.core.interop.rules import PeerName, PeerTripwire, PeerZone, SceneRules, SceneScapeRules
from gateway.core.interop.tracks import opaque_track

MAX_BYTES = 1024 * 1024
MOST_PEOPLE = 1000
"""More people in one message are none."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)
_DECIMALS = 3

_Time = Annotated[datetime, Meta(tz=True)]
_Metres = Annotated[float, Meta(ge=-100_000, le=100_000)]
_Most = Meta(max_length=MOST_PEOPLE)


class _Inside(Struct, frozen=True):
    entered: _Time | None = None


class _Thing(Struct, frozen=True):
    id: PeerName
    category: str = ""
    type: str = ""
    confidence: Annotated[float, Meta(ge=0, le=1)] | None = None
    translation: Annotated[tuple[_Metres, ...], Meta(min_length=2, max_length=3)] | None = None
    first_seen: _Time | None = None
    regions: dict[str, _Inside] = {}
    direction: Literal[-1, 1] | None = None


class _Exit(Struct, frozen=True):
    object: _Thing


class _Regulated(Struct, frozen=True):
    timestamp: _Time
    objects: Annotated[tuple[_Thing, ...], _Most]


class _RegionEvent(Struct, frozen=True):
    timestamp: _Time
    entered: Annotated[tuple[_Thing, ...], _Most] = ()
    exited: Annotated[tuple[_Exit, ...], _Most] = ()


_REGULATED = msgspec.json.Decoder(_Regulated)
_REGION = msgspec.json.Decoder(_RegionEvent)


class Passing(Struct, frozen=True):
    """Somebody crossed a tripwire."""

    tripwire: PeerTripwire
    direction: Direction
    confidence: float


class Someone(Struct, frozen=True, kw_only=True):
    """One person in one message.

    Attributes:
        key: What SceneScape's id became: opaque, and kept no longer than the person's track.
        first_ms: When SceneScape first saw the person, where it tells.
        floor_m: Where on the store's floor the person stands, (x, y) in metres, where it tells.
        inside: The zones where the person is, with since when by their id; None: `came` and `went` tell the change.
        came: The zone that the person entered.
        went: The zone that the person left.
        passing: The tripwire that the person crossed.
    """

    key: str
    first_ms: int | None
    floor_m: tuple[float, float] | None
    inside: dict[str, tuple[PeerZone, int | None]] | None = None
    came: PeerZone | None = None
    went: PeerZone | None = None
    passing: Passing | None = None


class Look(Struct, frozen=True, kw_only=True):
    """What one message tells of a scene.

    Attributes:
        device: As which device of the store the scene reports.
        t_ms: When, SceneScape's clock, Unix milliseconds.
        people: Of whom it tells.
        is_whole: Nobody else is there.
    """

    device: str
    t_ms: int
    people: tuple[Someone, ...]
    is_whole: bool


def scene_filters(rules: SceneScapeRules) -> list[str]:
    """Return the subscription filters of all that is read."""
    return [
        f"{rules.prefix}/{name}"
        for scene in sorted(rules.scenes)
        for name in (f"regulated/scene/{scene}", f"event/region/{scene}/+/objects", f"event/tripwire/{scene}/+/objects")
    ]


def read_scene(topic: str, body: bytes, rules: SceneScapeRules) -> Look | None:
    """Return what a message tells, None where nobody asked for it.

    Raises:
        EventRejectedError: It is too large, no JSON, or no such message.
    """
    if len(body) > MAX_BYTES:
        raise EventRejectedError(RejectReason.TOO_LARGE, f"expected at most {MAX_BYTES} bytes, got {len(body)}")
    try:
        return _read(topic.removeprefix(f"{rules.prefix}/").split("/"), body, rules)
    except msgspec.ValidationError as error:
        raise EventRejectedError(RejectReason.INVALID_DATA, f"a message of SceneScape: {error}") from error
    except msgspec.DecodeError as error:
        raise EventRejectedError(RejectReason.NOT_JSON, "a message of SceneScape is no JSON") from error


def _read(levels: list[str], body: bytes, rules: SceneScapeRules) -> Look | None:
    match levels:
        case ["regulated", "scene", scene] if scene in rules.scenes:
            return _regulated(decode_json(_REGULATED, body), scene, rules)
        case ["event", "region", scene, region, "objects"] if scene in rules.scenes and region in rules.regions:
            return _region(decode_json(_REGION, body), scene, rules.regions[region], rules)
        case ["event", "tripwire", scene, wire, "objects"] if scene in rules.scenes and wire in rules.tripwires:
            return _tripwire(decode_json(_REGULATED, body), scene, rules.tripwires[wire], rules)
    return None


def _regulated(message: _Regulated, scene: str, rules: SceneScapeRules) -> Look:
    people = tuple(_someone(each, scene, rules, inside=_zones(each, rules)) for each in _persons(message.objects))
    return _look(message.timestamp, scene, rules, people, is_whole=True)


def _region(message: _RegionEvent, scene: str, zone: PeerZone, rules: SceneScapeRules) -> Look:
    people = (
        *(_someone(each, scene, rules, came=zone) for each in _persons(message.entered)),
        *(_someone(each, scene, rules, went=zone) for each in _persons(each.object for each in message.exited)),
    )
    return _look(message.timestamp, scene, rules, people)


def _tripwire(message: _Regulated, scene: str, wire: PeerTripwire, rules: SceneScapeRules) -> Look:
    people = tuple(_someone(each, scene, rules, passing=_passing(each, wire)) for each in _persons(message.objects))
    return _look(message.timestamp, scene, rules, people)


def _passing(thing: _Thing, wire: PeerTripwire) -> Passing:
    if thing.direction is None:
        detail = f"a message of SceneScape: somebody crossed {wire.id} without a direction, expected -1 or 1"
        raise EventRejectedError(RejectReason.INVALID_DATA, detail)
    direction: Direction = "in" if thing.direction == wire.in_direction else "out"
    return Passing(wire, direction, 1.0 if thing.confidence is None else round(thing.confidence, _DECIMALS))


def _persons(things: Iterable[_Thing]) -> Iterable[_Thing]:
    return (each for each in things if "person" in (each.category, each.type))


def _zones(thing: _Thing, rules: SceneScapeRules) -> dict[str, tuple[PeerZone, int | None]]:
    """Return the zones that a person's regions are, each since the first of its regions."""
    found: dict[str, tuple[PeerZone, int | None]] = {}
    for name, inside in sorted(thing.regions.items()):
        zone = rules.regions.get(name)
        if zone is None:
            continue
        since_ms = None if inside.entered is None else _ms(inside.entered)
        known = found.get(zone.id, (zone, None))[1]
        found[zone.id] = (zone, min((each for each in (known, since_ms) if each is not None), default=None))
    return found


def _someone(
    thing: _Thing,
    scene: str,
    rules: SceneScapeRules,
    *,
    inside: dict[str, tuple[PeerZone, int | None]] | None = None,
    came: PeerZone | None = None,
    went: PeerZone | None = None,
    passing: Passing | None = None,
) -> Someone:
    return Someone(
        key=opaque_track("scene", f"{scene}/{thing.id}"),
        first_ms=None if thing.first_seen is None else _ms(thing.first_seen),
        floor_m=None if thing.translation is None else _on_floor(thing.translation, rules.scenes[scene]),
        inside=inside,
        came=came,
        went=went,
        passing=passing,
    )


def _on_floor(scene_m: tuple[float, ...], rules: SceneRules) -> tuple[float, float]:
    """Return a point of a scene, its height left out, on the store's floor: turned counter-clockwise, then moved."""
    (x_m, y_m), (origin_x_m, origin_y_m), turn = scene_m[:2], rules.origin_m, radians(rules.turn_deg)
    return origin_x_m + x_m * cos(turn) - y_m * sin(turn), origin_y_m + x_m * sin(turn) + y_m * cos(turn)


def _look(
    timestamp: datetime, scene: str, rules: SceneScapeRules, people: tuple[Someone, ...], *, is_whole: bool = False
) -> Look:
    return Look(device=rules.scenes[scene].device, t_ms=_ms(timestamp), people=people, is_whole=is_whole)


def _ms(time: datetime) -> int:
    """Return Unix milliseconds.

    Raises:
        EventRejectedError: It is before 1970.
    """
    ms = (time - _EPOCH) // _MS
    if ms < 0:
        detail = f"a message of SceneScape: expected a time after 1970, got {time.isoformat()}"
        raise EventRejectedError(RejectReason.INVALID_DATA, detail)
    return ms
