"""A bot that dies right after the first act of each kind: dying_bot.py CONFIG DIRECTORY. Exit code 0: succeeded.

The act has taken effect, and nobody has written that down: the worst moment there is. The session and the authority
are the real ones, wrapped; a file for each kind of act remembers that the bot has died of it already.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

from certrenew.app.commands import Approve, Change, Release, Renew, Retry, Skip
from certrenew.domain.approval import Gate, Person
from certrenew.domain.errors import CommandRefused
from certrenew.domain.renewal import Renewal, State
from certrenew.settings import load
from certrenew.wiring.application import Application

ACTS = ("generate_csr", "upload_trust", "upload_identity", "update_ctl", "restart", "reset_device_pool", "submit")
OPENS = ("open", "node")
ALICE, DORA = Person("local:alice", "alice"), Person("local:dora", "dora")


class Deadly:
    """Passes everything on; returns from no act of a kind that has not killed before."""

    def __init__(self, inner: Any, directory: Path) -> None:
        self._inner = inner
        self._directory = directory

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if name in OPENS:
            return lambda *given: Deadly(found(*given), self._directory)
        if name not in ACTS:
            return found

        def act(*given: Any) -> Any:
            result = found(*given)
            mark = self._directory / f"died-of-{name}"
            if not mark.exists():
                mark.touch()
                os._exit(137)
            return result

        return act


def main() -> None:
    settings, _ = load(Path(sys.argv[1]))
    directory = Path(sys.argv[2])
    app = Application(settings, runs=True)
    app.sessions._clusters = Deadly(app.clusters, directory)
    app.authorities = {name: Deadly(found, directory) for name, found in app.authorities.items()}
    app.start()
    while True:
        with app.store() as unit:
            found = unit.newest(limit=1)
        if found and found[0].state.final:
            print(found[0].state, found[0].reason, flush=True)
            app.stop()
            os._exit(0 if found[0].state is State.SUCCEEDED else 1)
        if decision := _decide(found[0] if found else None):
            try:
                app.service.handle(decision, ALICE if isinstance(decision, Renew) else DORA, key=f"k{time.time_ns()}")
            except CommandRefused as refusal:
                print(refusal, flush=True)
        time.sleep(0.1)


def _decide(renewal: Renewal | None) -> Change | None:
    """What people do, in this order; at a stop they look: here the act that was cut off has always gone through."""
    if renewal is None:
        return Renew(purpose="callmanager", cluster="cluster-a")
    if renewal.state is State.PLANNED:
        return Approve(renewal=renewal.id)
    if renewal.gate is Gate.RELEASE and not renewal.released:
        return Release(renewal=renewal.id)
    if renewal.state is State.STOPPED and renewal.current is not None:
        print("stopped:", renewal.reason, flush=True)
        if renewal.current.kind == "reset_phones":
            return Skip(renewal=renewal.id, reason="the phones were reset")
        return Retry(renewal=renewal.id)
    return None


if __name__ == "__main__":
    main()
