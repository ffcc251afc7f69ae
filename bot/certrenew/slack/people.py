"""Who somebody is in Slack, by account and never by name, and who the approvers are."""

import logging
import re
import threading
from collections.abc import Iterable, Mapping
from typing import Any

from certrenew.domain.approval import Person
from certrenew.domain.errors import CertrenewError
from certrenew.slack.web import SlackRefused, Web

log = logging.getLogger(__name__)

PERSON = re.compile(r"^slack:(?P<team>[A-Z0-9]+)/(?P<user>[UW][A-Z0-9]+)$")
DELETED = frozenset({"no_such_subteam", "subteam_not_found"})


def person_id(team: str, user: str) -> str:
    return f"slack:{team}/{user}"


def person(payload: Mapping[str, Any]) -> Person:
    """Who sent a slash command, a click or a dialog. Raises KeyError when the payload names nobody."""
    user = payload.get("user")
    if isinstance(user, Mapping):
        team = user.get("team_id") or (payload.get("team") or {}).get("id") or (payload.get("enterprise") or {})["id"]
        name = user.get("name") or user.get("username") or user["id"]
        return _person(str(team), str(user["id"]), str(name))
    team = payload.get("team_id") or payload["enterprise_id"]
    return _person(str(team), str(payload["user_id"]), str(payload.get("user_name") or payload["user_id"]))


def _person(team: str, user: str, name: str) -> Person:
    return Person(id=person_id(team, user), name=name, mention=f"<@{user}>")


def user_of(found: Person) -> str:
    """The Slack user id of a person; empty for somebody of the command line."""
    match = PERSON.match(found.id)
    return match["user"] if match else ""


class ApproverGroups:
    """The members of the configured user groups, read in the background and never while somebody waits.

    Until a group has been read, nobody of it is an approver. When Slack errs, the last good list stays; a group
    that Slack no longer knows is empty.
    """

    def __init__(self, web: Web, *, group_ids: Iterable[str], team_id: str = "") -> None:
        self._web = web
        self._groups = tuple(dict.fromkeys(group_ids))
        self._team = team_id
        self._members: dict[str, frozenset[str]] = {}
        self._lock = threading.Lock()

    def approvers(self, group_ids: Iterable[str], user_ids: Iterable[str]) -> frozenset[str]:
        """Person ids, from memory. Empty while the workspace's id is not known."""
        with self._lock:
            if not self._team:
                return frozenset()
            users = set(user_ids)
            for group in group_ids:
                users |= self._members.get(group, frozenset())
            return frozenset(person_id(self._team, user) for user in users)

    def refresh(self) -> bool:
        """Read every group again; False when something could not be read. Never raises for Slack's sake."""
        whole = True
        try:
            if not self._team:
                team = str(self._web.call("auth_test")["team_id"])
                with self._lock:
                    self._team = team
        except CertrenewError as error:
            log.warning("the approvers cannot be read: %s", error)
            return False
        for group in self._groups:
            whole &= self._refresh(group)
        return whole

    def _refresh(self, group: str) -> bool:
        try:
            answer = self._web.call("usergroups_users_list", usergroup=group)
            members = frozenset(str(user) for user in answer.get("users", ()))
        except SlackRefused as refusal:
            if refusal.code not in DELETED:
                log.warning("approver group %s cannot be read, the last list stays: %s", group, refusal)
                return False
            log.warning("approver group %s does not exist any more, so nobody is an approver through it", group)
            members = frozenset()
        except CertrenewError as error:
            log.warning("approver group %s cannot be read just now, the last list stays: %s", group, error)
            return False
        with self._lock:
            self._members[group] = members
        return True


def mentions(group_ids: Iterable[str], user_ids: Iterable[str]) -> str:
    """How a message addresses these approvers."""
    return " ".join([*(f"<!subteam^{group}>" for group in group_ids), *(f"<@{user}>" for user in user_ids)])
