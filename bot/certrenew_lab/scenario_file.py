"""A scenario written down in a TOML file: any field of the scenario, and the faults that happen by themselves."""

from __future__ import annotations

import dataclasses
import tomllib
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Union

from .cucm.happenings import check
from .scenario import PUBLISHER, ClusterScenario
from .wording import nearest


class ScenarioError(ValueError):
    """One sentence about what is wrong in the file."""


def load(path: Path) -> ClusterScenario:
    """The scenario in this file; ScenarioError names the place and, for a wrong key, the nearest right one."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise ScenarioError(f"The scenario {path} cannot be read: {problem.strerror}.") from problem
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise ScenarioError(f"The scenario {path} is not valid TOML: {problem}.") from problem
    try:
        return read(document)
    except ScenarioError as problem:
        raise ScenarioError(f"The scenario {path} is not usable: {problem}.") from problem


def read(document: Mapping[str, Any]) -> ClusterScenario:
    """The scenario in a parsed document; what is not named keeps its default."""
    scenario: ClusterScenario = _record(ClusterScenario, document, "")
    publishers = [node.name for node in scenario.nodes if node.role == PUBLISHER]
    if len(publishers) != 1 or scenario.nodes[0].role != PUBLISHER:
        raise ScenarioError("the first of [[nodes]], and only that, must have role = 'publisher'")
    names = tuple(node.name for node in scenario.nodes)
    if len(set(names)) != len(names):
        raise ScenarioError("two of [[nodes]] have the same name")
    for fault in scenario.faults:
        try:
            check(fault, names)
        except ValueError as problem:
            raise ScenarioError(f"in [[faults]], {problem}") from problem
    return scenario


def _record(kind: type[Any], table: Any, where: str) -> Any:
    if not isinstance(table, Mapping):
        raise ScenarioError(f"{where} must be a table")
    hints = typing.get_type_hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in fields:
            place = f" in [{where}]" if where else ""
            raise ScenarioError(f"unknown key {key!r}{place}{nearest(key, fields)}")
        values[key] = _value(hints[key], value, f"{where}.{key}" if where else key)
    missing = [
        name
        for name, field in fields.items()
        if name not in values and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]
    if missing:
        raise ScenarioError(f"[{where}] lacks {missing[0]}")
    return kind(**values)


def _value(hint: Any, value: Any, where: str) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _record(hint, value, where)
    if hint is Any:
        return value
    if origin is Literal:
        if value not in arguments:
            raise ScenarioError(
                f"{where} = {value!r} is not one of its values{nearest(str(value), map(str, arguments))}"
            )
        return value
    if origin in (Union, types.UnionType):
        return _value(next(each for each in arguments if each is not type(None)), value, where)
    if origin is tuple:
        return _items(arguments, value, where)
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(arguments[1], value, where)
    return _plain(hint, value, where)


def _items(arguments: tuple[Any, ...], value: Any, where: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise ScenarioError(f"{where} must be a list")
    if arguments[-1] is ...:
        return tuple(_value(arguments[0], item, where) for item in value)
    if len(value) != len(arguments):
        raise ScenarioError(f"{where} must have {len(arguments)} values")
    return tuple(_value(hint, item, where) for hint, item in zip(arguments, value, strict=True))


def _mapping(hint: Any, value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ScenarioError(f"{where} must be a table")
    return {str(key): _value(hint, item, f"{where}.{key}") for key, item in value.items()}


def _plain(hint: Any, value: Any, where: str) -> Any:
    words = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
    wanted = (int, float) if hint is float else (hint,)
    # TOML tells true from 1, so a truth value never stands for a number.
    if not isinstance(value, wanted) or (isinstance(value, bool) and hint is not bool):
        raise ScenarioError(f"{where} must be {words.get(hint, hint)}")
    return float(value) if hint is float else value
