"""What a phone believes: the trust files a TFTP node offers it, and whether CallManager believes the phone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..scenario import PhoneManners
from .node import Node
from .phone import Phone
from .service_names import CALLMANAGER, TFTP, TVS
from .trust_files import TrustFiles
from .x509 import fingerprint, is_self_signed


class PhoneTrust:
    """Answers from the certificates that are stored and served now; remembers nothing about a phone."""

    def __init__(self, nodes: Mapping[str, Node], files: TrustFiles, manners: PhoneManners) -> None:
        self._nodes = nodes
        self._files = files
        self._manners = manners
        self._publisher = next(iter(nodes.values()))
        self._lsc_key: tuple[object, ...] = ()
        self._lsc_issuers: frozenset[str] = frozenset()

    def take_control_list(self, phone: Phone, tftp: Node) -> None:
        """Give the phone the CTL of this TFTP node, unless it cannot believe who signed it: then it keeps its own."""
        offered = self._files.controls[tftp.name]
        sound = self._files.ctl is None or self._files.ctl.valid
        first = offered is None or phone.control is None
        if first or (offered and sound and self._knows_ctl_signer(phone, offered.signer)):
            phone.control = offered

    def _knows_ctl_signer(self, phone: Phone, signer: str) -> bool:
        by_control = phone.control is not None and signer in phone.control.trusted
        by_list = phone.trust is not None and phone.trust.trusts_signer(signer)
        return by_control or by_list or self._vouched(phone, "")

    def believes(self, phone: Phone, tftp: Node) -> bool | None:
        """Whether the phone takes this node's ITL; None when it cannot tell yet because a TVS is away."""
        held = phone.trust
        if held is None:
            return True  # a phone without a trust file takes the first one
        offered = self._files.lists[tftp.name]
        listed = phone.control.trusted if phone.control else frozenset()
        signer_known = held.trusts_signer(offered.signer) or offered.signer in listed
        # ASSUMPTION A-61: 217138 has the phone verify the TFTP signature with the CallManager certificate it knows.
        if self._manners.trust_rule == "217138":
            served = tftp.served["tftp"].fingerprint
            tftp_known = served in held.callmanager or served in listed
        else:
            tftp_known = True
        if signer_known and tftp_known:
            return True
        by_callmanager = signer_known or offered.signer in offered.callmanager
        if self._vouched(phone, "CallManager" if by_callmanager else ""):
            return True
        if not by_callmanager and not self._manners.tvs_vouches_for_recovery:
            return False
        return False if all(self._nodes[name].services.started(TVS) for name in phone.group) else None

    def _vouched(self, phone: Phone, signer: str) -> bool:
        """Whether a TVS the phone trusts returns the certificate of a signer the phone does not know."""
        # ASSUMPTION A-80: TVS knows every CallManager certificate, but not a regenerated ITLRecovery.
        if signer != "CallManager" and not self._manners.tvs_vouches_for_recovery:
            return False
        known = phone.trust.tvs if phone.trust else frozenset()
        return any(
            node.services.started(TVS) and node.served["tvs"].fingerprint in known
            for node in (self._nodes[name] for name in phone.group)
        )

    def serves_known_callmanager(self, phone: Phone, node: Node) -> bool:
        """Whether a secure phone finds the CallManager it talks to in the CTL it holds."""
        return phone.control is None or node.served["sip"].fingerprint in phone.control.callmanager

    def accepts_lsc(self, phone: Phone) -> bool:
        """Whether CallManager still believes the certificate of this phone."""
        return not phone.lsc or phone.lsc in self._believed_issuers()

    def _believed_issuers(self) -> frozenset[str]:
        # ASSUMPTION A-81: an LSC of the CAPF before is believed while its issuer is in the publisher's CAPF-trust and
        # the root of the CAPF of today is in CallManager-trust; one CAPF-trust counts, for it is never replicated.
        own = self._publisher.store.identities["CAPF"]
        kept, accepted = self._publisher.store.trust["CAPF-trust"], self._publisher.store.trust["CallManager-trust"]
        key = (own.fingerprint, tuple(kept.files), tuple(accepted.files))
        if key != self._lsc_key:
            issuers = {own.fingerprint}
            root = kept.root_of(own.certificate)
            if is_self_signed(own.certificate) or (root is not None and accepted.holds(root)):
                issuers |= {fingerprint(certificate) for certificate in kept.files.values()}
            self._lsc_key, self._lsc_issuers = key, frozenset(issuers)
        return self._lsc_issuers

    def world(self, nodes: Sequence[Node]) -> tuple[object, ...]:
        """Changes whenever something changes that a waiting phone may wait for."""
        return (
            self._believed_issuers(),
            tuple(
                (
                    node.unreachable,
                    *(node.services.started(name) for name in (CALLMANAGER, TFTP, TVS)),
                    *(node.served[name].fingerprint for name in ("sip", "tftp", "tvs")),
                    id(self._files.controls[node.name]),
                    id(self._files.lists[node.name]),
                )
                for node in nodes
            ),
        )
