"""The words of a declaration: where a certificate lives, what is restarted by which document, what was asked for."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Any

from certrenew.domain.model import PLAIN, Node, NodeSnapshot, RequestOptions, Role
from certrenew.domain.values import Json


class Where(StrEnum):
    """Which nodes of a cluster hold a certificate, or run a service."""

    EVERYWHERE = "every node"
    CUCM = "every node of Unified Communications Manager"
    PUBLISHER = "the publisher only"
    SUBSCRIBERS = "the subscribers"
    PRESENCE = "the IM and Presence nodes"
    PRESENCE_PUBLISHER = "the database publisher of IM and Presence"

    def holds(self, node: Node) -> bool:
        match self:
            case Where.EVERYWHERE:
                return True
            case Where.CUCM:
                return not node.role.presence
            case Where.PUBLISHER:
                return node.role is Role.PUBLISHER
            case Where.SUBSCRIBERS:
                return node.role is Role.SUBSCRIBER
            case Where.PRESENCE:
                return node.role.presence
            case Where.PRESENCE_PUBLISHER:
                return node.role is Role.PRESENCE_PUBLISHER


class Phones(StrEnum):
    """What a renewal of this purpose means for the phones."""

    UNAFFECTED = "unaffected"
    RESET_AND_WAIT = "reset and wait"


def release_of(version: str) -> tuple[int, ...]:
    """The numbers of a version such as 14.0.1.12900-161, without the build; they compare."""
    return tuple(int(part) for part in re.findall(r"\d+", version.split("-")[0]))


@dataclass(frozen=True, slots=True)
class Restart:
    """A service to restart wherever it runs: publisher first, then the subscribers, one node at a time.

    `where` narrows that down. `since` is the first release for which the document asks for it, such as "14".
    """

    service: str
    where: Where = Where.EVERYWHERE
    since: str = ""
    with_single_sign_on: bool = False  # only where SAML single sign-on was in use

    def asked_on(self, found: NodeSnapshot) -> bool:
        """Whether the service runs on this node and the document asks for its restart on this release."""
        new_enough = release_of(found.version) >= release_of(self.since)
        return self.where.holds(found.node) and new_enough and found.runs(self.service)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """What one document says about a purpose: `restarts` in order; `since` and `until` bound its releases."""

    name: str
    source: str
    restarts: tuple[Restart, ...]
    since: str = ""
    until: str = ""  # the first release that the document no longer covers
    caution: str = ""  # what whoever approves must know of this document
    resets_first: bool = False  # in mixed mode phones fetch the CTL before any service restarts

    def covers(self, version: str) -> bool:
        numbers = release_of(version)
        return numbers >= release_of(self.since) and (not self.until or numbers < release_of(self.until))


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a request may choose; part of the plan and therefore of what is approved.

    `as_of` is the day of planning (ISO 8601): what then has `due_days` left or fewer is due. Without it everything
    is due. `force` is the reason for which somebody renews what is not.
    """

    authority: str = ""
    replace_csr: bool = False
    minimum_days: float = 1.0
    nodes: tuple[str, ...] = ()
    renewing: tuple[str, ...] = ()  # the nodes that were found due; decided once
    as_of: str = ""
    due_days: float = 60.0
    force: str = ""
    runbook: str = ""
    single_sign_on: bool = False
    members_untold: bool = False  # the cluster did not list its servers
    request: RequestOptions = PLAIN
    backup_device: str = ""
    backup_features: str = ""

    def to_json(self) -> dict[str, Json]:
        values = asdict(self)
        values["nodes"] = list(self.nodes)
        values["renewing"] = list(self.renewing)
        values["request"]["names"] = list(self.request.names)
        return values

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Options":
        known = {field.name for field in fields(cls)}
        values = {name: value for name, value in stored.items() if name in known}
        for name in ("nodes", "renewing"):
            values[name] = tuple(values.get(name, ()))
        request = dict(values.get("request", {}))
        request["names"] = tuple(request.get("names", ()))
        values["request"] = RequestOptions(**request)
        return cls(**values)

    def due(self, not_after: date) -> bool:
        """Whether a certificate that ends on that day is to be renewed."""
        if not self.as_of or self.force:
            return True
        return (not_after - date.fromisoformat(self.as_of)).days <= self.due_days
