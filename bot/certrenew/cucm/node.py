"""One node behind the domain's port: each operation over the transport that this node has for it."""

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from certrenew.cucm import pem, tls
from certrenew.cucm.cli import CommandLine, unit
from certrenew.cucm.https import Https
from certrenew.cucm.realtime import Realtime
from certrenew.cucm.rest import Rest, RestAbsent
from certrenew.cucm.settings import ClusterAccess, NodeAddress
from certrenew.cucm.shell import Shell
from certrenew.cucm.tls import NodeTrust
from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed, Unreachable
from certrenew.domain.model import Service

T = TypeVar("T")


class CucmNode:
    """Implements `NodeSession`."""

    def __init__(self, access: ClusterAccess, address: NodeAddress, trust: NodeTrust, realtime: Realtime) -> None:
        self._access = access
        self._address = address
        self._trust = trust
        self._realtime = realtime
        self._limits = access.timeouts
        self._shell = Shell(address, access.platform, access.timeouts)
        self._cli = CommandLine(self._shell, access.timeouts)
        self._https = Https(address, address.rest_port, trust, access.platform, access.timeouts, "certificate REST")
        self._rest = Rest(self._https, address.node.fqdn, access.rest)
        self._rest_absent = not access.may_have_rest

    @property
    def name(self) -> str:
        return self._address.node.name

    def close(self) -> None:
        self._shell.close()
        self._https.close()

    def transcript(self) -> str:
        """What was said over SSH in this session, without secrets and certificates."""
        return self._shell.transcript.text()

    def expect_key(self, key: str) -> None:
        """Trust HTTPS certificates with this public key (SHA-256 in hexadecimal) from now on."""
        self._trust.expect_key(key)

    def version(self) -> str:
        return self._cli.version()

    # ---- certificates -----------------------------------------------------------------------------------------

    def identity(self, purpose: str) -> str:
        found = self.identities((purpose,)).get(purpose)
        if found is None:
            raise StepFailed(
                f"{self.name} stores no {purpose} certificate. Nothing was changed; check that it has that purpose."
            )
        return found

    def identities(self, purposes: Sequence[str]) -> Mapping[str, str]:
        wanted = tuple(unit(purpose) for purpose in purposes)

        def by_rest() -> Mapping[str, str]:
            stored = {name.lower(): text for name, text in self._rest.contents().identities.items()}
            return {purpose: stored[purpose.lower()] for purpose in wanted if purpose.lower() in stored}

        return self._over(by_rest, lambda: self._cli.identities(wanted))

    def trust(self, purpose: str) -> tuple[str, ...]:
        name = unit(purpose)

        def by_rest() -> tuple[str, ...]:
            stored = {store.lower(): held for store, held in self._rest.contents().trusts.items()}
            return stored[name.lower()] if name.lower() in stored else self._rest.trust(name)

        return self._over(by_rest, lambda: self._cli.trust(name))

    def pending_csrs(self) -> frozenset[str]:
        def by_rest() -> frozenset[str]:
            contents = self._rest.contents()
            return frozenset(contents.requests) if contents.tells_requests else self._cli.pending()

        return self._over(by_rest, self._cli.pending)

    def pending_csr(self, purpose: str) -> str | None:
        name = unit(purpose)

        def by_rest() -> str | None:
            contents = self._rest.contents()
            if not contents.tells_requests:
                return self._cli.pending_csr(name)
            return next((text for held, text in contents.requests.items() if held.lower() == name.lower()), None)

        return self._over(by_rest, lambda: self._cli.pending_csr(name))

    def generate_csr(self, purpose: str) -> str:
        name = unit(purpose)
        found = self._over(lambda: self._rest.generate_csr(name), lambda: self._cli.generate_csr(name))
        found = found or self.pending_csr(name)
        if not found:
            raise StepFailed(
                f"{self.name} says it made a signing request for {name} but shows none. A new key is waiting on the "
                "node; retry to make and read another."
            )
        if name.lower().startswith("tomcat"):
            with contextlib.suppress(ValueError):
                self._trust.expect_key(pem.key_of_request(found))
        return found

    def upload_trust(self, purpose: str, certificate_pem: str) -> None:
        name = unit(purpose)
        wanted = self._one(certificate_pem)
        if any(pem.same(held, wanted) for held in self._readable_trust(name) or ()):
            return
        said = self._over(
            lambda: self._rest.upload_trust(name, wanted), lambda: self._cli.upload("trust", name, wanted)
        )
        stored = self._readable_trust(name)
        if stored is None:
            self._listed(name, wanted, said)
            return
        if any(pem.same(held, wanted) for held in stored):
            return
        blocking = [held for held in stored if pem.common_name(held) == pem.common_name(wanted)]
        if blocking:
            raise StepFailed(
                f"{self.name} did not store {pem.described(wanted)} in {name}-trust: it keeps "
                f"{' and '.join(map(pem.described, blocking))} of the same name, and replaces it only by one that "
                f"starts later. Nothing else was changed. Delete the old one from {name}-trust by hand, then retry."
            )
        raise StepFailed(
            f"{self.name} did not store {pem.described(wanted)} in {name}-trust, although no certificate of that name "
            f"is there. It said: {said or 'nothing'}. Check its dates and key length (at most 4096 bits), then retry."
        )

    def upload_identity(self, purpose: str, leaf_pem: str, chain_pem: Sequence[str]) -> None:
        name = unit(purpose)
        leaf, chain = self._one(leaf_pem), tuple(self._one(text) for text in chain_pem)
        if name.lower().startswith("tomcat"):
            self._trust.expect_key(pem.key_of_certificate(pem.der(leaf)))

        def by_cli() -> None:
            self._cli.upload("own", name, leaf)

        self._over(lambda: self._rest.upload_identity(name, leaf, chain), by_cli)

    # ---- services ---------------------------------------------------------------------------------------------

    def services(self) -> Mapping[str, Service]:
        return self._cli.services()

    def restart(self, service: str) -> None:
        self._cli.restart(service)

    def running_for(self, service: str) -> float | None:
        return self._realtime.running_for(service)

    def served(self, port: int) -> str | None:
        address = self._address
        return tls.presented(self.name, address.node.fqdn, address.host, address.port(port), self._limits.handshake)

    def registered_phones(self) -> int:
        node = self._address.node
        return self._realtime.registered((node.name, node.fqdn, self._address.host))

    def replication_problems(self) -> tuple[str, ...]:
        return self._cli.replication_problems()

    def backup_running(self) -> bool:
        return self._cli.backup_running()

    def ctl_serials(self) -> frozenset[str]:
        return self._cli.ctl_serials()

    def privilege_problems(self) -> tuple[str, ...]:
        return self._cli.privilege_problems()

    def ctl_problems(self) -> tuple[str, ...]:
        return self._cli.ctl_problems()

    def update_ctl(self) -> None:
        self._cli.update_ctl()

    # ---- choosing ---------------------------------------------------------------------------------------------

    @property
    def command_line(self) -> CommandLine:
        return self._cli

    def check_rest(self) -> str:
        """An empty string, or a sentence on why the certificate REST interface cannot be used."""
        try:
            self._rest.contents()
        except RestAbsent:
            return f"{self.name} has no certificate REST interface; SSH is used instead."
        return ""

    def _over(self, by_rest: Callable[[], T], by_cli: Callable[[], T]) -> T:
        """REST where the node has it; the command line where it has not, or where nothing answers there."""
        if not self._rest_absent:
            try:
                return by_rest()
            except RestAbsent:
                if self._access.use_rest == "always":
                    raise StepFailed(
                        f"{self.name} has no certificate REST interface, and the configuration forbids SSH for it. "
                        "Nothing was changed."
                    ) from None
                self._rest_absent = True
            except AnswerLost:
                raise
            except Unreachable:
                if self._access.use_rest == "always":
                    raise
        return by_cli()

    def _one(self, text: str) -> str:
        found = pem.certificates(text)
        if len(found) != 1:
            raise StepFailed(f"Expected one PEM certificate for {self.name} and got {len(found)}. Nothing was sent.")
        return found[0]

    def _readable_trust(self, name: str) -> tuple[str, ...] | None:
        """The trust store, or None where this node lists it without printing it."""
        try:
            return self.trust(name)
        except AccessDenied:
            raise
        except StepFailed:
            return None

    def _listed(self, name: str, wanted: str, said: str) -> None:
        """The weaker proof where the store cannot be read: a file named after the certificate is in the list."""
        common = "".join(sign for sign in pem.common_name(wanted).lower() if sign.isalnum())
        files = ["".join(sign for sign in file.lower() if sign.isalnum()) for file in self._cli.trust_files(name)]
        if not any(file.startswith(common) for file in files):
            raise StepFailed(
                f"{self.name} does not list {pem.described(wanted)} in {name}-trust after the upload. It said: "
                f"{said or 'nothing'}. Look at the store on the node, then retry."
            )
