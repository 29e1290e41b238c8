"""Tables of a TOML document taken out and put in, with every comment left where a reader looks for it.

A parser counts blank lines and comments to the table above them. A reader counts them to the table below.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

import tomlkit
from tomlkit.items import AoT
from tomlkit.items import Table as TomlTable

Table: TypeAlias = Any  # what tomlkit gives, whose types are too loose to be of use
Entry: TypeAlias = tuple[None, Any]


def append(document: Table, key: str, item: Table) -> None:
    """Put a new table or array of tables at the end of a document, behind a blank line."""
    if not tomlkit.dumps(document).endswith("\n\n"):
        document.add(tomlkit.nl())
    document[key] = item


def append_to_array(tables: Table, values: Mapping[str, object]) -> None:
    """Put one more table into an array of tables, before the comments of what follows the array."""
    is_array_of_tables = isinstance(tables, AoT)
    table = tomlkit.table() if is_array_of_tables else tomlkit.inline_table()
    for key, value in values.items():
        table[key] = value
    if is_array_of_tables and len(tables):
        table.value.body.extend(_take_trailing(tables[-1]) or [(None, tomlkit.nl())])
        tables[-1].add(tomlkit.nl())
    tables.append(table)


def remove(document: Table, key: str) -> None:
    """Take a table out of a document."""
    _give(document, key, None, _take_trailing(document[key]))
    del document[key]


def remove_from_array(document: Table, key: str, table: Table) -> None:
    """Take one table out of an array of tables, and the array with its last one."""
    tables = document[key]
    place = next(place for place, one in enumerate(tables) if one is table)
    if isinstance(tables, AoT):
        _give(document, key, tables[place - 1] if place else None, _take_trailing(table))
    del tables[place]
    if not len(tables):
        del document[key]


def _take_trailing(table: Table) -> list[Entry]:
    """Return the blank lines and comments at the end of a table, and take them off it."""
    body = table.value.body
    count = len(body)
    while count and body[count - 1][0] is None:
        count -= 1
    trailing = body[count:]
    del body[count:]
    return list(trailing)


def _give(document: Table, key: str, above: Table | None, entries: list[Entry]) -> None:
    """Put comments behind the table that stands above: of the same array, or before the key."""
    comments = entries[
        next((place for place, (_, item) in enumerate(entries) if "#" in item.as_string()), len(entries)) :
    ]
    place = above
    if place is None:
        keys = [name.key for name, _ in document.body if name is not None]
        before = keys.index(key) - 1
        place = document[keys[before]] if before >= 0 else None
        if isinstance(place, AoT):
            place = place[-1]
    if comments and isinstance(place, TomlTable):
        place.value.body.extend(comments)
