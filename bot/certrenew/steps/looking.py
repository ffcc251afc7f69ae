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
