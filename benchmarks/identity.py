"""Merges of identifiers by statements, by tenths of the growth of the graph: the last tenth should cost as the first.

Members have a number, a phone and a card, told of by two statements each, which arrive in a mixed order. One in
a hundred also names a kiosk's number, which so stands in more and more of them. `SHOPTHREAD_BENCH_IDENTIFIERS` says how
many identifiers there are. Rates are by processor time, so that they can be compared on a machine with other work.
"""

import os
import time
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path

from rich.console import Console

from benchmarks.measure import Result
from cloud.app import open_database
from cloud.config import Settings
from cloud.identity.service import add_statements
from cloud.identity.statements import Identifier, Rules, Statement
from cloud.migrate import upgrade

_TENANT = "bench"
_BATCH = 500
_TENTHS = 10
_MS = 1_772_442_000_000
_STRIDE = 1_000_003
"""A prime: counted in its steps, statements come in a mixed order, each once."""
_KIOSK = Identifier("phone", "k" * 32)
_KIOSK_EVERY = 100
_NAMESPACES = ("member_number", "phone", "card")


def identity(folder: Path) -> list[Result]:
    """Return the merges in a second of processor time in the last tenth of the growth, beside the first."""
    identifiers = int(os.environ.get("SHOPTHREAD_BENCH_IDENTIFIERS", "6000"))
    rates = merge_rates(folder, identifiers)
    first, last = rates[0], rates[-1]
    name = f"identity, the last tenth of {identifiers:,} identifiers"
    return [Result(name, last, "merges/s", "the first tenth", first, last / first)]


def merge_rates(folder: Path, identifiers: int) -> list[float]:
    """Return, and print, the merges in a second of processor time for each tenth of the growth of a database."""
    members = identifiers // len(_NAMESPACES)
    total = 2 * members
    database = open_database(Settings(data_dir=str(folder)))
    upgrade(database)
    rates = []
    for tenth in range(_TENTHS):
        wanted = range(tenth * total // _TENTHS, (tenth + 1) * total // _TENTHS)
        started_s, merged = time.process_time(), 0
        for batch in _batches(wanted, total):
            with database.write() as session:
                merged += len(add_statements(session, _TENANT, batch, Rules(), _MS))
        rates.append(merged / (time.process_time() - started_s))
        grown = (tenth + 1) * identifiers // _TENTHS
        Console().print(f"{grown:>12,} identifiers: {rates[-1]:,.0f} merges in a second of processor time")
    database.dispose()
    return rates


def _batches(wanted: range, total: int) -> Iterator[list[tuple[str, Statement]]]:
    for start in range(wanted.start, wanted.stop, _BATCH):
        orders = range(start, min(start + _BATCH, wanted.stop))
        yield [("crm", _statement(order * _STRIDE % total)) for order in orders]


def _statement(number: int) -> Statement:
    """Return the first or the second statement of a member: number and phone, or phone and card."""
    member, which = divmod(number, 2)
    named = [Identifier(space, _pseudonym(space, member)) for space in _NAMESPACES[which : which + 2]]
    if number % _KIOSK_EVERY == 0:
        named.append(_KIOSK)
    return Statement(statement_id=f"crm:{number}", rank=1, at_ms=_MS + number, identifiers=tuple(named))


def _pseudonym(namespace: str, member: int) -> str:
    return blake2b(f"{namespace}{member}".encode(), digest_size=16).hexdigest()
