"""The certificates of one node: each operation over REST where the node has it, else over the command line."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from certrenew import x509
from certrenew.cucm import pem, stock
from certrenew.cucm.cli import CommandLine
from certrenew.cucm.console import unit
from certrenew.cucm.known_keys import KnownKeys
from certrenew.cucm.rest import Rest, RestAbsent
from certrenew.cucm.settings import ClusterAccess, NodeAddress
from certrenew.cucm.trust_stores import TrustStores, removable
from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed, Unreachable, Unreadable
from certrenew.domain.model import PLAIN, RequestOptions, Role, Stock, TrustFile

T = TypeVar("T")
_REGENERATED = ("ITLRecovery", "CAPF")


class StoredCertificates:
    """The part of `NodeSession` that is about certificates and signing requests."""

    def __init__(
        self,
        access: ClusterAccess,
        address: NodeAddress,
        rest: Rest,
        command_line: CommandLine,
        stores: TrustStores,
        known_keys: KnownKeys,
    ) -> None:
        self._access = access
        self._address = address
        self._rest = rest
        self._cli = command_line
        self._stores = stores
        self._known_keys = known_keys
        self._rest_absent = not access.may_have_rest

    @property
    def name(self) -> str:
        return self._address.node.name

    @property
    def command_line(self) -> CommandLine:
        return self._cli

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

        return self._over(by_rest, lambda: self._stores.held(name))

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

    def certificates(self) -> Stock:
        """Identities by purpose and trust certificates by store; over REST a trust certificate may lack a file name."""
        return self._over(
            lambda: stock.from_snapshot(self._rest.contents()),
            lambda: stock.from_command_line(self._cli, self._stores),
        )

    def generate_csr(self, purpose: str, options: RequestOptions = PLAIN) -> str:
        name = unit(purpose)
        found = self._requested(name, options) or self.pending_csr(name)
        if not found:
            raise StepFailed(
                f"{self.name} says it made a signing request for {name} but shows none. A new key is waiting on the "
                "node; retry to make and read another."
            )
        if _presented_by_https(name):
            self._learn(found)
        return found

    def _requested(self, name: str, options: RequestOptions) -> str | None:
        def by_cli() -> str:
            return self._cli.generate_csr(name, organizational_unit=options.organizational_unit)

        if options.plain:
            # REST has no known field for the organizational unit; the command line asks for it.
            return (
                by_cli() if options.organizational_unit else self._over(lambda: self._rest.generate_csr(name), by_cli)
            )
        if not self._rest_absent and not options.organizational_unit:
            try:
                return self._rest.generate_csr(name, options)
            except RestAbsent:
                self._rest_absent = True
        asked = "together with an organizational unit " if options.organizational_unit else ""
        raise StepFailed(
            f"{self.name} cannot make this request for {name}: several servers, a key length, a hash algorithm, a "
            f"common name or further names {asked}need the certificate REST interface (release 14 and later), which "
            "takes no organizational unit. Nothing was sent; ask for a plain request per node, or use the web page."
        )

    def regenerate(self, purpose: str) -> None:
        """Raises StepFailed, with nothing sent, for every purpose that an authority signs."""
        if purpose not in _REGENERATED or (purpose == "CAPF" and self._address.node.role is Role.PUBLISHER):
            raise StepFailed(
                f"{purpose} of {self.name} is never regenerated by this program: a self-signed certificate would take "
                "its place at once. Only ITLRecovery, and CAPF of a subscriber, are. Nothing was sent; renew it with a "
                "certificate authority."
            )
        self._cli.regenerate(purpose)

    def trust_files(self, store: str) -> tuple[TrustFile, ...]:
        """By the list of the command line; the certificates come from REST where it tells the same file name."""
        name = unit(store)
        nothing: Mapping[tuple[str, str], str] = {}
        shown = self._over(lambda: self._rest.contents().files, lambda: nothing)
        by_file = {(held.lower(), file): text for (held, file), text in shown.items()}
        found: list[TrustFile] = []
        for file in self._stores.files(name):
            text = by_file.get((name.lower(), file)) or self._stores.read(name, file)
            try:
                found.append(TrustFile(name, file, x509.read_certificate(text)))
            except StepFailed as error:
                raise Unreadable(f"{self.name} holds {file!r} in {name}-trust, but: {error}") from None
        return tuple(found)

    def delete_trust(self, store: str, file: str) -> None:
        """Only over the command line; REST has no known way. Nothing is sent for an entry that must stay."""
        names = {(address.node.name, address.node.fqdn, address.host) for address in self._access.nodes}
        names |= {(node.name, node.fqdn, node.name) for node in self._access.cluster.nodes}
        removable(store, file, frozenset(name for each in names for name in each))
        self._stores.delete(store, file)

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
        if _presented_by_https(name):
            self._learn(leaf)

        def by_cli() -> None:
            self._cli.upload("own", name, leaf)

        self._over(lambda: self._rest.upload_identity(name, leaf, chain), by_cli)

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
        files = ["".join(sign for sign in file.lower() if sign.isalnum()) for file in self._stores.files(name)]
        if not any(file.startswith(common) for file in files):
            raise StepFailed(
                f"{self.name} does not list {pem.described(wanted)} in {name}-trust after the upload. It said: "
                f"{said or 'nothing'}. Look at the store on the node, then retry."
            )

    def _learn(self, text: str) -> None:
        """Trust this key in HTTPS before anything restarts, on every node that the request or certificate names."""
        key = x509.key_hash(text)
        named = {name.rpartition(":")[2].lower() for name in x509.names_of(text)}
        for node in self._access.cluster.nodes:
            if node == self._address.node or not named.isdisjoint({node.name.lower(), node.fqdn.lower()}):
                self._known_keys.learn(self._access.cluster.name, node.name, key)


def _presented_by_https(purpose: str) -> bool:
    return purpose.lower().startswith("tomcat")
