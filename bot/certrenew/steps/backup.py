"""A disaster recovery backup at the end: a restore from an older one would bring the old certificates back."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from certrenew.domain.plan import Blocked, Check, Done, Evidence, Outcome, Phase, Ready, Risk, Satisfied, Step, Waiting
from certrenew.domain.ports import NodeSession, StepContext
from certrenew.steps.looking import Looking, seconds_waited

LONGEST = 4 * 3600.0  # seconds that a backup may take before somebody should look at it
POLL = 30.0


def _newest(node: NodeSession) -> str:
    """When the newest backup ended. Not how many there are: a node that lists only so many lists no more."""
    done = node.backup_history()
    return done[-1].isoformat() if done else ""


@dataclass(frozen=True, kw_only=True)
class TakeBackup(Step):
    """Start a backup to the device that the configuration names; a running one counts as ours after a crash."""

    kind: ClassVar[str] = "take_backup"
    phase: ClassVar[Phase] = Phase.PROVE
    risk: ClassVar[Risk] = Risk.CHANGE
    makes: ClassVar[frozenset[str]] = frozenset({"backups_before"})
    device: str
    features: str

    def summary(self) -> str:
        return f"Start a disaster recovery backup of {self.features} to {self.device}"

    def check(self, ctx: StepContext) -> Check:
        node = ctx.session.node(self.node)
        if node.backup_running():
            if ctx.attempted is not None:
                return Satisfied({"backups_before": _newest(node)}, note="it is running already")
            return Waiting("another backup or restore is running", POLL)
        return Ready()

    def act(self, ctx: StepContext) -> Outcome:
        node = ctx.session.node(self.node)
        before = _newest(node)
        ctx.guard()
        node.start_backup(self.device, self.features)
        return Done({"backups_before": before})

    def verify(self, ctx: StepContext) -> Evidence:
        return {"device": self.device, "features": self.features}


@dataclass(frozen=True, kw_only=True)
class AwaitBackup(Looking):
    kind: ClassVar[str] = "await_backup"
    phase: ClassVar[Phase] = Phase.PROVE
    needs: ClassVar[frozenset[str]] = frozenset({"backups_before"})

    def summary(self) -> str:
        return "Wait until the backup has ended well"

    def check(self, ctx: StepContext) -> Check:
        node = ctx.session.node(self.node)
        waited = seconds_waited(ctx)
        if node.backup_running():
            if waited > LONGEST:
                return Blocked("The backup has run for four hours. Look at the disaster recovery system, then retry.")
            return Waiting("the backup is running", POLL)
        before = ctx.output("backups_before", self.node)
        done = node.backup_history()
        if done and isinstance(before, str) and (not before or done[-1] > datetime.fromisoformat(before)):
            return Satisfied({"backup": f"ended {done[-1]:%Y-%m-%d %H:%M}"})
        return Blocked(
            "The backup has ended, but the history lists no new one that went well. The renewal itself is complete."
            " Look at the disaster recovery system; take a backup by hand and skip this step, or abandon."
        )
