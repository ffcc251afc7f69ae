"""The certificate commands of one node's command line, each with all its known wordings."""

import re
from collections.abc import Mapping, Sequence

from certrenew.cucm import parse, pem, wording
from certrenew.cucm.console import Console, unit
from certrenew.domain.errors import StepFailed


class CommandLine(Console):
    """What the command line can do with identity certificates and signing requests."""

    def version(self) -> str:
        output = self._shell.run("show version active")
        found = parse.version(output) or parse.version(self._shell.run("show status"))
        if not found:
            raise StepFailed(f"{self.name} did not tell its version; it said: {parse.words(output)!r}.")
        return found

    def identity(self, purpose: str) -> str | None:
        name = unit(purpose)
        for form in (name, f"{name}/{name}.pem"):
            found = pem.certificate(self._shell.run(f"show cert own {form}"))
            if found:
                return found
        return None

    def identities(self, purposes: Sequence[str]) -> Mapping[str, str]:
        """Those of `purposes` that the node has. One that it does not list is not asked for."""
        present = {name for name, _ in parse.listed(self._shell.run("show cert list own"))}
        found: dict[str, str] = {}
        for purpose in purposes:
            if not present or purpose in present:
                certificate = self.identity(purpose)
                if certificate:
                    found[purpose] = certificate
        return found

    def listed(self) -> tuple[tuple[str, str], ...]:
        """Every (purpose, file) of the node's own certificates; raises when the node refuses the list."""
        return parse.listed(self._told("list its own certificates", "show cert list own"))

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

    def generate_csr(self, purpose: str, *, organizational_unit: bool = False) -> str:
        """A request with the node's defaults: this command takes no arguments, and asks at most for the OU."""
        name = unit(purpose)
        said = self._shell.run(
            f"set csr gen {name}",
            changes=True,
            timeout=self._timeouts.certificate,
            include_ou=organizational_unit,
        )
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

    def regenerate(self, purpose: str) -> None:
        """`set cert regen`: a self-signed certificate takes the place of the stored one at once."""
        name = unit(purpose)
        said = self._changed(f"set cert regen {name}")
        done = rf"successfully\s+re-?generated\s+(?:the\s+)?certificate\s+for\s+{re.escape(name)}\b"
        if not re.search(done, said, re.IGNORECASE) or parse.FAILED.search(said):
            raise self._failed(
                f"regenerate the {name} certificate", said, "Look at its serial number before anything is repeated."
            )

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
