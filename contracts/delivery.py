"""How events get from hop to hop: acknowledgements over MQTT, batches over HTTP.

Device to gateway: each MQTT message carries the user properties `epoch`, `sequence` and `oldest`. An epoch is one life
of a device's outbox; within it, sequence numbers are gapless from 1. `oldest` is the lowest number that the device
still holds: what lies below it was acknowledged once, even if this gateway does not remember. The gateway publishes an
`Acknowledgement` after its commit; only that lets the device drop its rows. A broker's PUBACK does not.

Gateway to cloud: newline-delimited events, compressed with zstandard, answered by an `IngestReceipt` after the cloud's
commit; only that lets the gateway mark its rows as delivered. Rejected events are named, with their reasons.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from contracts.decoding import decode_message
from contracts.errors import EventRejectedError, PrivacyError, RejectReason
from contracts.events import SEQUENCE_DIGITS, check_uplink
from contracts.patterns import END
from contracts.topics import check_name

EPOCH_PROPERTY = "epoch"
SEQUENCE_PROPERTY = "sequence"
OLDEST_PROPERTY = "oldest"
EVENT_MEDIA_TYPE = "application/cloudevents+json"
BATCH_MEDIA_TYPE = "application/x-ndjson"
INGEST_PATH = "/v1/events"
MAX_BATCH_BYTES = 16 * 1024 * 1024

MAX_SEQUENCE = 10**SEQUENCE_DIGITS - 1

Epoch = Annotated[str, Meta(pattern=r"^[a-z0-9-]{1,64}" + END)]


class Acknowledgement(Struct, frozen=True, kw_only=True):
    """The gateway holds, durably, every event of `epoch` up to and including number `through`."""

    epoch: Epoch
    through: Annotated[int, Meta(ge=0, le=MAX_SEQUENCE)]


class Presence(Struct, frozen=True, kw_only=True):
    """Whether a device is connected. The broker publishes the offline form as the device's last will."""

    online: bool
    kind: Literal["camera", "terminal", "pos", "gateway"]
    software_version: str


class Rejection(Struct, frozen=True, kw_only=True):
    """One event of a batch that the cloud refused: it is kept there as a dead letter."""

    line: Annotated[int, Meta(ge=1)]
    reason: RejectReason
    detail: str
    event_id: str | None = None


class IngestReceipt(Struct, frozen=True, kw_only=True):
    """What became of a batch, in counts that add up to its lines."""

    received: int
    inserted: int
    duplicate: int
    rejected: int
    rejections: tuple[Rejection, ...] = ()


def encode_message(message: Acknowledgement | Presence | IngestReceipt) -> bytes:
    """Return a control message as JSON."""
    return msgspec.json.encode(message)


def decode_acknowledgement(raw: bytes) -> Acknowledgement:
    """Return the acknowledgement that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, Acknowledgement, "an acknowledgement")


def decode_presence(raw: bytes) -> Presence:
    """Return the presence that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, Presence, "a device's presence")


def decode_receipt(raw: bytes) -> IngestReceipt:
    """Return the ingest receipt that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, IngestReceipt, "an ingest receipt")


def join_batch(events: list[bytes]) -> bytes:
    """Return encoded events as the body of an uplink request, each known to be allowed to leave the store.

    Raises:
        PrivacyError: One of them is store-local or unreadable; nothing is sent.
    """
    for raw in events:
        try:
            check_uplink(raw)
        except EventRejectedError as error:
            msg = f"refused to put an event into the uplink: {error}"
            raise PrivacyError(msg) from error
    return b"\n".join(events)


def split_batch(body: bytes) -> list[bytes]:
    """Return the events of a batch body, without empty lines."""
    return [line for line in body.split(b"\n") if line.strip()]


def check_epoch(value: str) -> str:
    """Return `value`, known to be fit as an epoch.

    Raises:
        TopicError: It is not.
    """
    return check_name("epoch", value)
