"""Expired certificates in trust stores: removed where nothing on the cluster needs them any more."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from certrenew.plugin import (
    CertificateType,
    NodeSnapshot,
    Options,
    PlanRefused,
    Snapshot,
    Step,
    Target,
    Task,
    TrustFile,
    Usages,
    anchors_of,
    hookimpl,
    key_hash,
    parts,
    release_of,
    steps,
)

NOTIFICATION = ("Cisco Certificate Change Notification",)
ON_PRESENCE = ("Platform Administrative Web Service", "Cisco Intercluster Sync Agent")
NAMED = 6  # files that one caution names
OWN = (
    "tomcat",
    "tomcat-ECDSA",
    "ipsec",
    "CallManager",
    "CallManager-ECDSA",
    "CAPF",
    "TVS",
    "ITLRecovery",
    "authz",
    "cup",
    "cup-ECDSA",
    "cup-xmpp",
    "cup-xmpp-ECDSA",
    "cup-xmpp-s2s",
    "cup-xmpp-s2s-ECDSA",
)


@dataclass(frozen=True)
class Found:
    """An expired entry on one node; `stays` is the reason for which it is not removed, the end of a sentence."""

    node: NodeSnapshot
    entry: TrustFile
    stays: str

    @property
    def place(self) -> tuple[str, str]:
        return self.entry.store, self.entry.file


class Judge:
    """Knows what a cluster still needs, whoever holds it: a deletion on one node may reach every other."""

    def __init__(self, snapshot: Snapshot, options: Options) -> None:
        self._snapshot = snapshot
        self._options = options
        self._entries = [(node, entry) for node in snapshot.nodes for entry in node.trusted]
        own = [found for node in snapshot.nodes for found in node.identities.values()]
        self._own = {found.fingerprint for found in own}
        self._keys = {key_hash(found.pem) for found in own}
        self._anchors = anchors_of({found.pem for found in own}, {entry.certificate.pem for _, entry in self._entries})
        self._listed = frozenset[str]().union(*(node.listed for node in snapshot.nodes))
        self._capf = {entry.certificate.fingerprint for _, entry in self._entries if entry.store == "CAPF"}

    def found(self) -> list[Found]:
        """Every expired entry of every node, sorted; none where the day of planning is not known."""
        expired = [Found(node, entry, self._why(entry)) for node, entry in self._entries if self._is_expired(entry)]
        order = [node.name for node in self._snapshot.cluster.in_restart_order]
        return sorted(expired, key=lambda found: (*found.place, order.index(found.node.node.name)))

    def kept(self, node: NodeSnapshot) -> tuple[str, ...]:
        """What this node holds and the cluster needs, as `ProveTrust` spells it."""
        needed = (entry for entry in node.trusted if self._is_own(entry) or self._issued(entry) or self._named(entry))
        return tuple(sorted({f"{entry.store} {entry.certificate.fingerprint}" for entry in needed}))

    def _is_expired(self, entry: TrustFile) -> bool:
        day = self._options.as_of
        return bool(day) and entry.certificate.not_after.date() < date.fromisoformat(day)

    def _why(self, entry: TrustFile) -> str:
        if name := self._named(entry):
            return f"backup and restore know {name} by it"
        if self._is_own(entry):
            return "a node uses it, or its key, as its own certificate"
        if self._issued(entry):
            return "it issued a certificate that a node uses"
        if entry.certificate.serial.lstrip("0") in self._listed:
            return "a trust list of the phones (ITL or CTL) names it"
        if self._from_capf(entry) and not self._options.force:
            return "phones may still hold certificates (LSC) that it issued; once none does, ask again with --force"
        if others := self._others(entry):
            return f"another certificate has this file name on {', '.join(others)}, which a deletion could reach"
        return ""

    def _named(self, entry: TrustFile) -> str:
        """The node whose entry in ipsec-trust this is."""
        stem = entry.file.lower().rpartition(".")[0]
        for node in self._snapshot.cluster.nodes if entry.store == "ipsec" else ():
            if any(stem == name.lower() or stem.startswith(f"{name.lower()}_") for name in (node.name, node.fqdn)):
                return node.name
        return ""

    def _is_own(self, entry: TrustFile) -> bool:
        return entry.certificate.fingerprint in self._own or key_hash(entry.certificate.pem) in self._keys

    def _issued(self, entry: TrustFile) -> bool:
        return entry.certificate.fingerprint in self._anchors

    def _from_capf(self, entry: TrustFile) -> bool:
        """CallManager lets phones in by copies in its own store as well."""
        copied = entry.store == "CallManager" and entry.certificate.fingerprint in self._capf
        return entry.store == "CAPF" or copied or "CN=CAPF-" in entry.certificate.subject

    def _others(self, entry: TrustFile) -> list[str]:
        return [
            node.node.name
            for node, other in self._entries
            if (other.store, other.file) == (entry.store, entry.file)
            and other.certificate.fingerprint != entry.certificate.fingerprint
        ]


def expired(kind: CertificateType, snapshot: Snapshot, options: Options) -> tuple[Target, ...]:
    """What is removed. Raises PlanRefused where there is nothing, or where it would come back."""
    cluster = snapshot.cluster.name
    if options.nodes:
        raise PlanRefused(
            "A trust certificate is removed from every node at once: ask again without naming nodes. Nothing has"
            " changed."
        )
    if running := list(_brought_back(snapshot)):
        raise PlanRefused(
            f"Before release 12 a trust certificate that was deleted comes back while {' and '.join(running)} runs."
            f" Stop it by hand on every node of {cluster}, ask again, and start it again afterwards. Nothing has"
            " changed."
        )
    found = Judge(snapshot, options).found()
    gone = [each for each in found if not each.stays]
    if not gone:
        kept = f" The expired ones stay: {' '.join(_reasons(found))}" if found else ""
        raise PlanRefused(f"No trust certificate on {cluster} has expired that could go.{kept} Nothing has changed.")
    return tuple(
        Target(
            each.node.node.name,
            each.entry.certificate.serial,
            each.entry.certificate.not_after.isoformat(),
            each.entry.certificate.issuer,
            f"{each.entry.store}-trust",
        )
        for each in gone
    )


def remarks(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[str]:
    """What stays although it has expired, and why."""
    found = Judge(snapshot, options).found()
    yield from _reasons(found)
    if any(each.entry.store.lower() == "phone-sast" and not each.stays for each in found):
        yield "Phones that move here from another cluster may still need entries of Phone-SAST-trust that are removed."
    if options.force:
        yield f"Entries of CAPF go as well, by which phones may be known, because: {options.force}"


def removal(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """Node by node each entry, then every store of every node is listed anew."""
    publisher = snapshot.cluster.publisher.name
    judge = Judge(snapshot, options)
    gone = [each for each in judge.found() if not each.stays]
    stores = tuple(sorted({entry.store for node in snapshot.nodes for entry in node.trusted}))
    removed = sorted({f"{each.entry.store} {each.entry.certificate.fingerprint}" for each in gone})
    yield steps.CheckReplication(node=publisher)
    yield steps.CheckNoBackup(node=publisher)
    yield steps.CheckNoBackupNow(node=publisher)
    for each in gone:
        yield steps.DeleteTrust(
            node=each.node.node.name,
            store=each.entry.store,
            file=each.entry.file,
            fingerprint=each.entry.certificate.fingerprint,
            serial=each.entry.certificate.serial,
            subject=each.entry.certificate.subject,
        )
    for node in snapshot.cluster.in_restart_order:
        found = snapshot.of(node.name)
        yield steps.ProveTrust(node=node.name, stores=stores, removed=tuple(removed), kept=judge.kept(found))
    yield from parts.backed_up(snapshot, options)


def _brought_back(snapshot: Snapshot) -> Iterator[str]:
    old = [node for node in snapshot.nodes if release_of(node.version) < (12,)]
    for service in (*NOTIFICATION, *ON_PRESENCE):
        if any(node.runs(service) and (service in NOTIFICATION or node.node.role.presence) for node in old):
            yield service


def _reasons(found: Iterable[Found]) -> Iterator[str]:
    by_reason = sorted((each for each in found if each.stays), key=lambda each: (each.stays, each.place))
    for reason, group in groupby(by_reason, key=lambda each: each.stays):
        files = list(dict.fromkeys(f"{store}-trust/{file}" for store, file in (each.place for each in group)))
        more = f" and {len(files) - NAMED} more" if len(files) > NAMED else ""
        verb = "stays" if len(files) == 1 else "stay"
        yield f"{', '.join(files[:NAMED])}{more} {verb}, though expired: {reason}."


TRUST = CertificateType(
    name="trust",
    title="Expired trust certificates",
    purpose="trust",
    trust=(),
    usages=Usages(key=frozenset(), extended=frozenset()),
    ports=(),
    restarts=(),
    self_signed=True,
    reads_trust=True,
    reads=OWN,
    order=0,
    impact=(
        "No service restarts and no phone is reset. What only a removed certificate vouched for is no longer trusted."
    ),
    cautions=(
        "A removed certificate does not come back by itself: keep a copy of what you may need.",
        "An upgrade to 12.5(1)SU6, 14SU2 or later leaves expired trust certificates behind by itself.",
    ),
    tasks=(
        Task(
            "start-again",
            "If you stopped services for this, as is needed before release 12, start each of them again on every node:"
            f" {', '.join((*NOTIFICATION, *ON_PRESENCE))}.",
        ),
        Task(
            "services",
            "Decide whether services restart: Cisco Tomcat (tomcat-trust), the CAPF service without a phone reset"
            " (CAPF-trust), Cisco DRF Master and Local (ipsec-trust), CallManager and CTIManager (CallManager-trust).",
        ),
    ),
    profile="cisco-214231",
    sources=("Cisco 214231", "Security Guide for CUCM 14"),
    recipe=removal,
    chosen=expired,
    remarks=remarks,
)


@hookimpl
def register_certificate_types() -> list[CertificateType]:
    return [TRUST]
