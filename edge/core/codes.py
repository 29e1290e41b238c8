"""What a scanned code says: GS1 Digital Links, GTINs and GS1 element strings. Parsing is `biip`'s."""

from biip import ParseError, parse
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gs1_messages import GS1Message
from msgspec import Struct

_LOT, _SERIAL = "10", "21"


class ItemCode(Struct, frozen=True, kw_only=True):
    """An item's code. `serial` tells one item of a GTIN from another."""

    gtin: str
    serial: str | None = None
    lot: str | None = None


def parse_item_code(text: str) -> ItemCode | None:
    """Return the item that a scanned text names, or None where it names none.

    Args:
        text: What the scanner read: a GS1 Digital Link URI, a GTIN of 8, 12, 13 or 14 digits, or a GS1 element string.
    """
    try:
        result = parse(text)
    except (ParseError, ValueError):  # biip lets urllib's ValueError of a malformed URL through
        return None
    if result.gtin is None:
        return None
    elements = result.gs1_digital_link_uri or (result.gs1_message if result.upc is None else None)
    return ItemCode(gtin=result.gtin.as_gtin_14(), serial=_value_of(elements, _SERIAL), lot=_value_of(elements, _LOT))


def _value_of(elements: GS1DigitalLinkURI | GS1Message | None, identifier: str) -> str | None:
    for element in elements.element_strings if elements is not None else ():
        if element.ai.ai == identifier:
            return element.value
    return None
