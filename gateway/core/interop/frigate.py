"""Frigate's messages on `frigate/events`, read. Pure.

Only times, the camera and zones are read: names, faces, plates, snapshots and boxes of a message are not even decoded.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from contracts.decoding import decode_json
from contracts.errors import EventRejectedError, RejectReason
from gateway.core.interop.rules import FrigateRules, PeerName
from gateway.core.interop.tracks import Observation, opaque_track

RULE_VERSION = "frigate-1"
MAX_BYTES = 64 * 1024

_Second = Annotated[float, Meta(ge=0, lt=253_402_300_800)]


class _Seen(Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=128)]
    camera: PeerName
    label: Annotated[str, Meta(max_length=128)]
    start_time: _Second
    frame_time: _Second
    end_time: _Second | None = None
    false_positive: bool = False
    current_zones: Annotated[tuple[PeerName, ...], Meta(max_length=64)] = ()


class _Message(Struct, frozen=True):
    type: str
    after: _Seen


_DECODER = msgspec.json.Decoder(_Message)


def read_frigate(body: bytes, rules: FrigateRules) -> Observation | None:
    """Return whom a message is about, None where that is nobody who is asked for.

    Raises:
        EventRejectedError: It is too large, no JSON, or no such message.
    """
    if len(body) > MAX_BYTES:
        raise EventRejectedError(RejectReason.TOO_LARGE, f"expected at most {MAX_BYTES} bytes, got {len(body)}")
    try:
        message = decode_json(_DECODER, body)
    except msgspec.ValidationError as error:
        raise EventRejectedError(RejectReason.INVALID_DATA, f"a message of Frigate: {error}") from error
    except msgspec.DecodeError as error:
        raise EventRejectedError(RejectReason.NOT_JSON, "a message of Frigate is no JSON") from error
    return _observation(message, rules)


def _observation(message: _Message, rules: FrigateRules) -> Observation | None:
    seen = message.after
    device = rules.cameras.get(seen.camera)
    if device is None or seen.label != "person" or seen.false_positive:
        return None
    is_last = message.type == "end" or seen.end_time is not None
    opened_ms, seen_ms = _ms(seen.start_time), _ms(seen.frame_time if seen.end_time is None else seen.end_time)
    if seen_ms < opened_ms:
        detail = f"a person seen from {seen.start_time} on was last seen before, {opened_ms - seen_ms} ms"
        raise EventRejectedError(RejectReason.INVALID_DATA, detail)
    zones = {rules.zones[name].id: rules.zones[name] for name in seen.current_zones if name in rules.zones}
    return Observation(
        device=device,
        track=opaque_track("frigate", f"{seen.camera}/{seen.id}"),
        opened_ms=opened_ms,
        seen_ms=seen_ms,
        zones=() if is_last else tuple(zones[name] for name in sorted(zones)),
        is_last=is_last,
    )


def _ms(second: float) -> int:
    return round(second * 1000)
