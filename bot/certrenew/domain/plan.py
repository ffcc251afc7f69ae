"""A renewal plan is data: an ordered tuple of steps that can be printed, approved, rehearsed, run and audited."""

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from functools import cached_property
from typing import Any, ClassVar, TypeAlias, cast

from certrenew.domain.ports import StepContext
from certrenew.domain.values import Json as Json


class Phase(StrEnum):
    PREPARE = "prepare"  # prechecks, signing requests, the authority, validation: no impact on calls
    INSTALL = "install"  # root, intermediates, identity: the point of impact for phones
    ACTIVATE = "activate"  # CTL, services node by node, phone reset: outage
    PROVE = "prove"  # read only

    @property
    def order(self) -> int:
        return list(Phase).index(self)


class Risk(StrEnum):
    READ = "read"  # looks only
    CHANGE = "change"  # changes the node, nobody notices
    OUTAGE = "outage"  # a service or a phone is away for a while


@dataclass(frozen=True, slots=True)
class Satisfied:
    """The goal already holds: do not act, only verify. `output` is what the act would have left."""

    output: Mapping[str, Json] = field(default_factory=dict[str, Json])
    note: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """It is safe to act."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """It is not safe to act; a person must look. `reason` is a sentence."""

    reason: str


@dataclass(frozen=True, slots=True)
class Done:
    """The act went through; `output` is kept and shown to later steps."""

    output: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nothing is wrong, the outside world is not ready yet: ask again in `seconds`.

    `progress` is kept with the step and handed back in `ctx.progress` at the next look.
    """

    reason: str
    seconds: float
    progress: Mapping[str, Json] = field(default_factory=dict[str, Json])


Check: TypeAlias = Satisfied | Ready | Blocked | Waiting
Outcome: TypeAlias = Done | Waiting
Evidence: TypeAlias = Mapping[str, Json]


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One line of a plan. Fields are plain JSON values, so a step can be stored, hashed and read back.

    The runner always does check, act, verify. After a crash in the middle it starts again at check, with
    `ctx.attempted` set to the time of the attempt that was cut off; a check must then notice whether the act
    went through. Where nothing on the node shows that, set `traceless`: then a person decides.
    """

    kind: ClassVar[str]
    phase: ClassVar[Phase]
    risk: ClassVar[Risk]
    traceless: ClassVar[bool] = False
    unskippable: ClassVar[str] = ""  # why nobody may leave it out, where that would do harm
    teaches: ClassVar[bool] = False  # phones learn by it what is new, also those that look registered all the time
    settles: ClassVar[bool] = False  # once it is done, the phones are back and another trust anchor may be renewed
    needs: ClassVar[frozenset[str]] = frozenset()  # outputs of earlier steps for the same node
    makes: ClassVar[frozenset[str]] = frozenset()  # outputs that this one leaves behind, for its node

    node: str

    @property
    def origin(self) -> str:
        """The node whose steps made what this one needs: its own, but for a certificate that several nodes share."""
        return self.node

    @abstractmethod
    def summary(self) -> str:
        """The line in the plan, the card and the audit: an imperative sentence without a full stop."""

    @abstractmethod
    def check(self, ctx: StepContext) -> Check:
        """Look, change nothing. May raise Unreachable or StepFailed."""

    @abstractmethod
    def act(self, ctx: StepContext) -> Outcome:
        """Do it. Call `ctx.guard()` immediately before the command that cannot be taken back."""

    @abstractmethod
    def verify(self, ctx: StepContext) -> Evidence:
        """Look again; return what was seen, for the audit, or raise StepFailed."""

    def to_json(self) -> dict[str, Json]:
        return {"kind": self.kind, **_said(self)}

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> "Step":
        values = {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}
        values.pop("kind", None)
        return cast("Any", cls)(**values)  # type: ignore[no-any-return]


def _said(values: Any) -> dict[str, Json]:
    """The fields of a dataclass that say something: a field that a later release adds, with its default, changes
    neither the digest of a plan that was approved before nor the way it is read back."""
    return {
        field.name: value
        for field, value in zip(fields(values), asdict(values).values(), strict=True)
        if value != field.default
    }


@dataclass(frozen=True, slots=True)
class Target:
    """A certificate that the plan replaces: what the node stores now."""

    node: str
    serial: str
    not_after: str  # ISO 8601, UTC
    issuer: str
    purpose: str = ""  # the slot as the CLI spells it; of a trust certificate its store, such as "tomcat-trust"


@dataclass(frozen=True, slots=True)
class Part:
    """One purpose of a campaign; `steps` are the numbers of its steps in the whole plan, the first being 1."""

    purpose: str
    title: str
    authority: str
    profile: str
    steps: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """Something that only a person can do, outside the cluster or after the renewal; ticked off in the thread.

    `key` is a short word, unique in its plan. `text` is an imperative sentence with a full stop.
    """

    key: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What will be done to which certificates, in which order. Pure: the same snapshot makes the same plan."""

    cluster: str
    purpose: str  # the plugin's name, such as "callmanager"
    title: str
    authority: str
    profile: str  # the runbook followed, such as "cisco-217138"
    targets: tuple[Target, ...]
    steps: tuple[Step, ...]
    impact: str = ""
    cautions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    options: Mapping[str, Json] = field(default_factory=dict[str, Json])  # what was asked for, to make it anew
    tasks: tuple[Task, ...] = ()
    parts: tuple[Part, ...] = ()  # of a campaign; a plan without any is a single part

    def to_json(self) -> dict[str, Json]:
        added: dict[str, Json] = {
            "options": dict(self.options),
            "tasks": [asdict(task) for task in self.tasks],
            "parts": [{**asdict(part), "steps": list(part.steps)} for part in self.parts],
        }
        return {
            "cluster": self.cluster,
            "purpose": self.purpose,
            "title": self.title,
            "authority": self.authority,
            "profile": self.profile,
            "targets": [_said(target) for target in self.targets],
            "steps": [step.to_json() for step in self.steps],
            "impact": self.impact,
            "cautions": list(self.cautions),
            "sources": list(self.sources),
            "excludes": list(self.excludes),
            **{name: value for name, value in added.items() if value},
        }

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the canonical JSON, in full: what an approval is bound to."""
        canonical = json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(canonical.encode()).hexdigest()

    @property
    def short_digest(self) -> str:
        return self.digest[:12]

    def faults(self) -> Iterator[str]:
        """What makes this plan impossible, found before anybody is asked to approve it."""
        if not self.steps:
            yield "it has no steps"
        if sorted(number for part in self.all_parts for number in part.steps) != list(range(1, len(self.steps) + 1)):
            yield "its parts do not hold each step exactly once"
            return
        for part in self.all_parts:
            yield from self._faults_of(part)
        installing = False
        for number, step in enumerate(self.steps, start=1):
            if installing and step.phase is Phase.PREPARE:
                yield f"step {number} ({step.kind}) prepares, but an installation has begun"
            installing = installing or step.phase is not Phase.PREPARE

    def _faults_of(self, part: Part) -> Iterator[str]:
        made: set[tuple[str, str]] = set()
        phase = Phase.PREPARE
        for number in part.steps:
            step = self.steps[number - 1]
            for missing in sorted(need for need in step.needs if (need, step.origin) not in made):
                yield f"step {number} ({step.kind} on {step.node}) needs {missing!r}, which no earlier step makes"
            made |= {(name, step.node) for name in step.makes}
            if step.phase.order < phase.order:
                yield f"step {number} ({step.kind}) belongs to {step.phase}, but {phase} has begun"
            phase = max(phase, step.phase, key=lambda found: found.order)

    @property
    def all_parts(self) -> tuple[Part, ...]:
        """The parts of a campaign; of any other plan the one that is all of it."""
        numbers = tuple(range(1, len(self.steps) + 1))
        return self.parts or (Part(self.purpose, self.title, self.authority, self.profile, numbers),)

    def part_of(self, number: int) -> Part:
        """The part that step `number` belongs to."""
        return next(part for part in self.all_parts if number in part.steps)

    def why_not_skip(self, number: int, *, skipped: frozenset[int] = frozenset()) -> str:
        """Why step `number` cannot be left out, as the end of a sentence; empty when it can.

        `skipped` are the steps that were left out already, such as those of a whole part.
        """
        found = self.steps[number - 1]
        if found.unskippable:
            return found.unskippable
        if (found.settles or found.teaches) and (following := self._next_anchor(number, skipped)):
            return f"{following} comes next and would strand phones that have not learned this; skip that part first"
        mine = [self.steps[other - 1] for other in self.part_of(number).steps if other > number]
        later = (step for step in mine if step.origin == found.node and found.makes & step.needs)
        needing = next(later, None)
        return f"“{needing.summary()}” later needs what it makes" if needing else ""

    def _next_anchor(self, number: int, skipped: frozenset[int]) -> str:
        """The title of a later part that waits for the phones and still has something to do."""
        for part in self.all_parts:
            later = [other for other in part.steps if other > number and other not in skipped]
            mine = number in part.steps
            if not mine and any(self.steps[other - 1].settles for other in later):
                return part.title
        return ""

    def differences(self, other: "Plan") -> tuple[str, ...]:
        """Sentences that say how `other`, made later, differs from this plan; empty when nothing does."""
        found: list[str] = []
        mine = [(step.node, step.summary()) for step in self.steps]
        theirs = [(step.node, step.summary()) for step in other.steps]
        found += [f"no longer planned: {line} ({node})" for node, line in mine if (node, line) not in theirs]
        found += [f"newly needed: {line} ({node})" for node, line in theirs if (node, line) not in mine]
        before = {target.node: target.serial for target in self.targets}
        after = {target.node: target.serial for target in other.targets}
        for node in sorted(before.keys() | after.keys()):
            if before.get(node) != after.get(node):
                old, new = before.get(node, "none"), after.get(node, "none")
                found.append(f"{node} stored certificate {old} when planned and stores {new} now")
        found += [f"new caution: {line}" for line in other.cautions if line not in self.cautions]
        if not found and self.digest != other.digest:
            found.append("the order of the steps or the plan's settings changed")
        return tuple(found)
