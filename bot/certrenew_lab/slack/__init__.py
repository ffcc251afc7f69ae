"""A Slack-compatible workspace on loopback: Web API, Socket Mode and a web page."""

from certrenew_lab.slack.server import LabSlack
from certrenew_lab.slack.timing import Timing
from certrenew_lab.slack.workspace import Bot, Channel, SlashCommand, User, UserGroup, Workspace

__all__ = ["Bot", "Channel", "LabSlack", "SlashCommand", "Timing", "User", "UserGroup", "Workspace"]
