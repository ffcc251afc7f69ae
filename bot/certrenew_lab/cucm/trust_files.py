"""The CTL and ITL files: what they list, when they change, and what a TFTP node really hands out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from .node import Node
from .phone import TrustList
from .x509 import fingerprint


@dataclass(frozen=True)
class TrustRecord:
    """One record of a trust file."""

    host: str
    function: str
    certificate: x509.Certificate


@dataclass(frozen=True)
class TrustFile:
    """A whole file: records, signer first; `modified` is real epoch seconds."""

    records: tuple[TrustRecord, ...]
    modified: float


class TrustFiles:
    """The cluster's CTL (mixed mode only) and the ITL of each TFTP node, as written and as handed out."""

    def __init__(self, nodes: Sequence[Node], itl_signer: str, mixed_mode: bool) -> None:
        self._nodes = nodes
        self._signer = itl_signer
        self.ctl: TrustFile | None = None
        self.itl: dict[str, TrustFile] = {}
        self.lists: dict[str, TrustList] = {}
        self._published_ctl: dict[str, frozenset[str]] = {}
        if mixed_mode:
            self.update_ctl()
        for node in nodes:
            self.tftp_started(node)

    def update_ctl(self) -> None:
        """Write a new CTL from the certificates stored now; phones get it once Cisco Tftp hands it out."""
        publisher = self._nodes[0]
        signer = publisher.store.identities["ITLRecovery" if self._signer == "ITLRecovery" else "CallManager"]
        records = [TrustRecord(publisher.fqdn, "System Administrator Security Token", signer.certificate)]
        for node in self._nodes:
            records.append(TrustRecord(node.fqdn, "CCM+TFTP", node.store.identities["CallManager"].certificate))
        records.append(TrustRecord(publisher.fqdn, "CAPF", publisher.store.identities["CAPF"].certificate))
        self.ctl = TrustFile(tuple(records), time.time())

    def tftp_started(self, node: Node) -> None:
        """Cisco Tftp of a node rebuilds its ITL and reads the CTL again."""
        identities = node.store.identities
        own = identities["CallManager"].certificate
        records = [
            TrustRecord(node.fqdn, "System Administrator Security Token", identities[self._signer].certificate),
            TrustRecord(node.fqdn, "TFTP+CCM", own),
        ]
        records += [
            TrustRecord(each.fqdn, "CUCM", each.store.identities["CallManager"].certificate)
            for each in self._nodes
            if each is not node
        ]
        records += [TrustRecord(each.fqdn, "TVS", each.store.identities["TVS"].certificate) for each in self._nodes]
        records.append(TrustRecord(self._nodes[0].fqdn, "CAPF", self._nodes[0].store.identities["CAPF"].certificate))
        listed = tuple(records)
        previous = self.itl.get(node.name)
        if previous is None or previous.records != listed:
            self.itl[node.name] = TrustFile(listed, time.time())
        self.lists[node.name] = TrustList(
            signer=identities[self._signer].fingerprint,
            callmanager=frozenset(each.store.identities["CallManager"].fingerprint for each in self._nodes),
            tvs=frozenset(each.store.identities["TVS"].fingerprint for each in self._nodes),
        )
        self._published_ctl[node.name] = self._ctl_callmanagers()

    def ctl_trusts(self, tftp: Node, callmanager_fingerprint: str) -> bool:
        """Whether a secure phone that reads the CTL from this TFTP node accepts a CallManager certificate."""
        return callmanager_fingerprint in self._published_ctl[tftp.name]

    def _ctl_callmanagers(self) -> frozenset[str]:
        if self.ctl is None:
            return frozenset()
        return frozenset(fingerprint(record.certificate) for record in self.ctl.records if "CCM" in record.function)
