"""The vocabulary the shapes are written in: a rule looks at one value and reports what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One fault at a JSON pointer."""

    pointer: str
    code: str
    message: str

    def sentence(self) -> str:
        """Render as in Slack's response_metadata."""
        return f"[ERROR] {self.message} [json-pointer:{self.pointer}]"


@dataclass
class Report:
    """The faults found so far."""

    problems: list[Problem] = field(default_factory=list)

    def add(self, pointer: str, code: str, message: str) -> None:
        """Note a fault."""
        self.problems.append(Problem(pointer, code, message))


Rule = Callable[[Any, str, Report], None]


def words(longest: int | None = None, shortest: int = 0) -> Rule:
    """A string of bounded length, in characters."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, str):
            report.add(at, "invalid_type", "must be a string")
        elif len(value) < shortest:
            report.add(at, "too_short", f"must be more than {shortest - 1} characters")
        elif longest is not None and len(value) > longest:
            report.add(at, "too_long", f"must be less than {longest + 1} characters")

    return check


def flag(value: Any, at: str, report: Report) -> None:
    """True or false."""
    if not isinstance(value, bool):
        report.add(at, "invalid_type", "must be a boolean")


def number(lowest: float | None = None, highest: float | None = None) -> Rule:
    """A number within bounds."""

    def check(value: Any, at: str, report: Report) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            report.add(at, "invalid_type", "must be a number")
        elif (lowest is not None and value < lowest) or (highest is not None and value > highest):
            report.add(at, "out_of_range", f"must be between {lowest} and {highest}")

    return check


def one_of(*allowed: object) -> Rule:
    """One of the values listed."""

    def check(value: Any, at: str, report: Report) -> None:
        if value not in allowed:
            report.add(at, "invalid_value", f"must be one of {', '.join(map(str, allowed))}")

    return check


def anything(_value: Any, _at: str, _report: Report) -> None:
    """Whatever it is."""


def several(rule: Rule, fewest: int = 0, most: int | None = None) -> Rule:
    """A list of things that all keep one rule."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, list):
            report.add(at, "invalid_type", "must be an array")
            return
        if len(value) < fewest:
            report.add(at, "too_few", f"no fewer than {fewest} items allowed")
        if most is not None and len(value) > most:
            report.add(at, "too_many", f"no more than {most} items allowed")
        for index, each in enumerate(value):
            rule(each, f"{at}/{index}", report)

    return check


Extra = Callable[[Mapping[str, Any], str, Report], None]


def shape(needs: Mapping[str, Rule], may: Mapping[str, Rule] | None = None, *extras: Extra) -> Rule:
    """An object with exactly the fields named; `extras` look at the whole."""
    known = {**needs, **(may or {})}

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add(at, "invalid_type", "must be an object")
            return
        for name in needs:
            if value.get(name) is None:
                report.add(at, "missing_field", f"missing required field: {name}")
        for name, inner in value.items():
            if name not in known:
                report.add(f"{at}/{name}", "unknown_field", f"invalid additional property: {name}")
            elif inner is not None:
                known[name](inner, f"{at}/{name}", report)
        for extra in extras:
            extra(value, at, report)

    return check


def kinds(rules: Callable[[], Mapping[str, Rule]]) -> Rule:
    """An object whose `type` chooses the rule."""

    def check(value: Any, at: str, report: Report) -> None:
        if not isinstance(value, dict):
            report.add(at, "invalid_type", "must be an object")
            return
        rule = rules().get(str(value.get("type")))
        if rule is None:
            report.add(f"{at}/type", "unsupported_type", f"unsupported type: {value.get('type')}")
        else:
            rule(value, at, report)

    return check


def needs_one(*names: str) -> Extra:
    """At least one of the fields must be there."""

    def check(value: Mapping[str, Any], at: str, report: Report) -> None:
        if not any(value.get(name) for name in names):
            report.add(at, "missing_field", f"missing required field: {' or '.join(names)}")

    return check


def excludes(*names: str) -> Extra:
    """At most one of the fields may be there."""

    def check(value: Mapping[str, Any], at: str, report: Report) -> None:
        if sum(value.get(name) is not None for name in names) > 1:
            report.add(at, "conflict", f"only one of {', '.join(names)} allowed")

    return check


def distinct(pointers_and_ids: Sequence[tuple[str, Any]], what: str, report: Report) -> None:
    """Report every id that comes twice."""
    seen: set[Any] = set()
    for pointer, each in pointers_and_ids:
        if each is not None and each in seen:
            report.add(pointer, "duplicate", f"{what} {each!r} already exists")
        seen.add(each)
