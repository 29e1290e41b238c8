"""Members of a shop, some of whom stand twice in the member base, with slips as people and clerks make them. Seeded."""

import random
from datetime import date, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

if TYPE_CHECKING:
    from collections.abc import Callable

GIVEN = (
    *("Anna", "Maria", "Elena", "Sofia", "Emma", "Julia", "Laura", "Lena", "Nina", "Clara", "Ida", "Marta", "Olga"),
    *(
        "Vera",
        "Rosa",
        "Alice",
        "Eva",
        "Irma",
        "Lotte",
        "Zoe",
        "Amelie",
        "Charlotte",
        "Johanna",
        "Katharina",
        "Elisabeth",
    ),
    *("Margarethe", "Franziska", "Theresa", "Helene", "Carla", "Peter", "Paul", "Jan", "Tom", "Max", "Felix", "Leon"),
    *("Jonas", "Lukas", "David", "Simon", "Erik", "Oskar", "Anton", "Hugo", "Karl", "Otto", "Emil", "Bruno", "Viktor"),
    *("Alexander", "Sebastian", "Benjamin", "Maximilian", "Konstantin", "Leopold", "Ferdinand", "Theodor", "Valentin"),
)
_BEGIN = (
    *("Ber", "Hol", "Stein", "Kal", "Win", "Brau", "Kel", "Schmi", "Mor", "Har", "Lan", "Fal", "Rosen", "Wal", "Gold"),
    *("Neu", "Alt", "Gro", "Lind", "Feld", "Sommer", "Oster"),
)
_END = (
    *("mann", "berg", "er", "ner", "stein", "feld", "hof", "bach", "ing", "ke", "l", "dt", "gard", "hausen", "wald"),
    *("mayer", "haus", "hardt"),
)
_FIRST_DAY = date(1940, 1, 1)
_DAYS = 365 * 66
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_EDITS = 4


class Person(Struct, frozen=True, kw_only=True):
    """A record of a member; an empty value was never asked for."""

    person: int
    given_name: str
    family_name: str
    birthday: str
    phone: str
    email: str
    postcode: str


def members(count: int, twice: float, seed: int) -> list[Person]:
    """Return records in a drawn order.

    Args:
        count: Different people.
        twice: Which share of them has a second record.
        seed: The same seed gives the same records.
    """
    order = random.Random(seed)
    people = [_person(number, order) for number in range(count)]
    second = [_written_again(person, order) for person in people if order.random() < twice]
    records = [_with_gaps(each, order) for each in (*people, *second)]
    order.shuffle(records)
    return records


def _person(number: int, order: random.Random) -> Person:
    # Few names are frequent, many are rare, as names are.
    given = (
        GIVEN[min(int(order.paretovariate(0.8)) - 1, len(GIVEN) - 1)] if order.random() < 0.5 else order.choice(GIVEN)
    )
    family = order.choice(_BEGIN[: 1 + int(order.random() ** 2 * len(_BEGIN))]) + order.choice(_END)
    number_in_name = order.choice(("", order.randrange(100), 1900 + order.randrange(100)))
    born = _FIRST_DAY + timedelta(days=order.randrange(_DAYS))
    return Person(
        person=number,
        given_name=given,
        family_name=family,
        birthday=born.isoformat(),
        phone=f"+4915{order.randrange(10**9):09d}",
        email=f"{given}.{family}{number_in_name}@mail{order.randrange(6)}.example".lower(),
        postcode=f"{order.randrange(10, 70)}{order.randrange(0, 40) * 5:03d}",
    )


def _written_again(person: Person, order: random.Random) -> Person:
    """Return a second record: moved, married, with another number or address, and mistyped here and there."""
    changed = {
        "postcode": (0.25, f"{order.randrange(10, 70)}{order.randrange(0, 40) * 5:03d}"),
        "phone": (0.4, f"+4915{order.randrange(10**9):09d}"),
        "email": (0.4, f"{order.choice(GIVEN)}{order.randrange(10_000)}@mail{order.randrange(6)}.example".lower()),
        "family_name": (0.06, order.choice(_BEGIN) + order.choice(_END)),
    }
    values = {name: value for name, (chance, value) in changed.items() if order.random() < chance}
    again = replace(person, **values)
    slips: dict[str, tuple[float, Callable[[str, random.Random], str]]] = {
        "given_name": (0.1, _mistyped),
        "family_name": (0.12, _mistyped),
        "birthday": (0.06, _misread_day),
        "phone": (0.06, _mistyped_digit),
        "email": (0.06, _mistyped),
        "postcode": (0.05, _mistyped_digit),
    }
    return replace(
        again,
        **{
            name: slip(getattr(again, name), order) for name, (chance, slip) in slips.items() if order.random() < chance
        },
    )


def _with_gaps(person: Person, order: random.Random) -> Person:
    chances = {"birthday": 0.15, "phone": 0.15, "email": 0.2, "postcode": 0.1}
    return replace(person, **{name: "" for name, chance in chances.items() if order.random() < chance})


def _mistyped(text: str, order: random.Random) -> str:
    at, letter = order.randrange(len(text.partition("@")[0])), order.choice(_LETTERS)
    edits = (
        text[:at] + letter + text[at + 1 :],
        text[:at] + text[at + 1 :],
        text[:at] + letter + text[at:],
        text[:at] + text[at : at + 2][::-1] + text[at + 2 :],
    )
    return edits[order.randrange(_EDITS)]


def _mistyped_digit(text: str, order: random.Random) -> str:
    at = order.randrange(len(text) // 2, len(text))
    return f"{text[:at]}{order.randrange(10)}{text[at + 1 :]}"


def _misread_day(text: str, order: random.Random) -> str:
    year, month, day = text.split("-")
    if int(day) <= 12 and order.random() < 0.5:
        return f"{year}-{day}-{month}"
    return f"{year}-{month}-{1 + (int(day) + order.randrange(3)) % 28:02d}"
