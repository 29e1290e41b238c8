"""How many members who stand twice are found, and how many pairs are proposed wrongly, where the truth is known.

`python -m benchmarks.duplicates --people 20000` prints the table of docs/profiles.md; `make bench ONLY=duplicates` is
short.
"""

import argparse
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.duplicate_members import Person, members
from benchmarks.measure import Result
from cloud.duplicates.matching import Pair, Record, find_pairs
from contracts.traits import TRAITS, match_code

_KEY = b"benchmark-key-16"
_TWICE = 0.1
_SEED = 7
_THRESHOLDS = (0.5, 0.8, 0.9, 0.95, 0.99)
_SHORT = 2000


def records_of(people: Sequence[Person]) -> list[Record]:
    """Return what the cloud holds of records: match codes under numbers."""
    return [
        Record(
            one_id=f"{number:07d}",
            codes={trait: match_code(trait, getattr(each, trait), _KEY) for trait in TRAITS if getattr(each, trait)},
        )
        for number, each in enumerate(people)
    ]


def equal_pairs(people: Sequence[Person]) -> list[bool]:
    """Return, of each pair with equal names and birthday, whether it is one person: what a plain query finds."""
    same: dict[tuple[str, str, str], list[int]] = {}
    for each in people:
        if each.birthday:
            same.setdefault((each.given_name, each.family_name, each.birthday), []).append(each.person)
    return [one == other for found in same.values() for one, other in combinations(found, 2)]


def rightly(people: Sequence[Person], pairs: Sequence[Pair], least: float) -> list[bool]:
    """Return, of each pair that is at least so probable, whether it is one person."""
    return [people[int(p.left)].person == people[int(p.right)].person for p in pairs if p.probability >= least]


def duplicates(_folder: Path) -> list[Result]:
    """Return precision and recall at the usual threshold, beside equal names and birthdays."""
    people = members(_SHORT, _TWICE, _SEED)
    true = len(people) - _SHORT
    ours = rightly(people, find_pairs(records_of(people), 0.9), 0.9)
    plain = equal_pairs(people)
    figures = (
        ("duplicates found, precision", sum(ours) / len(ours), sum(plain) / len(plain)),
        ("duplicates found, recall", sum(ours) / true, sum(plain) / true),
    )
    return [
        Result(name, value, "share", "equal names and birthday", other, value / other) for name, value, other in figures
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=_SHORT, help="how many different people there are")
    count = parser.parse_args().people
    people = members(count, _TWICE, _SEED)
    true = len(people) - count
    records = records_of(people)
    started_s = time.process_time()
    pairs = find_pairs(records, min(_THRESHOLDS))
    took_s = time.process_time() - started_s
    table = Table("pairs", "proposed", "precision", "recall", title=f"{len(people)} records, {true} stand twice")
    for least in _THRESHOLDS:
        _add(table, f"probability {least:g} and more", rightly(people, pairs, least), true)
    _add(table, "equal names and birthday", equal_pairs(people), true)
    console = Console()
    console.print(table)
    console.print(f"{took_s:.1f} s of processor time")


def _add(table: Table, name: str, right: Sequence[bool], true: int) -> None:
    table.add_row(name, str(len(right)), f"{sum(right) / max(1, len(right)):.3f}", f"{sum(right) / true:.3f}")


if __name__ == "__main__":
    main()
