"""A backup is known by when it ended: a node that keeps only so many lists no more after one than before it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from certrenew.domain.plan import Blocked, Check, Done, Satisfied
from certrenew.steps import AwaitBackup, TakeBackup

FIRST = datetime(2026, 7, 1, 3, tzinfo=UTC)


class Keeping:
    """A node that lists the last two backups only."""

    def __init__(self, ended: int) -> None:
        self.all = [FIRST + timedelta(days=day) for day in range(ended)]

    def backup_running(self) -> bool:
        return False

    def backup_history(self) -> tuple[datetime, ...]:
        return tuple(self.all[-2:])

    def start_backup(self, device: str, features: str) -> None:
        self.all.append(FIRST + timedelta(days=100))


def looked(node: Any, *, takes: bool) -> Check:
    outputs: dict[str, Any] = {}
    ctx: Any = SimpleNamespace(
        session=SimpleNamespace(node=lambda name: node),
        guard=lambda: None,
        attempted=None,
        now=FIRST,
        waiting_since=None,
        output=lambda name, of: outputs[name],
    )
    took = TakeBackup(node="cucm-pub", device="nas", features="CUCM").act(ctx)
    assert isinstance(took, Done)
    outputs.update(took.output)
    if not takes:
        node.all.pop()
    return AwaitBackup(node="cucm-pub").check(ctx)


@pytest.mark.parametrize("ended", [0, 1, 2, 9])
def test_a_new_backup_is_seen_however_many_are_listed(ended: int) -> None:
    assert isinstance(looked(Keeping(ended), takes=True), Satisfied)


@pytest.mark.parametrize("ended", [0, 1, 9])
def test_a_backup_that_did_not_end_well_is_missed(ended: int) -> None:
    assert isinstance(looked(Keeping(ended), takes=False), Blocked)
