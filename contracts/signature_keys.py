"""The day's secret under which a store's cameras turn appearance signatures, on its way from gateway to device.

A device asks on channel `local`, the gateway answers on the device's channel `cmd`. Both are sent with QoS 0 and never
retained: a broker writes to disk what it keeps for somebody who is away, and this key must lie on no disk. What is lost
is asked for again.
"""

from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from contracts.decoding import decode_message
from contracts.events import Source
from contracts.fields import TimeMs
from contracts.patterns import END
from contracts.topics import build_topic

SECRET_BYTES = 32
KEY_NAME = "signature-key"
KEY_REQUEST_NAME = "signature-key-request"
STORE_LOCAL_QOS = 0
"""With QoS 0 a broker queues nothing for who is away, and so writes nothing of it to disk."""

KeyId = Annotated[str, Meta(pattern=r"^[a-z0-9]{1,32}" + END)]


class SignatureKeyRequest(Struct, frozen=True, kw_only=True):
    """A device asks for the day's key.

    Attributes:
        software_version: Of the device, for the gateway's log.
    """

    software_version: Annotated[str, Meta(max_length=64)]


class SignatureKey(Struct, frozen=True, kw_only=True):
    """The key of a store's day. Its text form leaves the secret out, so that no log holds it.

    Attributes:
        key_id: Its name.
        secret: What the day's rotation follows from.
        valid_from_ms: Since when it holds.
        valid_until_ms: When it must be forgotten: the store's closing hour, a day later at most.
    """

    key_id: KeyId
    secret: Annotated[bytes, Meta(min_length=SECRET_BYTES, max_length=SECRET_BYTES)]
    valid_from_ms: TimeMs
    valid_until_ms: TimeMs

    def __repr__(self) -> str:
        """Return the key without its secret."""
        return f"SignatureKey({self.key_id!r}, valid_until_ms={self.valid_until_ms})"

    def is_valid(self, now_ms: int) -> bool:
        """Return whether the key may be used at a time."""
        return now_ms < self.valid_until_ms


def key_topic(device: Source) -> str:
    """Return the topic on which the gateway hands a device the day's key."""
    return build_topic(device, "cmd", KEY_NAME)


def key_request_topic(device: Source) -> str:
    """Return the topic on which a device asks for the day's key."""
    return build_topic(device, "local", KEY_REQUEST_NAME)


def encode_key_message(message: SignatureKeyRequest | SignatureKey) -> bytes:
    """Return a request or a key as JSON, the secret in Base64."""
    return msgspec.json.encode(message)


def decode_key_request(raw: bytes) -> SignatureKeyRequest:
    """Return the request that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, SignatureKeyRequest, "a request for a signature key", is_quoted=False)


def decode_key(raw: bytes) -> SignatureKey:
    """Return the key that `raw` holds.

    Raises:
        ContractError: It holds none; the message does not repeat what came.
    """
    return decode_message(raw, SignatureKey, "a signature key", is_quoted=False)


def signature_key_id(key_id: str, encoder: str) -> str:
    """Return the `key_id` of signatures that one encoder made under a key: those of two encoders are not compared.

    Args:
        key_id: The key's name.
        encoder: Name and version of the model.
    """
    return f"{key_id}:{encoder}"


def key_of(signature_key_id: str) -> str:
    """Return the name of the key under which signatures of a `key_id` were made."""
    return signature_key_id.partition(":")[0]
