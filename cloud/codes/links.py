"""GS1 Digital Links and GTINs as the cloud reads and writes them. Pure. Parsing is `biip`'s.

GS1 Digital Link Standard: URI Syntax, release 1.2. Where `biip` and GS1's own test vectors differ stands in
docs/item-codes.md.
"""

from urllib.parse import quote

from biip import ParseError
from biip.gs1_digital_link_uris import GS1DigitalLinkURI
from biip.gtin import Gtin
from msgspec import Struct

GTIN_AI, LOT_AI, SERIAL_AI, VARIANT_AI = "01", "10", "21", "22"
SERIAL_PATTERN = r'^[!%-?A-Z_a-z"]{1,20}$'
"""One to 20 characters of the GS1 AI encodable character set 82 (GS1 General Specifications, figure 7.11-1)."""
MAX_LINK_CHARACTERS = 2048


class LinkError(ValueError):
    """A text is no usable GS1 Digital Link or GTIN; the message names the value and what is expected."""


class ItemLink(Struct, frozen=True, kw_only=True):
    """What a link says of an item."""

    gtin: str
    serial: str | None = None
    lot: str | None = None
    variant: str | None = None

    @property
    def path(self) -> str:
        """Return the path of the link in its canonical form: AIs in the order of the standard, GTIN of 14 digits."""
        pairs = ((GTIN_AI, self.gtin), (VARIANT_AI, self.variant), (LOT_AI, self.lot), (SERIAL_AI, self.serial))
        return "".join(f"/{ai}/{quote(value, safe='')}" for ai, value in pairs if value is not None)


def parse_gtin(text: str) -> str:
    """Return a GTIN of 8, 12, 13 or 14 digits as 14 digits.

    Raises:
        LinkError: It has another number of digits, other characters, or a wrong check digit.
    """
    if not text.isascii() or not text.isdigit():
        msg = f"a GTIN is 8, 12, 13 or 14 digits, got {text[:40]!r}"
        raise LinkError(msg)
    try:
        return Gtin.parse(text).as_gtin_14()
    except ParseError as error:
        msg = f"{error}; copy the number from the pack once more"
        raise LinkError(msg) from error


def read_elements(uri: str) -> list[tuple[str, str]]:
    """Return the application identifiers of a link with their values, in the order in which it gives them.

    Raises:
        LinkError: It is no GS1 Digital Link.
    """
    if len(uri) > MAX_LINK_CHARACTERS:
        msg = f"a link has at most {MAX_LINK_CHARACTERS} characters, got {len(uri)}"
        raise LinkError(msg)
    try:
        parsed = GS1DigitalLinkURI.parse(uri)
    except (ParseError, ValueError) as error:  # urllib's ValueError of a malformed URL comes through
        msg = f"{uri[:100]!r} is no GS1 Digital Link: {error}"
        raise LinkError(msg) from error
    return [(element.ai.ai, element.value) for element in parsed.element_strings]


def parse_link(uri: str) -> ItemLink:
    """Return the item that a GS1 Digital Link names. What the path says goes before what the query says.

    Raises:
        LinkError: It is no such link, names no GTIN, or the GTIN's check digit is wrong.
    """
    values = dict(reversed(read_elements(uri)))
    if GTIN_AI not in values:
        msg = f"{uri[:100]!r} names no product: /01/GTIN is missing"
        raise LinkError(msg)
    return ItemLink(
        gtin=parse_gtin(values[GTIN_AI]),
        serial=values.get(SERIAL_AI),
        lot=values.get(LOT_AI),
        variant=values.get(VARIANT_AI),
    )
