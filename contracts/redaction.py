"""Events without the member whom they name. Pure."""

import msgspec

from contracts.events import decode_event, encode_event
from contracts.payloads import CodeScanned, PosSale

ERASED_CODE = "erased"


def redacted(raw: bytes) -> bytes:
    """Return an event as it would have come from somebody who showed no card; its id and its figures stay.

    Args:
        raw: A scan or a receipt. Of other types none names anybody; they come back as they are.
    """
    event = decode_event(raw)
    data = event.data
    if not isinstance(data, CodeScanned | PosSale) or data.member is None:
        return raw
    named = data.member.pseudonym
    changes: dict[str, object] = {"member": None}
    if isinstance(data, CodeScanned) and data.result == "member":
        changes["code"] = ERASED_CODE
    nameless = encode_event(msgspec.structs.replace(event, data=msgspec.structs.replace(data, **changes)))
    return nameless.replace(named.encode(), ERASED_CODE.encode())
