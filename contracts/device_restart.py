"""The gateway makes a device start again. It is sent once, to a device that is there, and never retained."""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from contracts.decoding import decode_message
from contracts.events import Source
from contracts.topics import build_topic

RESTART_NAME = "restart"


class RestartRequest(Struct, frozen=True, kw_only=True):
    """A device is to start again.

    Attributes:
        reason: For its log.
    """

    reason: Annotated[str, Meta(max_length=256)]


def restart_topic(device: Source) -> str:
    """Return the topic on which a device is told to start again."""
    return build_topic(device, "cmd", RESTART_NAME)


def encode_restart(request: RestartRequest) -> bytes:
    """Return the request as JSON."""
    return msgspec.json.encode(request)


def decode_restart(raw: bytes) -> RestartRequest:
    """Return the request that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, RestartRequest, "a request to restart")
