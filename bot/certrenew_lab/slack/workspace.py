"""The people, groups, channels and app a lab workspace starts with."""

from __future__ import annotations

from dataclasses import dataclass, field

MANIFEST_SCOPES = (
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "reactions:write",
    "usergroups:read",
    "users:read",
)


@dataclass(frozen=True)
class User:
    """A member of the workspace; a deactivated one cannot act."""

    id: str
    name: str
    real_name: str
    email: str
    title: str = ""
    deactivated: bool = False


@dataclass(frozen=True)
class UserGroup:
    """A user group; `members` are user ids."""

    id: str
    handle: str
    name: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Channel:
    """A channel; `members` are user ids, the bot's own membership is `bot_in`."""

    id: str
    name: str
    members: tuple[str, ...]
    bot_in: bool = True
    private: bool = False
    archived: bool = False


@dataclass(frozen=True)
class Bot:
    """The app under test as Slack knows it."""

    user_id: str = "U0LABBOT01"
    bot_id: str = "B0LABBOT01"
    app_id: str = "A0LABAPP01"
    name: str = "certrenew"


@dataclass(frozen=True)
class SlashCommand:
    """A command of the app's manifest, with the hint the composer shows."""

    command: str
    usage_hint: str = ""
    description: str = ""


ANA = User("U0ANA00001", "ana", "Ana Ferreira", "ana@example.com", "UC engineer")
CARMEN = User("U0CARMEN01", "carmen", "Carmen Ruiz", "carmen@example.com", "Change manager")
CHEN = User("U0CHEN0001", "chen", "Chen Wei", "chen@example.com", "Change manager")
SAM = User("U0SAM00001", "sam", "Sam Okafor", "sam@example.com", "Service desk")
LEE = User("U0LEE00001", "lee", "Lee Novak", "lee@example.com", "Left the company", deactivated=True)


@dataclass(frozen=True)
class Workspace:
    """A scenario; raises ValueError when a group or channel names somebody who does not exist.

    A token left empty is generated at random when the server starts.
    """

    team_id: str = "T0LABTEAM1"
    team_name: str = "Certificate Lab"
    team_domain: str = "certificate-lab"
    users: tuple[User, ...] = (ANA, CARMEN, CHEN, SAM, LEE)
    groups: tuple[UserGroup, ...] = (
        UserGroup("S0CHANGE01", "uc-change-managers", "UC change managers", (CARMEN.id, CHEN.id)),
    )
    channels: tuple[Channel, ...] = (
        Channel("C0UCCERT01", "uc-certificates", (ANA.id, CARMEN.id, CHEN.id, SAM.id)),
        Channel("C0GENERAL1", "general", (ANA.id, CARMEN.id, CHEN.id, SAM.id), bot_in=False),
    )
    bot: Bot = field(default_factory=Bot)
    commands: tuple[SlashCommand, ...] = (
        SlashCommand("/certrenew", "[help | status | <service> <cluster>]", "Renew a certificate"),
    )
    scopes: tuple[str, ...] = MANIFEST_SCOPES
    events: tuple[str, ...] = ("app_home_opened",)
    home_enabled: bool = True
    bot_token: str = ""
    app_token: str = ""
    signing_secret: str = ""

    def __post_init__(self) -> None:
        known = {user.id for user in self.users}
        named = {member for group in self.groups for member in group.members}
        named |= {member for channel in self.channels for member in channel.members}
        if named - known:
            raise ValueError(f"The workspace names people who do not exist: {', '.join(sorted(named - known))}.")
