"""Reads JSON from anywhere. Hostile bytes fail in one way."""

from typing import TypeVar

import msgspec

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
