"""Reads a stored plan back, also one that another version of certrenew wrote: it is shown then, and never run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from certrenew.domain.plan import Blocked, Check, Evidence, Outcome, Phase, Plan, Risk, Step, Target, Task
from certrenew.domain.ports import StepContext
from certrenew.steps import VOCABULARY, plan_from_json

REASON = (
    "This was planned by another version of certrenew, which this one cannot read. Abandon it and ask for a new plan."
)


@dataclass(frozen=True, kw_only=True)
class UnknownStep(Step):
    """A step that this version does not know: it counts as one that changes something, for nobody knows better."""

    kind: ClassVar[str] = "unknown"
    phase: ClassVar[Phase] = Phase.ACTIVATE
    risk: ClassVar[Risk] = Risk.OUTAGE
    unskippable: ClassVar[str] = "this version of certrenew does not know what it does"
    was: str

    def summary(self) -> str:
        return f"{self.was.replace('_', ' ').capitalize()} on {self.node} (of another version of certrenew)"

    def check(self, ctx: StepContext) -> Check:
        return Blocked(REASON)

    def act(self, ctx: StepContext) -> Outcome:
        raise NotImplementedError(REASON)

    def verify(self, ctx: StepContext) -> Evidence:
        raise NotImplementedError(REASON)


def plan_from(stored: Mapping[str, Any]) -> tuple[Plan, bool]:
    """The plan, and whether it is readable in full; never raises, so that one old row hides no other."""
    try:
        return plan_from_json(stored), True
    except Exception:  # whatever another version wrote
        return _as_far_as_possible(stored), False


def _as_far_as_possible(stored: Mapping[str, Any]) -> Plan:
    def text(name: str) -> str:
        return str(stored.get(name) or "")

    def texts(name: str) -> tuple[str, ...]:
        return tuple(map(str, stored.get(name) or ()))

    def listed(name: str) -> list[Mapping[str, Any]]:
        return cast("list[Mapping[str, Any]]", stored.get(name) or [])

    return Plan(
        cluster=text("cluster"),
        purpose=text("purpose"),
        title=text("title") or text("purpose"),
        authority=text("authority"),
        profile=text("profile"),
        targets=tuple(Target(*(str(of.get(name, "")) for name in TARGET)) for of in listed("targets")),
        steps=tuple(_step(fields) for fields in listed("steps")),
        impact=text("impact"),
        cautions=(REASON, *texts("cautions")),
        sources=texts("sources"),
        excludes=texts("excludes"),
        tasks=tuple(Task(str(task.get("key", "")), str(task.get("text", ""))) for task in listed("tasks")),
    )


TARGET = ("node", "serial", "not_after", "issuer")


def _step(fields: Mapping[str, Any]) -> Step:
    kind = str(fields.get("kind", "step"))
    try:
        return VOCABULARY[kind].from_json(fields)
    except (KeyError, TypeError):
        return UnknownStep(node=str(fields.get("node", "")), was=kind)
