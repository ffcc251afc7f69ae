"""The socket: it is there again after every kind of loss, and nothing sent in between is left unanswered."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from certrenew.app.grammar import Grammar
from certrenew.slack import connection
from certrenew.slack.app import SlackBot

from .conftest import settings_for
from .fakes import Asked, Kept, Lab, eventually


@contextmanager
def started(lab: Lab, **more: Any) -> Iterator[SlackBot]:
    bot = SlackBot(
        settings=settings_for(lab, **more),
        inbox=Kept(),  # type: ignore[arg-type]
        grammar=Grammar(purposes=["tomcat"], clusters=["cluster-a"], authorities=[]),
        questions=Asked(),
    )
    bot.start()
    try:
        yield bot
    finally:
        bot.stop()


def help_is_answered(lab: Lab) -> bool:
    return "Example:" in str(lab.act("command", "ana", "uc-certificates", "/certrenew help").get("shown"))


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "BACKOFF", (0.05, 0.1, 0.2))
    monkeypatch.setattr("certrenew.slack.app.BACKOFF", (0.05, 0.1, 0.2))
    monkeypatch.setattr(connection, "PING", 0.5)


def test_the_bot_starts_while_slack_is_away_and_connects_later() -> None:
    lab, port = Lab(), free_port()
    lab.slack.lab.address = f"http://127.0.0.1:{port}"
    with started(lab) as bot:
        assert not bot.health().connected
        with lab.running(port):
            assert eventually(lambda: bot.health().connected)
            assert help_is_answered(lab)


def test_a_refused_token_does_not_end_the_bot(lab: Lab) -> None:
    lab.fault("token_revoked", token="bot")
    with started(lab) as bot:
        eventually(lambda: len(lab.calls("auth.test")) > 1)
        lab.fault("clear")
        assert eventually(lambda: bot.health().connected)


def test_after_an_outage_the_bot_is_back(lab: Lab) -> None:
    with started(lab) as bot:
        eventually(lambda: bot.health().connected)
        lab.fault("outage", seconds=1)
        eventually(lambda: not bot.health().connected)
        eventually(lambda: lab.slack.lab.sockets.connections and bot.health().connected, within=15)
        assert help_is_answered(lab)


@pytest.mark.parametrize("close", [True, False])
def test_a_routine_refresh_loses_no_command(lab: Lab, close: bool) -> None:
    with started(lab) as bot:
        eventually(lambda: bot.health().connected)
        for _ in range(3):
            lab.fault("disconnect", reason="refresh_requested", close=close)
            assert help_is_answered(lab)


def test_a_deaf_socket_is_noticed_and_replaced(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK's own watch is blind here, as it has been in production."""

    async def blind(_: object) -> None:
        return None

    monkeypatch.setattr(connection.SocketModeClient, "monitor_current_session", blind)
    with started(lab, deaf_after=1.0) as bot:
        eventually(lambda: bot.health().connections >= 2)
        assert eventually(lambda: help_is_answered(lab))


def test_health_tells_how_long_ago_slack_was_heard(lab: Lab) -> None:
    with started(lab) as bot:
        eventually(lambda: bot.health().connected)
        heard = bot.health().heard
        assert heard is not None
        assert heard < 5
