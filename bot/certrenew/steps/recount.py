"""The baseline anew, when the installation begins: the authority may have taken days, and phones come and go."""

from dataclasses import dataclass
from typing import ClassVar

from certrenew.domain.packing import unpacked
from certrenew.domain.plan import Check, Phase, Satisfied
from certrenew.domain.ports import StepContext
from certrenew.steps.phone_names import names_of
from certrenew.steps.phones import BaselinePhones


@dataclass(frozen=True, kw_only=True)
class RecountPhones(BaselinePhones):
    """Who is registered right before the first upload; later steps take this count, being the newest."""

    kind: ClassVar[str] = "recount_phones"
    phase: ClassVar[Phase] = Phase.INSTALL
    needs: ClassVar[frozenset[str]] = frozenset({"baseline", "phones"})

    def summary(self) -> str:
        return "Count the registered phones again, right before the first upload"

    def check(self, ctx: StepContext) -> Check:
        found = super().check(ctx)
        if isinstance(found, Satisfied):
            before, now = names_of(ctx, self.node), unpacked(found.output["phones"])
            if len(now) < len(before):
                ctx.notice(
                    f"{len(now)} phones are registered now; {len(before)} were when this was prepared. The phones are"
                    " waited for by the count of now."
                )
        return found
