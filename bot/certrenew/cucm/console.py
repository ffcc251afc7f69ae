"""What every group of commands shares: the terminal of one node, its patience, and how a refusal is told."""

import re

from certrenew.cucm import parse, wording
from certrenew.cucm.settings import Timeouts
from certrenew.cucm.shell import Shell
from certrenew.domain.errors import AccessDenied, StepFailed

_UNIT = re.compile(r"[A-Za-z][A-Za-z0-9-]*")


def unit(purpose: str) -> str:
    """A purpose fit to stand in a command; raises StepFailed for anything else."""
    if not _UNIT.fullmatch(purpose):
        raise StepFailed(f"{purpose!r} is not the name of a certificate purpose; nothing was sent.")
    return purpose


class Console:
    """Commands on one node's command line. Errors are those of the ports."""

    def __init__(self, shell: Shell, timeouts: Timeouts) -> None:
        self._shell = shell
        self._timeouts = timeouts

    @property
    def name(self) -> str:
        return self._shell.name

    def _told(self, what: str, command: str) -> str:
        """What a command that only looks printed; raises when the node refused it."""
        said = self._shell.run(command)
        if parse.REFUSED.search(said):
            raise self._denied(what, said)
        if parse.FAILED.search(said):
            raise StepFailed(f"{self.name} did not {what}; it said: {parse.words(said)!r}. Nothing was changed.")
        return said

    def _changed(self, command: str, timeout: float | None = None) -> str:
        """What a command that changes the node printed, its questions answered with yes."""
        return self._shell.run(command, changes=True, timeout=timeout or self._timeouts.certificate)

    def _failed(self, what: str, said: str, now: str) -> StepFailed:
        if parse.REFUSED.search(said):
            return self._denied(what, said)
        explained = wording.explain(said) or "The reason is not one that this program knows; look at the node."
        return StepFailed(f"{self.name} did not {what}. It said: {parse.words(said) or 'nothing'!r}. {now} {explained}")

    def _denied(self, what: str, said: str) -> AccessDenied:
        return AccessDenied(
            f"{self.name} does not let the platform account {what}; it said: {parse.words(said)!r}. Nothing was "
            "changed. Certificates need privilege level 1, and a reset of the ITL or CTL key level 4; give the account "
            "that level, then retry."
        )
