"""Many spans of whole numbers as one table to join with, whose list is one parameter.

One statement for all spans instead of one for each: to build and run a statement costs more than to read the few rows
that it finds.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, FromClause, Table, Text, and_, bindparam, cast, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class _Elements(FunctionElement[Any]):
    """The elements of a JSON array, a row each."""

    name = "spans"
    inherit_cache = True


@compiles(_Elements)
def _json_each(element: _Elements, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"json_each({compiler.process(element.clauses, **options)})"


@compiles(_Elements, "postgresql")
def _json_array(element: _Elements, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"json_array_elements(CAST({compiler.process(element.clauses, **options)} AS JSON))"


class Spans:
    """A table of spans, start included, end excluded."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        text = msgspec.json.encode(list(spans)).decode()
        table = _Elements(bindparam(None, text, type_=Text(), unique=True)).table_valued("value", name="span")
        self.table: FromClause = table
        self.start: ColumnElement[int] = _number(table.c.value, 0)
        self.end: ColumnElement[int] = _number(table.c.value, 1)

    def find_in(self, table: Table, *conditions: ColumnElement[bool]) -> FromClause:
        """Return a join of each span with the rows of a table that meet some conditions.

        An outer join, so that no planner starts from every row of the table: whoever reads leaves out the row of NULLs
        that a span without any gives. A condition that says so in SQL would make it an inner join again.
        """
        return self.table.outerjoin(table, and_(*conditions))

    def hold(self, column: ColumnElement[int]) -> ColumnElement[bool]:
        """Return the condition that a column's value lies in the span that the row is of."""
        return (column >= self.start) & (column < self.end)


def _number(value: ColumnElement[Any], index: int) -> ColumnElement[int]:
    # `->>` gives a number in SQLite, text in PostgreSQL.
    return cast(value.op("->>")(literal_column(str(index))), BigInteger)
