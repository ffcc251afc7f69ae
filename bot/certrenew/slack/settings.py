"""What the Slack adapter must be told: tokens, channels and how patient it is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import urlsplit

Secret = Callable[[], str]
SLACK = "https://slack.com/api/"


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings:
    """Times are in seconds. Tokens are functions, so that a rotated one is picked up and none is ever printed."""

    bot_token: Secret = field(repr=False)
    app_token: Secret = field(repr=False)
    channel: str  # the id of the channel for everything that was not asked for in a channel
    channels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))  # by cluster
    base_url: str = SLACK
    command: str = "/certrenew"
    team_id: str = ""  # when set, people of other workspaces are turned away at once
    redraw_interval: float = 2.0  # a card is edited at most this often
    post_interval: float = 1.05  # between two messages in one channel (Slack: about one a second)
    edit_interval: float = 1.25  # between any two edits (Slack: about fifty a minute)
    timeout: float = 10.0
    deaf_after: float = 45.0  # a socket without an answered ping for this long is replaced
    groups_interval: float = 240.0

    def channel_of(self, cluster: str) -> str:
        return self.channels.get(cluster) or self.channel

    @property
    def every_channel(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(found for found in (self.channel, *self.channels.values()) if found))

    @property
    def is_slack(self) -> bool:
        """Whether the server behind `base_url` is Slack itself."""
        host = urlsplit(self.base_url).hostname or ""
        return host == "slack.com" or host.endswith((".slack.com", ".slack-gov.com")) or host == "slack-gov.com"
