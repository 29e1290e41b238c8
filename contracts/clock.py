"""How the gateway measures a device's clock: it asks, the device answers at once with its own two timestamps.

The gateway's request carries when it was sent; the answer repeats that and adds when the request came and when the
answer left, by the device's wall clock: with when the answer came these are NTP's four timestamps (RFC 5905, section
8). Both travel with QoS 0 and are never retained, since an old answer tells nothing.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from contracts.decoding import decode_message
from contracts.events import Source
from contracts.topics import build_topic

CLOCK_REQUEST_NAME = "clock-request"
CLOCK_ANSWER_NAME = "clock-answer"
CLOCK_QOS = 0

TimeUs = Annotated[int, Meta(ge=0, lt=253_402_300_800_000_000, description="Unix microseconds, UTC")]


class ClockRequest(Struct, frozen=True, kw_only=True):
    """The gateway asks what time it is.

    Attributes:
        asked_us: When, by the gateway's clock.
    """

    asked_us: TimeUs


class ClockAnswer(Struct, frozen=True, kw_only=True):
    """A device says what time it is.

    Attributes:
        asked_us: As in the request.
        received_us: When the request came, by the device's wall clock.
        sent_us: When this answer left, by the same.
        events_ahead_ms: How far the times of the device's events are ahead of its wall clock; None where they are not
            the wall clock's at all, as those of a recording.
    """

    asked_us: TimeUs
    received_us: TimeUs
    sent_us: TimeUs
    events_ahead_ms: float | None = 0.0


def clock_request_topic(device: Source) -> str:
    """Return the topic on which the gateway asks a device for the time."""
    return build_topic(device, "cmd", CLOCK_REQUEST_NAME)


def clock_answer_topic(device: Source) -> str:
    """Return the topic on which a device answers."""
    return build_topic(device, "state", CLOCK_ANSWER_NAME)


def encode_clock(message: ClockRequest | ClockAnswer) -> bytes:
    """Return a request or an answer as JSON."""
    return msgspec.json.encode(message)


def decode_clock_request(raw: bytes) -> ClockRequest:
    """Return the request that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, ClockRequest, "a request for the time")


def decode_clock_answer(raw: bytes) -> ClockAnswer:
    """Return the answer that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, ClockAnswer, "an answer with the time")
