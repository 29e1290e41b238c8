"""GS1 item numbers: check digits, EAN-13 digits and Digital Link addresses.

The check digit is that of the GS1 General Specifications, section 7.9: weights 3 and 1 alternating from the right,
the sum made up to the next multiple of ten. The simulators' items lie under prefix 952, which GS1 keeps for
demonstrations and examples, so no number here names a product that is sold.
"""

GTIN_DIGITS = 14
_EAN_DIGITS = 13


def check_digit(body: str) -> int:
    """Return the check digit that belongs behind the digits `body`."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(body)))
    return -total % 10


def is_valid_gtin(gtin: str) -> bool:
    """Return whether `gtin` is 14 digits with the right check digit."""
    is_digits = len(gtin) == GTIN_DIGITS and gtin.isascii() and gtin.isdigit()
    return is_digits and check_digit(gtin[:-1]) == int(gtin[-1])


def ean13(gtin: str) -> str:
    """Return the 13 digits that a bar code of this 14-digit GTIN carries.

    Raises:
        ValueError: The GTIN is of a case or pallet (its first digit is not 0), which has no EAN-13.
    """
    if len(gtin) != GTIN_DIGITS or not gtin.startswith("0"):
        msg = f"expected a 14-digit GTIN that starts with 0, got {gtin!r}"
        raise ValueError(msg)
    return gtin[-_EAN_DIGITS:]


def digital_link(resolver: str, gtin: str, serial: str) -> str:
    """Return the GS1 Digital Link address of one serialized item: AI 01 (GTIN), then AI 21 (serial)."""
    return f"{resolver.rstrip('/')}/01/{gtin}/21/{serial}"
