"""Writes TOML: what the standard library can read but not write."""

import json
from collections.abc import Mapping, Sequence

Value = str | int | float | bool | Sequence["Value"]
Table = Mapping[str, Value]


def _value(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False)  # A JSON string is a TOML basic string.
        case int() | float():
            return repr(value)
        case _:
            return f"[{', '.join(_value(each) for each in value)}]"


def toml_text(
    tables: Mapping[str, Table], lists: Mapping[str, Sequence[Table]], top: Table | None = None, comment: str = ""
) -> str:
    """Return a TOML document.

    Args:
        tables: `[name]` tables.
        lists: `[[name]]` tables, in order.
        top: Keys before the first table.
        comment: Lines that stand at the head of the file.
    """
    blocks = [[f"# {line}" for line in comment.splitlines()] + _keys(top or {})]
    blocks += [[f"[{name}]", *_keys(table)] for name, table in tables.items()]
    blocks += [[f"[[{name}]]", *_keys(table)] for name, several in lists.items() for table in several]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _keys(table: Table) -> list[str]:
    return [f"{key} = {_value(value)}" for key, value in table.items()]
