"""Codes as they come from scanners."""

import pytest

from edge.core.codes import ItemCode, parse_item_code


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4006381333931", ItemCode(gtin="04006381333931")),
        ("96385074", ItemCode(gtin="00000096385074")),
        (
            "https://id.example.com/01/09520123456788/10/ABC1/21/12345",
            ItemCode(gtin="09520123456788", serial="12345", lot="ABC1"),
        ),
        ("https://example.com/shop/01/09506000134352/21/abc?17=260426", ItemCode(gtin="09506000134352", serial="abc")),
        ("010952012345678821s-1", ItemCode(gtin="09520123456788", serial="s-1")),
    ],
)
def test_items_are_recognized(text: str, expected: ItemCode):
    assert parse_item_code(text) == expected


@pytest.mark.parametrize(
    "text", ["", "HELLO", "4006381333932", "https://example.com/", "https://e.com/01/124", "]]]", "https://[x"]
)
def test_other_texts_name_no_item(text: str):
    assert parse_item_code(text) is None
