"""Item numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.gtin import check_digit, digital_link, ean13, is_valid_gtin

bodies = st.text("0123456789", min_size=13, max_size=13)


@pytest.mark.parametrize(("body", "digit"), [("629104150021", 3), ("400638133393", 1), ("0001234560001", 2)])
def test_check_digits_of_the_gs1_examples(body: str, digit: int) -> None:
    assert check_digit(body) == digit


@given(bodies, st.integers(0, 13), st.integers(1, 9))
def test_a_wrong_digit_never_passes(body: str, place: int, change: int) -> None:
    gtin = body + str(check_digit(body))
    assert is_valid_gtin(gtin)
    wrong = gtin[:place] + str((int(gtin[place]) + change) % 10) + gtin[place + 1 :]
    assert not is_valid_gtin(wrong)


@pytest.mark.parametrize("text", ["", "123", "0952123000001x", "٠٩٥٢١٢٣٠٠٠٠٠١٧"])
def test_what_is_no_number_is_no_gtin(text: str) -> None:
    assert not is_valid_gtin(text)


def test_forms_of_an_item_number() -> None:
    assert ean13("09521230000017") == "9521230000017"
    assert digital_link("https://id.example/", "09521230000017", "AB2") == "https://id.example/01/09521230000017/21/AB2"
    with pytest.raises(ValueError, match="starts with 0"):
        ean13("19521230000014")
