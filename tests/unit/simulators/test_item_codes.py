"""Single items: each exists once, its codes cannot be guessed, and copies bear the codes of another one."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.core.item_codes import Item, Stock
from simulators.core.layout import Product
from simulators.core.scenario import Codes
from tests.unit.simulators.trial import agrees

RESOLVER = "https://id.example"
WINE = Product(gtin="09521230000185", name="Red wine", price_minor=899, serialized=True)
MILK = Product(gtin="09521230000017", name="Milk", price_minor=139)


def _take(codes: Codes, number: int, seed: int = 1) -> list[Item]:
    stock = Stock(codes, RESOLVER)
    return [stock.take(WINE, np.random.default_rng([seed, each])) for each in range(number)]


def _serial(code: str | None) -> str:
    assert code is not None
    assert code.startswith(f"{RESOLVER}/01/{WINE.gtin}/21/")
    return code.rsplit("/", 1)[1]


def test_shares_of_inner_codes_and_copies_are_recovered() -> None:
    items = _take(Codes(under_cap=0.3, counterfeits=0.12), 6000)
    genuine = [item for item in items if item.is_genuine]
    assert agrees(len(items) - len(genuine), len(items), 0.12)
    assert agrees(sum(item.inner is not None for item in genuine), len(genuine), 0.3)


def test_genuine_items_have_codes_of_their_own_and_copies_those_of_an_earlier_one() -> None:
    items = _take(Codes(under_cap=0.5, counterfeits=0.2), 3000)
    seen: dict[str, str | None] = {}
    for item in items:
        if item.is_genuine:
            assert item.outer not in seen
            seen[item.outer] = item.inner
        elif seen:
            assert seen.get(item.outer, item.inner) == item.inner
    copied = [item for item in items if not item.is_genuine]
    assert sum(item.outer in seen for item in copied) > 0.95 * len(copied)
    inner = [code for code in seen.values() if code is not None]
    assert len(set(inner)) == len(inner)


def test_a_copy_comes_from_elsewhere_while_the_store_has_no_original() -> None:
    first, second = _take(Codes(counterfeits=1.0), 2)
    assert not first.is_genuine
    assert not second.is_genuine
    assert first.outer != second.outer


def test_outer_and_inner_serials_are_spaces_of_their_own_that_cannot_be_guessed() -> None:
    items = _take(Codes(under_cap=1.0), 4000)
    outer, inner = [_serial(item.outer) for item in items], [_serial(item.inner) for item in items]
    assert {serial[0] for serial in outer} == {"P"}
    assert {serial[0] for serial in inner} == {"U"}
    for serials in (outer, inner):
        letters = Counter("".join(serial[1:] for serial in serials))
        assert {len(serial) for serial in serials} == {16}
        assert len(letters) == 32
        expected = sum(letters.values()) / 32
        assert sum((count - expected) ** 2 / expected for count in letters.values()) < 70  # 31 degrees of freedom
    assert sum(a[1:] == b[1:] for a, b in zip(outer, inner, strict=True)) == 0


def test_an_item_without_serials_carries_its_number_alone() -> None:
    stock, rng = Stock(Codes(under_cap=1.0, counterfeits=1.0), RESOLVER), np.random.default_rng(1)
    item = stock.take(MILK, rng)
    assert item == Item(product=MILK, outer="9521230000017")
    assert rng.random() == np.random.default_rng(1).random()
    stock.put_back(item)
    assert stock.take(MILK, rng) == item


@given(st.lists(st.sampled_from(["take", "sell", "put back"]), max_size=60), st.integers(0, 2**32))
def test_no_item_is_in_two_hands_at_once(actions: list[str], seed: int) -> None:
    stock, held = Stock(Codes(), RESOLVER), []
    sold: list[Item] = []
    for number, action in enumerate(actions):
        if action == "take":
            held.append(stock.take(WINE, np.random.default_rng([seed, number])))
        elif held and action == "sell":
            sold.append(held.pop(0))
        elif held:
            stock.put_back(held.pop(0))
    codes = [item.outer for item in (*held, *sold)]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize("put_back", [0, 5])
def test_what_lies_on_the_shelf_does_not_change_what_is_drawn(put_back: int) -> None:
    stock = Stock(Codes(under_cap=0.5), RESOLVER)
    for number in range(put_back):
        stock.put_back(stock.take(WINE, np.random.default_rng(number)))
    rng, other = np.random.default_rng(99), np.random.default_rng(99)
    stock.take(WINE, rng)
    Stock(Codes(counterfeits=1.0), RESOLVER).take(WINE, other)
    assert rng.random() == other.random()


def test_what_was_put_back_is_taken_again() -> None:
    stock = Stock(Codes(), RESOLVER)
    item = stock.take(WINE, np.random.default_rng(0))
    stock.put_back(item)
    taken = [stock.take(WINE, np.random.default_rng(number)) for number in range(1, 12)]
    assert taken.count(item) == 1
