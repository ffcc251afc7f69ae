"""Checks what can be checked of the Slack side, and says in sentences what is right and what is not."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from certrenew.domain.errors import CertrenewError
from certrenew.slack.cards import Message
from certrenew.slack.manifest import SCOPES
from certrenew.slack.settings import SlackSettings
from certrenew.slack.web import SlackRefused, Web


@dataclass(frozen=True, slots=True)
class Finding:
    ok: bool
    sentence: str


class Doctor:
    """`samples` are cards to be judged by Slack's own validator; groups and users are the configured approvers."""

    def __init__(
        self,
        settings: SlackSettings,
        *,
        group_ids: Iterable[str] = (),
        user_ids: Iterable[str] = (),
        samples: Sequence[Message] = (),
        web: Web | None = None,
    ) -> None:
        self._settings = settings
        self._groups = tuple(dict.fromkeys(group_ids))
        self._users = tuple(dict.fromkeys(user_ids))
        self._samples = samples
        self._web = web or Web(settings)

    def check(self) -> list[Finding]:
        """Every finding, the bad ones too; never raises for Slack's sake."""
        found = [self._server()]
        checks: tuple[Callable[[], Iterator[Finding]], ...] = (
            self._token,
            self._socket,
            self._channels,
            self._approvers,
            self._layout,
        )
        for check in checks:
            try:
                found += check()
            except CertrenewError as error:
                found.append(Finding(False, str(error)))
        return found

    def _server(self) -> Finding:
        if self._settings.is_slack:
            return Finding(True, "The server is Slack.")
        return Finding(
            False,
            f"WARNING: the server is {self._settings.base_url}, not Slack. Approvals given there prove nothing about"
            " who gave them; never use it for a production cluster.",
        )

    def _token(self) -> Iterator[Finding]:
        answer = self._web.call("auth_test")
        team = answer.get("team_id", "")
        yield Finding(True, f"The bot token is valid: {answer.get('user')} in workspace {answer.get('team')} ({team}).")
        if self._settings.team_id and self._settings.team_id != team:
            yield Finding(False, f"The configured workspace is {self._settings.team_id}, but the token is for {team}.")
        header = answer["headers"].get("x-oauth-scopes")
        if header is None:
            yield Finding(True, "The server does not say which scopes the bot has; they were not checked.")
            return
        granted = {scope.strip() for scope in str(header).split(",")}
        missing = [f"{scope} ({why})" for scope, why in SCOPES.items() if scope not in granted]
        if missing:
            yield Finding(False, f"The bot lacks scopes: {'; '.join(missing)}. Add them and install the app again.")
        else:
            yield Finding(True, "The bot has every scope it needs.")

    def _socket(self) -> Iterator[Finding]:
        try:
            self._web.call("apps_connections_open")
            yield Finding(True, "The app token is valid and Socket Mode is on.")
        except CertrenewError as error:
            yield Finding(
                False, f"Socket Mode does not work: {error} The app token needs connections:write, and Socket Mode on."
            )

    def _channels(self) -> Iterator[Finding]:
        if not self._settings.every_channel:
            yield Finding(False, "No channel is configured; renewals asked for on the command line are not shown.")
        for channel in self._settings.every_channel:
            try:
                found: Mapping[str, Any] = self._web.call("conversations_info", channel=channel)["channel"]
            except SlackRefused as refusal:
                yield Finding(
                    False, f"Channel {channel} cannot be read ({refusal.code}): is its id right, is the bot in?"
                )
                continue
            name = f"#{found.get('name', channel)}"
            if found.get("is_archived"):
                yield Finding(False, f"{name} is archived; name another channel.")
            elif found.get("is_member"):
                yield Finding(True, f"The bot is in {name}.")
            else:
                yield Finding(False, f"The bot is not in {name}, so nothing can be shown there: /invite it.")

    def _approvers(self) -> Iterator[Finding]:
        if not self._groups and not self._users:
            yield Finding(False, "Nobody is configured as an approver in Slack, so nothing can be approved here.")
        for group in self._groups:
            try:
                members = list(self._web.call("usergroups_users_list", usergroup=group).get("users", ()))
            except SlackRefused as refusal:
                yield Finding(False, f"Approver group {group} cannot be read ({refusal.code}).")
                continue
            active = [user for user in members if self._active(user)]
            if len(active) < 2:
                yield Finding(False, f"Approver group {group} has {len(active)} active members; four eyes need two.")
            else:
                yield Finding(True, f"Approver group {group} has {len(active)} active members.")
        for user in self._users:
            ok = self._active(user)
            yield Finding(ok, f"Approver {user} is {'active' if ok else 'unknown, deactivated or a bot'}.")

    def _active(self, user: str) -> bool:
        try:
            found = self._web.call("users_info", user=user)["user"]
        except SlackRefused:
            return False
        return not found.get("deleted") and not found.get("is_bot")

    def _layout(self) -> Iterator[Finding]:
        for number, sample in enumerate(self._samples, start=1):
            try:
                answer = self._web.call("blocks_validate", blocks=list(sample.blocks))
            except SlackRefused as refusal:
                if refusal.code == "unknown_method":
                    yield Finding(True, "The server cannot validate layouts; they were not checked.")
                    return
                yield Finding(False, f"Slack refuses the layout of sample card {number}: {refusal.code}.")
                continue
            if errors := answer.get("errors"):
                yield Finding(False, f"Slack refuses the layout of sample card {number}: {str(errors)[:300]}")
        if self._samples:
            yield Finding(True, f"Slack was asked about the layout of {len(self._samples)} sample cards.")
