"""The bot dies right after each kind of act, for real, and starts again: nothing is done twice, nothing is left out."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from certrenew.cli.demo.play import _twice
from certrenew.domain.renewal import State

from .conftest import Stage, _login

ACTS = {"generate_csr", "submit", "upload_trust", "upload_identity", "update_ctl", "restart", "reset_device_pool"}


def test_a_bot_that_dies_after_each_kind_of_act_does_none_twice(make_stage: Callable[..., Stage]) -> None:
    stage = make_stage("--mixed-mode", slack=False)
    bot = [sys.executable, str(Path(__file__).with_name("dying_bot.py")), str(stage.config), str(stage.directory)]
    said = ""
    for _ in range(len(ACTS) + 1):
        run = subprocess.run(bot, env=_login("bot"), capture_output=True, text=True, timeout=55)
        said += run.stdout
        if run.returncode != 137:
            break
    assert run.returncode == 0, said + run.stderr
    died_of = {path.name.removeprefix("died-of-") for path in stage.directory.glob("died-of-*")}
    assert died_of == ACTS
    assert _twice(stage.people.journal(), purposes=1) == []
    renewal = stage.renewal()
    assert renewal is not None
    assert renewal.state is State.SUCCEEDED
    assert stage.audit_is_whole()
