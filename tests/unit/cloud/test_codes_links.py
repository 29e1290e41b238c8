"""Links and GTINs: GS1's vectors against the table in the docs, and bad input named."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.codes.links import ItemLink, LinkError, parse_gtin, parse_link, read_elements

ROOT = Path(__file__).parents[3]
VECTORS = ROOT.parent / "shared" / "data" / "gs1-digital-link" / "parse_dl_uri.json"
ROW = re.compile(r"^\| (\d+) \| `([^`]*)` \| (\w+) \| ([\w ]+) \|", re.MULTILINE)
GTIN = "09506000134352"
SERIALS = st.text("!\"%&'()*+,-./0123456789:;<=>?ABCXYZ_abcxyz", min_size=1, max_size=20)


def _read(uri: str) -> str | None:
    try:
        return "".join(ai + value for ai, value in read_elements(uri))
    except LinkError:
        return None


def test_every_vector_is_read_as_gs1_says_or_stands_in_the_table() -> None:
    if not VECTORS.exists():
        pytest.skip(f"GS1's vectors are not here: {VECTORS.name} is expected in shared/data beside the checkout")
    differences = []
    for number, vector in enumerate(json.loads(VECTORS.read_text(encoding="utf-8")), start=1):
        found = _read(vector["uri"])
        wanted = vector["expect"].replace("^", "") if vector["valid"] else None
        if found != wanted:
            here = "refused" if found is None else "read otherwise" if wanted else "read"
            differences.append((str(number), vector["uri"], "refused" if wanted is None else "read", here))
    assert differences == ROW.findall((ROOT / "docs" / "item-codes.md").read_text(encoding="utf-8"))


@settings(max_examples=100)
@given(serial=SERIALS, lot=st.none() | SERIALS, variant=st.none() | SERIALS)
def test_a_link_that_is_written_is_read_again(serial: str, lot: str | None, variant: str | None) -> None:
    item = ItemLink(gtin=GTIN, serial=serial, lot=lot, variant=variant)
    assert parse_link(f"https://id.example{item.path}") == item


def test_what_the_path_says_goes_before_the_query() -> None:
    assert parse_link(f"https://a/01/{GTIN}/21/A?01=09521230000185&17=301231").gtin == GTIN


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        ("https://a/01/09506000134353/21/A", "check digit"),
        ("https://a/414/9506000134352", "names no product"),
        (f"https://a/01/{GTIN}/21/{'A' * 21}", "no GS1 Digital Link"),
        (f"https://a/01/{GTIN}/21/A%00B", "no GS1 Digital Link"),
        ("https://[broken/01/x", "no GS1 Digital Link"),
        ("https://a/01/" + "1" * 5000, "at most 2048 characters, got 5013"),
    ],
)
def test_what_is_wrong_with_a_link_is_said(uri: str, fault: str) -> None:
    with pytest.raises(LinkError, match=fault):
        parse_link(uri)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("9506000134352", GTIN), (GTIN, GTIN), ("012345678905", "00012345678905"), ("96385074", "00000096385074")],
)
def test_gtins_of_every_length_become_14_digits(text: str, expected: str) -> None:
    assert parse_gtin(text) == expected


@pytest.mark.parametrize("text", ["9506000134353", "12", "", "\uff19506000134352", " 9506000134352", "95060001343S2"])
def test_gtins_with_other_characters_or_a_wrong_check_digit_are_refused(text: str) -> None:
    with pytest.raises(LinkError, match=r"check digit|digits"):
        parse_gtin(text)
