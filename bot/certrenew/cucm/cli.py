"""The certificate, service and CTL commands of one node's command line, each with all its known wordings."""

import re
from collections.abc import Mapping, Sequence

from certrenew.cucm import parse, pem, wording
from certrenew.cucm.settings import Timeouts
from certrenew.cucm.shell import Shell
from certrenew.domain.errors import StepFailed, Unreadable
from certrenew.domain.model import SecurityMode, Service

_UNIT = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
_SQL_MODE = "run sql select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"


def unit(purpose: str) -> str:
    """A purpose fit to stand in a command; raises StepFailed for anything else."""
    if not _UNIT.fullmatch(purpose):
        raise StepFailed(f"{purpose!r} is not the name of a certificate purpose; nothing was sent.")
    return purpose


class CommandLine:
    """What the command line can do with certificates and services. Errors are those of the ports."""

    def __init__(self, shell: Shell, timeouts: Timeouts) -> None:
        self._shell = shell
        self._timeouts = timeouts

    @property
    def name(self) -> str:
        return self._shell.name

    def version(self) -> str:
        output = self._shell.run("show version active")
        found = parse.version(output) or parse.version(self._shell.run("show status"))
        if not found:
            raise StepFailed(f"{self.name} did not tell its version; it said: {parse.words(output)!r}.")
        return found

    # ---- certificates -----------------------------------------------------------------------------------------

    def identity(self, purpose: str) -> str | None:
        name = unit(purpose)
        for form in (name, f"{name}/{name}.pem"):
            found = pem.certificate(self._shell.run(f"show cert own {form}"))
            if found:
                return found
        return None

    def identities(self, purposes: Sequence[str]) -> Mapping[str, str]:
        """Those of `purposes` that the node has. One that it does not list is not asked for."""
        listing = self._shell.run("show cert list own")
        present = {name for name, _ in parse.listed(listing)}
        found: dict[str, str] = {}
        for purpose in purposes:
            if not present or purpose in present:
                certificate = self.identity(purpose)
                if certificate:
                    found[purpose] = certificate
        return found

    def trust_files(self, purpose: str) -> tuple[str, ...]:
        store = f"{unit(purpose)}-trust"
        listing = self._shell.run("show cert list trust")
        return tuple(file for name, file in parse.listed(listing) if name == store)

    def trust(self, purpose: str) -> tuple[str, ...]:
        """PEM of every certificate of the trust store; raises Unreadable if one that is listed is not printed."""
        files = self.trust_files(purpose)
        found: list[str] = []
        for file in files:
            certificate = self._trusted(f"{purpose}-trust", file)
            if certificate is None:
                raise Unreadable(
                    f"{self.name} lists {file!r} in {purpose}-trust but does not print it, so it is not known what "
                    "that store holds. Nothing was changed; look at the store on the web page."
                )
            found.append(certificate)
        return tuple(found)

    def _trusted(self, store: str, file: str) -> str | None:
        for command in (f"show cert trust {store}/{file}", f"show cert trust {file}", f"show cert own {store}/{file}"):
            found = pem.certificate(self._shell.run(command))
            if found:
                return found
        return None

    def privilege_problems(self) -> tuple[str, ...]:
        output = self._shell.run("show cert list own")
        if parse.listed(output):
            return ()
        return (
            f"The platform account may log in to {self.name} but may not list its certificates (it needs privilege"
            f" level 1); the node said: {parse.words(output) or 'nothing'!r}.",
        )

    def pending(self) -> frozenset[str]:
        return frozenset(name for name, _ in parse.listed(self._shell.run("show csr list own")))

    def pending_csr(self, purpose: str) -> str | None:
        name = unit(purpose)
        for form in (name, f"{name}/{name}.csr"):
            found = pem.request(self._shell.run(f"show csr own {form}"))
            if found:
                return found
        return None

    def generate_csr(self, purpose: str) -> str:
        name = unit(purpose)
        said = self._shell.run(f"set csr gen {name}", changes=True, timeout=self._timeouts.certificate)
        if not re.search(rf"successfully\s+generated\s+CSR\s+for\s+{re.escape(name)}\b", said, re.IGNORECASE):
            raise self._failed(
                f"make a signing request for {name}", said, "The request that waited before may be gone."
            )
        found = self.pending_csr(name)
        if not found:
            raise StepFailed(
                f"{self.name} says it made a signing request for {name} but does not print it. A new key is waiting on "
                "the node; retry to make and read another."
            )
        return found

    def upload(self, store: str, purpose: str, certificate_pem: str) -> str:
        """`set cert import own|trust`; returns what CUCM said, raises StepFailed when it refused."""
        name = unit(purpose)
        command = f"set cert import {store} {name}"
        said = self._shell.run(command, changes=True, timeout=self._timeouts.certificate, paste=certificate_pem)
        said = said.rpartition("-----END CERTIFICATE-----")[2]
        if re.search(
            r"successfully\s+(?:imported|uploaded)|certificate\s+uploaded|import(?:ed)?\s+success", said, re.IGNORECASE
        ):
            return said
        if store == "trust" and re.search(r"already\s+(?:exists?|present)|duplicate", said, re.IGNORECASE):
            return said
        if store == "trust" and not parse.FAILED.search(said) and not wording.explain(said):
            return said
        raise self._failed(
            f"take the certificate for {name}{'-trust' if store == 'trust' else ''}", said, "It was not installed."
        )

    # ---- services, CTL, cluster state -------------------------------------------------------------------------

    def services(self) -> Mapping[str, Service]:
        output = self._shell.run("utils service list")
        found = parse.services(output)
        if not found:
            raise StepFailed(f"{self.name} did not list its services; it said: {parse.words(output)!r}.")
        return found

    def restart(self, service: str) -> None:
        said = self._shell.run(f"utils service restart {service}", changes=True, timeout=self._timeouts.restart)
        unknown = re.search(
            r"not\s+found|no\s+such|does\s+not\s+exist|invalid\s+service|unknown\s+service", said, re.IGNORECASE
        )
        if unknown or parse.FAILED.search(said):
            raise self._failed(
                f"restart {service!r}", said, "Look at the list of services for its state and exact name."
            )

    def replication_problems(self) -> tuple[str, ...]:
        return parse.replication_problems(self._shell.run("utils dbreplication runtimestate"))

    def backup_running(self) -> bool:
        for kind in ("backup", "restore"):
            output = self._shell.run(f"utils disaster_recovery status {kind}")
            active = parse.backup_active(output)
            if active is None:
                raise StepFailed(
                    f"{self.name} did not tell whether a {kind} is running; it said: {parse.words(output)!r}. "
                    "Nothing was changed; check the disaster recovery system on the publisher, then retry."
                )
            if active:
                return True
        return False

    def ctl_serials(self) -> frozenset[str]:
        output = self._shell.run("show ctl")
        if parse.ctl_missing(output):
            return frozenset()
        found = parse.ctl_serials(output)
        if not found:
            raise StepFailed(
                f"{self.name} printed no serial numbers in its CTL file; it said: {parse.words(output)!r}."
            )
        return found

    def ctl_problems(self) -> tuple[str, ...]:
        problems: list[str] = []
        if parse.ctl_missing(self._shell.run("show ctl")):
            problems.append(f"{self.name} has no CTL file although the cluster is in mixed mode.")
        if parse.export_controlled(self._shell.run("show license status")) is False:
            problems.append(
                f"Smart licensing does not allow export-controlled functionality on {self.name}, so"
                " `utils ctl update CTLFile` will be refused; register the cluster with it allowed."
            )
        return tuple(problems)

    def update_ctl(self) -> None:
        said = self._shell.run("utils ctl update CTLFile", changes=True, timeout=self._timeouts.certificate)
        if parse.FAILED.search(said) or not re.search(
            r"CTL\s*file\s+(?:was\s+|is\s+)?(?:successfully\s+)?updated", said, re.IGNORECASE
        ):
            raise self._failed("update the CTL file", said, "The phones still have the old CTL file.")

    def security_mode(self) -> SecurityMode:
        output = self._shell.run(_SQL_MODE)
        found = parse.security_mode(output)
        if found is None:
            raise StepFailed(f"{self.name} did not tell the cluster's security mode; it said: {parse.words(output)!r}.")
        return found

    def _failed(self, what: str, said: str, now: str) -> StepFailed:
        explained = wording.explain(said) or "The reason is not one that this program knows; look at the node."
        return StepFailed(f"{self.name} did not {what}. It said: {parse.words(said) or 'nothing'!r}. {now} {explained}")
