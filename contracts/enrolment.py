"""How a device gets its credentials: it posts a one-time code to the gateway, once, and is told who it is."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from contracts.decoding import decode_message

ENROL_PATH = "/v1/enrol"

DeviceKind = Literal["camera", "terminal", "pos"]


class EnrolmentRequest(Struct, frozen=True, kw_only=True):
    """A device shows its code."""

    code: Annotated[str, Meta(max_length=64)]


class Enrolment(Struct, frozen=True, kw_only=True):
    """What the device is from now on. Its text form leaves the password out, so that no log holds it.

    Attributes:
        tenant: The brand or retailer.
        store: The store.
        device: The device's id, and its user name at the broker.
        kind: What it is.
        password: Its password at the broker.
        broker_port: The broker's TCP port.
        broker_host: The broker's name or address; None: the gateway's own.
        ca_pem: The authority to trust for TLS; None: the connection is plain.
    """

    tenant: str
    store: str
    device: str
    kind: DeviceKind
    password: str
    broker_port: int
    broker_host: str | None = None
    ca_pem: str | None = None

    def __repr__(self) -> str:
        """Return the enrolment without its password."""
        return f"Enrolment({self.tenant!r}, {self.store!r}, {self.device!r}, {self.kind!r})"


def encode_enrolment(message: EnrolmentRequest | Enrolment) -> bytes:
    """Return a request or its answer as JSON."""
    return msgspec.json.encode(message)


def decode_enrolment_request(raw: bytes) -> EnrolmentRequest:
    """Return the request that `raw` holds.

    Raises:
        ContractError: It holds none; the message does not repeat what came.
    """
    return decode_message(raw, EnrolmentRequest, "an enrolment code", is_quoted=False)


def decode_enrolment(raw: bytes) -> Enrolment:
    """Return the answer that `raw` holds.

    Raises:
        ContractError: It holds none; the message does not repeat what came.
    """
    return decode_message(raw, Enrolment, "an enrolment", is_quoted=False)
