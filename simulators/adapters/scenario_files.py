"""Scenario files: which there are, and reading one."""

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from simulators.core.errors import ScenarioError
from simulators.core.scenario import Scenario

_FOLDER = Path(__file__).resolve().parent.parent / "scenarios"
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>[^.\[]+)|\[(?P<index>\d+|\.\.\.)\]")
_UNKNOWN = re.compile(r"unknown field `(?P<field>.*)`")


def scenario_names() -> list[str]:
    """Return the names of the scenarios that come with the project."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_scenario(name_or_path: str) -> Scenario:
    """Return a scenario that comes with the project, by name, or one of your own, by the path of its TOML file.

    Raises:
        ScenarioError: There is none of that name, or the file is not a scenario; the error names the key, the value
            and what is allowed.
    """
    path = _FOLDER / f"{name_or_path}.toml" if name_or_path in scenario_names() else Path(name_or_path)
    if not path.is_file():
        names = ", ".join(scenario_names())
        key = "scenario"
        raise ScenarioError(key, name_or_path, f"{names}, or the path of a TOML file")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        key = "scenario"
        raise ScenarioError(key, str(path), f"a TOML file ({error})") from error
    return parse_scenario(raw)


def parse_scenario(raw: dict[str, Any]) -> Scenario:
    """Return the scenario that a TOML document describes.

    Raises:
        ScenarioError: A field is unknown, missing, or has a value that is not allowed.
    """
    try:
        return msgspec.convert(raw, Scenario)
    except msgspec.ValidationError as error:
        raise _explained(raw, str(error)) from error


def _explained(raw: dict[str, Any], message: str) -> ScenarioError:
    """Return an error that adds to msgspec's message the value that stands there and the fields that may."""
    match = _WHERE.match(message)
    what, path = (match["what"], match["path"] or "") if match else (message, "")
    value: Any = raw
    kind: inspect.Type = inspect.type_info(Scenario)
    for step in _STEP.finditer(path):
        value, kind = _follow(value, step["name"] or step["index"]), _descend(kind, step["name"])
    key = path.lstrip(".")
    if (unknown := _UNKNOWN.search(what)) and isinstance(kind, inspect.StructType):
        field = unknown["field"]
        fields = ", ".join(field.encode_name for field in kind.fields)
        return ScenarioError(f"{key}.{field}".lstrip("."), _follow(value, field), f"one of the fields {fields}")
    return ScenarioError(key or "scenario", "a table" if isinstance(value, dict) else value, what)


def _follow(value: Any, step: str) -> Any:  # noqa: ANN401 - a TOML value may be anything
    if isinstance(value, dict):
        return value.get(step)
    if isinstance(value, list) and step.isdigit():
        return value[int(step)]
    return value


def _descend(kind: inspect.Type, name: str | None) -> inspect.Type:
    if name is not None and isinstance(kind, inspect.StructType):
        return next((field.type for field in kind.fields if field.encode_name == name), kind)
    if isinstance(kind, inspect.VarTupleType):
        return kind.item_type
    return kind
