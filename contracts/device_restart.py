"""The gateway makes a device start again, and the device says that it did.

A request is sent to a device that is there, and never retained. It has a name of its own: a device obeys it once,
however often it comes, and says that name once it has started after it.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from contracts.decoding import decode_message
from contracts.events import Source
from contracts.patterns import END
from contracts.topics import build_topic

RESTART_NAME, RESTARTED_NAME = "restart", "restarted"

RequestId = Annotated[str, Meta(pattern=r"^[a-z0-9]{0,64}" + END)]


class RestartRequest(Struct, frozen=True, kw_only=True):
    """A device is to start again.

    Attributes:
        reason: For its log.
        request_id: Tells the request from others; "" where the gateway waits for no answer.
    """

    reason: Annotated[str, Meta(max_length=256)]
    request_id: RequestId = ""


class Restarted(Struct, frozen=True, kw_only=True):
    """A device has started.

    Attributes:
        request_id: The last request that it had taken before, "" where there was none.
        started_ms: When it did, by its own clock, Unix milliseconds.
    """

    request_id: RequestId
    started_ms: int


def restart_topic(device: Source) -> str:
    """Return the topic on which a device is told to start again."""
    return build_topic(device, "cmd", RESTART_NAME)


def restarted_topic(device: Source) -> str:
    """Return the topic on which a device says that it has started."""
    return build_topic(device, "state", RESTARTED_NAME)


def encode_restart(message: RestartRequest | Restarted) -> bytes:
    """Return a message as JSON."""
    return msgspec.json.encode(message)


def decode_restart(raw: bytes) -> RestartRequest:
    """Return the request that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, RestartRequest, "a request to restart")


def decode_restarted(raw: bytes) -> Restarted:
    """Return the report that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, Restarted, "a report of a start")
