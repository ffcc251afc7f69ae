"""Steps that only look: their check is the whole of them."""

from typing import ClassVar

from certrenew.domain.plan import Done, Evidence, Outcome, Risk, Step
from certrenew.domain.ports import StepContext


class Looking(Step):
    """A step whose check answers Satisfied, Blocked or Waiting, and never Ready."""

    risk: ClassVar[Risk] = Risk.READ

    def act(self, ctx: StepContext) -> Outcome:
        return Done()

    def verify(self, ctx: StepContext) -> Evidence:
        return {}


def seconds_waited(ctx: StepContext) -> float:
    """How long this step has said that it waits; 0 when it has not."""
    return (ctx.now - ctx.waiting_since).total_seconds() if ctx.waiting_since else 0.0
