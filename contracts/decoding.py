"""Reads JSON from anywhere. Hostile bytes fail in one way."""

from typing import TypeVar

import msgspec

from contracts.errors import ContractError

T = TypeVar("T")


def decode_json(decoder: msgspec.json.Decoder[T], raw: bytes | str | msgspec.Raw) -> T:
    """Return what `raw` holds.

    Raises:
        msgspec.ValidationError: It does not have the decoder's type.
        msgspec.DecodeError: It is no JSON, is not UTF-8, or is nested too deep.
    """
    try:
        return decoder.decode(raw)
    except UnicodeDecodeError as error:
        msg = f"expected UTF-8: {error}"
        raise msgspec.DecodeError(msg) from error
    except RecursionError as error:
        msg = "expected JSON of a sane depth, it is nested too deep"
        raise msgspec.DecodeError(msg) from error


def decode_message(raw: bytes, message: type[T], what: str, *, is_quoted: bool = True) -> T:
    """Return the message of a type that `raw` holds.

    Args:
        raw: JSON.
        message: The type.
        what: What it is, in words, for the error.
        is_quoted: The error repeats how the message begins; not where it may hold a secret.

    Raises:
        ContractError: It holds none.
    """
    try:
        return decode_json(msgspec.json.Decoder(message), raw)
    except msgspec.MsgspecError as error:
        came = repr(raw[:80]) if is_quoted else f"{len(raw)} bytes"
        msg = f"expected {what}, got {came}: {error}"
        raise ContractError(msg) from error
