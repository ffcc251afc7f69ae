"""The ITL and CTL files of a fake cluster, and what phones make of them: change too much at once, and they are lost."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from certrenew import x509

if TYPE_CHECKING:
    from certrenew.testing.nodes import FakeNode
    from certrenew.testing.phones import FakePhone

IN_ITL = ("CallManager", "CallManager-ECDSA", "TVS", "CAPF", "ITLRecovery")
SIGNER, FALLBACK = "ITLRecovery", "CallManager"  # who signs since release 12, and after a reset of the local key
TVS_PORT = 2445


@dataclass(frozen=True)
class TrustList:
    """Serial numbers. No `signers` means that the fake does not play the purpose that signs: nobody objects."""

    signers: frozenset[str] = frozenset()
    serials: frozenset[str] = frozenset()


class FakeTrustLists:
    """Files are as they were last written: the ITL when Cisco Tftp starts, the CTL when it is updated.

    A phone takes what is there each time that it comes back, when it knows the signer and the CallManager
    certificate from its own files, or when TVS, which it must know then, vouches for them.
    """

    def __init__(self, nodes: Mapping[str, "FakeNode"], in_ctl: Iterable[str]) -> None:
        self._nodes = nodes
        self._in_ctl = frozenset(in_ctl)
        self.itl = TrustList()
        self.ctl = TrustList()
        self.write_itl()

    def write_itl(self, signer: str = "") -> None:
        signing = signer or (SIGNER if self._stored((SIGNER,)) else FALLBACK)
        self.itl = TrustList(self._signing(signing), self._stored(IN_ITL))

    def write_ctl(self, signer: str = SIGNER) -> None:
        self.ctl = TrustList(self._signing(signer), self.due_in_ctl() | self._stored((SIGNER,)))

    def due_in_ctl(self) -> frozenset[str]:
        """What the CTL must name for phones to trust what is stored now."""
        return self._stored(self._in_ctl)

    def accepted(self, phone: "FakePhone") -> bool:
        """Whether the phone, coming back, believes the files; then it holds them."""
        if phone.itl or phone.ctl:
            known = phone.itl | phone.ctl
            if self.ctl.signers and self.ctl.serials != phone.ctl and self.ctl.signers.isdisjoint(known):
                return False
            known |= self.ctl.serials
            signed = not self.itl.signers or not self.itl.signers.isdisjoint(known)
            callmanagers = self._stored((FALLBACK,))
            same = not callmanagers or not callmanagers.isdisjoint(phone.itl)
            if not (self._vouched(phone) or (signed and same)):
                return False
        phone.itl, phone.ctl = self.itl.serials, self.ctl.serials
        return True

    def _vouched(self, phone: "FakePhone") -> bool:
        serving = frozenset(
            x509.serial_of(node.served.get(TVS_PORT, node.stored["TVS"]))
            for node in self._nodes.values()
            if "TVS" in node.stored
        )
        if not serving:  # this cluster does not play TVS: it vouches, but for a new signer of its own
            return not self._stored((SIGNER,))
        return not serving.isdisjoint(phone.itl)

    def _signing(self, purpose: str) -> frozenset[str]:
        """The publisher's: its key signs the files that are handed to the others."""
        stored = next(iter(self._nodes.values())).stored
        return frozenset({x509.serial_of(stored[purpose])}) if purpose in stored else frozenset()

    def _stored(self, purposes: Iterable[str]) -> frozenset[str]:
        wanted = tuple(purposes)
        return frozenset(
            x509.serial_of(node.stored[purpose])
            for node in self._nodes.values()
            for purpose in wanted
            if purpose in node.stored and not node.node.role.presence
        )
