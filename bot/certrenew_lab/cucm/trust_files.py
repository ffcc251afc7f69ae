"""The CTL and ITL files: who signed them, what they list, when they change, and what a TFTP node really hands out."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509

from .node import Node
from .phone import ControlList, TrustList
from .service_names import TFTP
from .x509 import fingerprint

SIGNER = "System Administrator Security Token"


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
    valid: bool = True  # a damaged file is shown as such, and phones keep the one they have

    @property
    def signer(self) -> x509.Certificate:
        """The certificate whose key signed the file."""
        return self.records[0].certificate


class TrustFiles:
    """The cluster's CTL (mixed mode only) and the ITL of each TFTP node, as written and as handed out.

    The files are signed with ITLRecovery (releases before 12: CallManager), except after `reset localkey`: then they
    are signed with the publisher's CallManager key until the next ordinary rewrite.
    """

    def __init__(self, nodes: Sequence[Node], itl_signer: str, mixed_mode: bool) -> None:
        self.nodes = tuple(nodes)
        self._signer = itl_signer
        self.ctl: TrustFile | None = None
        self.itl: dict[str, TrustFile] = {}
        self.lists: dict[str, TrustList] = {}
        self.controls: dict[str, ControlList | None] = {}
        if mixed_mode:
            self.update_ctl()
        for node in nodes:
            self.tftp_started(node)

    def update_ctl(self) -> None:
        """Write a new CTL from the certificates stored now; phones get it once Cisco Tftp hands it out."""
        self._write_ctl(self._signer)

    def reset_ctl_localkey(self) -> list[Node]:
        """Sign the CTL with the CallManager key and hand it to every active TFTP node at once; returns those."""
        self._write_ctl("CallManager")
        active = self.active_tftp_nodes()
        for node in active:
            self.controls[node.name] = self._control_list()
        return active

    def reset_itl_localkey(self) -> list[Node]:
        """Sign every ITL with the publisher's CallManager key and hand it out at once; returns the TFTP nodes."""
        active = self.active_tftp_nodes()
        for node in active:
            self._write_itl(node, "CallManager", self.nodes[0])
        return active

    def active_tftp_nodes(self) -> list[Node]:
        """The nodes where Cisco Tftp runs."""
        return [node for node in self.nodes if node.services.started(TFTP)]

    def tftp_started(self, node: Node) -> None:
        """Cisco Tftp of a node rebuilds its ITL, signed the ordinary way, and reads the CTL again."""
        self._write_itl(node, self._signer, node)
        self.controls[node.name] = self._control_list()

    def ctl_is_current(self) -> bool:
        """Whether the CTL lists the CallManager and CAPF certificates that are stored now; True without a CTL."""
        if self.ctl is None:
            return True
        listed = {fingerprint(record.certificate) for record in self.ctl.records}
        stored = {node.store.identities["CallManager"].fingerprint for node in self.nodes}
        return stored | {self.nodes[0].store.identities["CAPF"].fingerprint} <= listed

    def _write_ctl(self, signer: str) -> None:
        publisher = self.nodes[0]
        own = publisher.store.identities
        records = [TrustRecord(publisher.fqdn, SIGNER, own[signer].certificate)]
        for node in self.nodes:
            records.append(TrustRecord(node.fqdn, "CCM+TFTP", node.store.identities["CallManager"].certificate))
        records.append(TrustRecord(publisher.fqdn, "CAPF", own["CAPF"].certificate))
        records += self._ordinary_signer(publisher, signer)
        self.ctl = TrustFile(tuple(records), time.time())

    def _write_itl(self, node: Node, signer: str, signing: Node) -> None:
        own = node.store.identities["CallManager"].certificate
        records = [
            TrustRecord(signing.fqdn, SIGNER, signing.store.identities[signer].certificate),
            TrustRecord(node.fqdn, "TFTP+CCM", own),
        ]
        records += [
            TrustRecord(each.fqdn, "CUCM", each.store.identities["CallManager"].certificate)
            for each in self.nodes
            if each is not node
        ]
        records += [TrustRecord(each.fqdn, "TVS", each.store.identities["TVS"].certificate) for each in self.nodes]
        records.append(TrustRecord(self.nodes[0].fqdn, "CAPF", self.nodes[0].store.identities["CAPF"].certificate))
        records += self._ordinary_signer(node, signer)
        listed = tuple(records)
        previous = self.itl.get(node.name)
        # The checksum changes only when the content does.
        if previous is None or previous.records != listed or not previous.valid:
            self.itl[node.name] = TrustFile(listed, time.time())
        self.lists[node.name] = TrustList(
            signer=signing.store.identities[signer].fingerprint,
            callmanager=frozenset(each.store.identities["CallManager"].fingerprint for each in self.nodes),
            tvs=frozenset(each.store.identities["TVS"].fingerprint for each in self.nodes),
            recovery=node.store.identities[self._signer].fingerprint,
        )

    def _ordinary_signer(self, node: Node, signer: str) -> list[TrustRecord]:
        """The record that lets phones believe the next ordinary file, needed only while another key signs."""
        if signer == self._signer:
            return []
        return [TrustRecord(node.fqdn, SIGNER, node.store.identities[self._signer].certificate)]

    def _control_list(self) -> ControlList | None:
        if self.ctl is None:
            return None
        prints = [(record.function, fingerprint(record.certificate)) for record in self.ctl.records]
        return ControlList(
            signer=fingerprint(self.ctl.signer),
            trusted=frozenset(mark for function, mark in prints if function == SIGNER or "CCM" in function),
            callmanager=frozenset(mark for function, mark in prints if "CCM" in function),
        )
