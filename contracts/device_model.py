"""How a model gets from the gateway to a device: it is wanted, asked for piece by piece, checked, and reported.

What is wanted and what is reported are retained. The device asks for each piece, so it sets the pace and goes on after
an interruption where it was.
"""

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from contracts.decoding import decode_message
from contracts.fields import Text
from contracts.patterns import END

MODEL_DESIRED_NAME = "model-desired"
MODEL_REPORTED_NAME = "model-reported"
MODEL_REQUEST_NAME = "model-request"
MODEL_CHUNK_NAME = "model-chunk"
CHUNK_BYTES = 128 * 1024
MAX_MODEL_BYTES = 512 * 1024 * 1024

Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}" + END)]
Size = Annotated[int, Meta(ge=1, le=MAX_MODEL_BYTES)]


class WantedModel(Struct, frozen=True, kw_only=True):
    """A model: its manifest (TOML, as `models.manifest` reads it), its SHA-256 and its size in bytes."""

    manifest: Annotated[str, Meta(max_length=65_536)]
    sha256: Sha256
    size: Size


class DesiredModel(Struct, frozen=True, kw_only=True):
    """What the gateway wants: a model, or (None) the one that the device's own file names."""

    version: Annotated[int, Meta(ge=1)]
    model: WantedModel | None = None


class ReportedModel(Struct, frozen=True, kw_only=True):
    """What the device did about a version: nothing wrong, or why the model of before stays."""

    version: Annotated[int, Meta(ge=1)]
    error: Text | None = None


class ModelRequest(Struct, frozen=True, kw_only=True):
    """A device asks for the piece of a model that begins at an offset."""

    sha256: Sha256
    offset: Annotated[int, Meta(ge=0, lt=MAX_MODEL_BYTES)]


class ModelChunk(Struct, frozen=True, kw_only=True):
    """A piece of a model, at most `CHUNK_BYTES`."""

    sha256: Sha256
    offset: Annotated[int, Meta(ge=0, lt=MAX_MODEL_BYTES)]
    data: Annotated[bytes, Meta(min_length=1, max_length=CHUNK_BYTES)]


MessageT = TypeVar("MessageT", DesiredModel, ReportedModel, ModelRequest, ModelChunk)


def encode_model_message(message: DesiredModel | ReportedModel | ModelRequest | ModelChunk) -> bytes:
    """Return a message as JSON, bytes in Base64."""
    return msgspec.json.encode(message)


def decode_model_message(raw: bytes, message: type[MessageT]) -> MessageT:
    """Return the message of a type that `raw` holds.

    Raises:
        ContractError: It holds none.
    """
    return decode_message(raw, message, message.__name__, is_quoted=False)
