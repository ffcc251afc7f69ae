"""The doctor finds what silently keeps a bot from working."""

from certrenew.slack.cards import card
from certrenew.slack.doctor import Doctor
from certrenew.slack.manifest import SCOPES, manifest
from certrenew.slack.settings import SlackSettings
from certrenew_lab.slack import Workspace

from .conftest import settings_for
from .fakes import NOW, POLICY, Lab, make_renewal


def sentences(doctor: Doctor, *, ok: bool) -> str:
    return "\n".join(found.sentence for found in doctor.check() if found.ok is ok)


def test_a_healthy_set_up_has_one_warning_that_this_is_not_slack(settings: SlackSettings) -> None:
    samples = [card(make_renewal(21), POLICY, NOW)]
    doctor = Doctor(settings, group_ids=["S0CHANGE01"], user_ids=["U0ANA00001"], samples=samples)
    (bad,) = sentences(doctor, ok=False).splitlines()
    assert bad.startswith("WARNING: the server is http://127.0.0.1")
    good = sentences(doctor, ok=True)
    for words in (
        "bot token is valid",
        "every scope",
        "Socket Mode is on",
        "The bot is in #uc-certificates",
        "2 active",
    ):
        assert words in good


def test_it_finds_the_channel_the_bot_is_not_in(lab: Lab) -> None:
    bad = sentences(Doctor(settings_for(lab, channel="C0GENERAL1", channels={"x": "C0NOWHERE1"})), ok=False)
    assert "The bot is not in #general" in bad
    assert "C0NOWHERE1 cannot be read (channel_not_found)" in bad


def test_it_finds_missing_scopes_and_lonely_groups() -> None:
    from dataclasses import replace

    from certrenew_lab.slack import UserGroup

    group = UserGroup("S0LONELY01", "lonely", "Lonely", ("U0CARMEN01", "U0LEE00001"))
    scopes = tuple(scope for scope in Workspace().scopes if scope != "im:write")
    with Lab(replace(Workspace(), scopes=scopes, groups=(group,))).running() as lab:
        bad = sentences(Doctor(settings_for(lab), group_ids=[group.id], user_ids=["U0LEE00001"]), ok=False)
    assert "lacks scopes: im:write" in bad
    assert "S0LONELY01 has 1 active members" in bad
    assert "U0LEE00001 is unknown, deactivated or a bot" in bad


def test_it_says_what_a_dead_server_means() -> None:
    settings = SlackSettings(
        bot_token=lambda: "xoxb", app_token=lambda: "xapp", channel="C1", base_url="http://127.0.0.1:9/api/"
    )
    assert "Slack does not answer" in sentences(Doctor(settings), ok=False)


def test_a_revoked_token_is_named(lab: Lab) -> None:
    lab.fault("token_revoked", token="bot")
    assert "token_revoked" in sentences(Doctor(settings_for(lab)), ok=False)


def test_the_manifest_asks_for_the_scopes_and_for_socket_mode() -> None:
    found = manifest()
    assert found["oauth_config"]["scopes"]["bot"] == list(SCOPES)
    assert found["settings"]["socket_mode_enabled"]
    command = found["features"]["slash_commands"][0]
    assert len(command["command"]) <= 32
    assert len(found["display_information"]["description"]) <= 140


def test_tokens_are_never_printed(settings: SlackSettings) -> None:
    assert "token" not in repr(settings)
