"""The condition that a column's text is one of many, whose list is one parameter.

A list of parameters costs the driver more to write, and the database more to read, than the rows that it finds; and a
statement whose length changes is never prepared.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, ColumnElement, Dialect, Text, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

_SEPARATOR = "\x1f"
"""ASCII's unit separator: no id or name holds it."""


class _Texts(TypeDecorator[list[str]]):
    """A list of texts as one text: JSON for SQLite; PostgreSQL splits faster than it reads JSON."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: list[str] | None, dialect: Dialect) -> str:
        texts = value or []
        return _SEPARATOR.join(texts) if dialect.name == "postgresql" else msgspec.json.encode(texts).decode()


class _Among(FunctionElement[bool]):
    name = "among"
    type = Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # Else SQLAlchemy writes `= 1` behind it for SQLite, which then reads every row.


@compiles(_Among)
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    column, texts = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({texts}))"  # noqa: S608 - both are compiled


@compiles(_Among, "postgresql")
def _any_of_split(element: _Among, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    column, texts = (compiler.process(clause, **options) for clause in element.clauses)
    return f"{column} = ANY(string_to_array({texts}, chr(31)))"


def among(column: ColumnElement[str] | Column[str], texts: Iterable[str]) -> ColumnElement[bool]:
    """Return the condition that a column holds one of some texts, none of which is empty or has a unit separator."""
    return _Among(column, bindparam(None, list(texts), type_=_Texts(), unique=True))


def among_given(column: ColumnElement[str] | Column[str], name: str) -> ColumnElement[bool]:
    """Return the same condition of texts that are given by a name when the statement is run, which can be kept."""
    return _Among(column, bindparam(name, type_=_Texts()))
