"""Payload types that take any text for a name or an id, and what looks at these texts together. Pure.

A pattern costs as much as all else there is to read in a line, and a batch says the same names over and over. So the
texts of a whole batch are gathered, and looked at once.
"""

import re
from collections.abc import Callable, Collection, Iterable
from itertools import chain
from operator import attrgetter
from types import UnionType
from typing import Any, Union, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo

from contracts.fields import EventId, Name

_NAME = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,127}+"
_NAMES = re.compile(rf"{_NAME}(?:\n{_NAME})*+")
"""Names, one a line; whatever does not fit is found out at the first place, without going back."""
HEX_TO_0 = bytes.maketrans(b"0123456789abcdef", b"0" * 16)
ID_SHAPE = b"00000000-0000-0000-0000-000000000000"
"""An id with every digit a 0: to compare takes far less than a regular expression."""

Getter = Callable[[Any], Any]


class Texts:
    """What a batch holds as names, and as ids; None is where a field says nothing."""

    def __init__(self) -> None:
        self.names: set[str | None] = set()
        self.ids: list[str | None] = []

    def are_good(self) -> bool:
        """Return whether each is what the contract wants.

        A text that holds an end of line itself makes more lines than there are texts.
        """
        names = [name for name in self.names if name is not None]
        joined = "\n".join(names)
        if names and (_NAMES.fullmatch(joined) is None or joined.count("\n") != len(names) - 1):
            return False
        return have_shape([each for each in self.ids if each is not None], ID_SHAPE, HEX_TO_0)


def have_shape(texts: list[str], shape: bytes, to_0: bytes) -> bool:
    """Return whether texts have a shape without an end of line, once a table has made each of their digits a 0."""
    joined = "\n".join(texts).encode(errors="replace")
    return joined.translate(to_0) == b"\n".join([shape] * len(texts))


class Loose:
    """A struct type that takes any text for a name or an id, and how to gather these from its values.

    Args:
        kind: The type as the contract has it; what is not loosened here stays as strict as there.

    Attributes:
        type: The loose type, derived from `kind`; `kind` itself where there is nothing to loosen.
    """

    def __init__(self, kind: type[Struct]) -> None:
        self._names: list[str] = []
        self._ids: list[str] = []
        self._id_lists: list[Getter] = []
        self._inner: list[tuple[Getter, Loose]] = []
        fields = [_redefined(field, loose) for field in msgspec.structs.fields(kind) if (loose := self._loosen(field))]
        self.type = (
            msgspec.defstruct("Loose" + kind.__name__, fields, bases=(kind,), frozen=True, kw_only=True)
            if fields and not kind.__struct_config__.array_like
            else kind
        )

    def _loosen(self, field: FieldInfo) -> Any:  # noqa: ANN401 - a type
        """Return the field's type as it is read, None where it stays as it is."""
        choices = get_args(field.type) if get_origin(field.type) in {Union, UnionType} else (field.type,)
        if Name in choices or EventId in choices:
            (self._names if Name in choices else self._ids).append(field.name)
            return Union[tuple(str if each in (Name, EventId) else each for each in choices)]  # noqa: UP007 - made at run time
        if field.type == tuple[EventId, ...]:
            self._id_lists.append(attrgetter(field.name))
            return tuple[str, ...]
        if get_origin(field.type) is tuple and isinstance(kind := get_args(field.type)[0], type):
            inner = Loose(kind) if issubclass(kind, Struct) else None
            if inner is not None and inner.type is not kind:
                self._inner.append((attrgetter(field.name), inner))
                return tuple[inner.type, ...]  # type: ignore[name-defined]  # made at run time
        return None

    def gather(self, values: Collection[Any], texts: Texts) -> None:
        """Add the names and ids that values of the loose type hold."""
        if self._names:
            texts.names.update(_all(self._names, values))
        if self._ids:
            texts.ids.extend(_all(self._ids, values))
        for ids_of in self._id_lists:
            texts.ids.extend(chain.from_iterable(map(ids_of, values)))
        for inner_of, inner in self._inner:
            inner.gather(list(chain.from_iterable(map(inner_of, values))), texts)


def _all(names: list[str], values: Collection[Any]) -> Iterable[str | None]:
    """Return what several fields of values hold, in one row."""
    found: Iterable[Any] = map(attrgetter(*names), values)
    return found if len(names) == 1 else chain.from_iterable(found)


def _redefined(field: FieldInfo, kind: Any) -> tuple[str, Any] | tuple[str, Any, Any]:  # noqa: ANN401 - a type
    if field.required:
        return (field.name, kind)
    if field.default is not NODEFAULT:
        return (field.name, kind, field.default)
    return (field.name, kind, msgspec.field(default_factory=field.default_factory))
