"""The service and cluster commands of one node's command line, each with all its known wordings."""

import re
from collections.abc import Mapping

from certrenew.cucm import members, parse
from certrenew.cucm.console import Console
from certrenew.domain.errors import StepFailed
from certrenew.domain.model import Member, SecurityMode, Service

_SQL_MODE = "run sql select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"


class Upkeep(Console):
    """Services, replication, single sign-on, and what a node knows of its cluster."""

    def services(self) -> Mapping[str, Service]:
        output = self._shell.run("utils service list")
        found = parse.services(output)
        if not found:
            raise StepFailed(f"{self.name} did not list its services; it said: {parse.words(output)!r}.")
        return found

    def restart(self, service: str) -> None:
        said = self._changed(f"utils service restart {service}", self._timeouts.restart)
        unknown = re.search(
            r"not\s+found|no\s+such|does\s+not\s+exist|invalid\s+service|unknown\s+service", said, re.IGNORECASE
        )
        if unknown or parse.FAILED.search(said):
            raise self._failed(
                f"restart {service!r}", said, "Look at the list of services for its state and exact name."
            )

    def replication_problems(self) -> tuple[str, ...]:
        return parse.replication_problems(self._shell.run("utils dbreplication runtimestate"))

    def security_mode(self) -> SecurityMode:
        output = self._shell.run(_SQL_MODE)
        found = parse.security_mode(output)
        if found is None:
            raise StepFailed(f"{self.name} did not tell the cluster's security mode; it said: {parse.words(output)!r}.")
        return found

    def single_sign_on(self) -> bool:
        """Whether SAML single sign-on is enabled; raises StepFailed when the text does not clearly tell.

        Only what it prints when enabled is published; a release may call the other state by other words.
        """
        output = self._told("tell whether single sign-on is enabled", "utils sso status")
        state = parse.single_sign_on(output)
        if state is None:
            raise StepFailed(
                f"{self.name} did not tell whether single sign-on is enabled; it said: "
                f"{parse.words(output) or 'nothing'!r}. Nothing was changed; look at SAML Single Sign-On on its web "
                "page."
            )
        return state

    def members(self) -> tuple[Member, ...]:
        """The servers of the cluster by `show network cluster`; empty when none can be read from it."""
        return members.from_command_line(self._shell.run("show network cluster"))
