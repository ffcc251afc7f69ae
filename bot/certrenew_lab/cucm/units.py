"""The certificate slots of a node, with the key usages Cisco asks for in each."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

_IPSEC_END_SYSTEM = ObjectIdentifier("1.3.6.1.5.5.7.3.5")

Kind = Literal["voice", "presence", "both"]
"""The nodes that have a slot: call processing, IM and Presence, or all of them."""


@dataclass(frozen=True)
class Unit:
    """One slot: `trust` is the store its chain must be in; `resets_phones` marks uploads that reset phones.

    `multi_server` says that one certificate may serve every node that has the slot.
    """

    name: str
    trust: str
    elliptic: bool = False
    key_encipherment: bool = False
    data_encipherment: bool = True
    signs_certificates: bool = False
    ipsec: bool = False
    resets_phones: bool = False
    ca_signed: bool = True
    multi_server: bool = False
    wildcards: bool = False
    where: Kind = "voice"

    def key_usage(self) -> x509.KeyUsage:
        """The KeyUsage extension of this slot's requests."""
        return x509.KeyUsage(
            digital_signature=True,
            content_commitment=False,
            key_encipherment=self.key_encipherment,
            data_encipherment=self.data_encipherment,
            key_agreement=False,
            key_cert_sign=self.signs_certificates,
            crl_sign=False,
            encipher_only=False,
            decipher_only=False,
        )

    def extended_key_usage(self) -> x509.ExtendedKeyUsage:
        """The ExtendedKeyUsage extension: server and client authentication, plus IPsec where it belongs."""
        usages = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        return x509.ExtendedKeyUsage([*usages, _IPSEC_END_SYSTEM] if self.ipsec else usages)

    def on(self, *, presence: bool) -> Unit | None:
        """This slot as such a node has it; None when it has no such slot."""
        if self.where not in ("both", "presence" if presence else "voice"):
            return None
        # IM and Presence asks for no key encipherment in its ipsec certificate, CUCM does.
        return replace(self, key_encipherment=False) if presence else self


def _presence_pair(name: str, trust: str, *, multi_server: bool = False, wildcards: bool = False) -> tuple[Unit, Unit]:
    rsa = Unit(name, trust, ipsec=True, where="presence", multi_server=multi_server, wildcards=wildcards)
    return rsa, replace(rsa, name=f"{name}-ECDSA", elliptic=True)


# The order is that of `show cert list own` on a release 15 publisher; the IM and Presence slots follow.
UNITS: dict[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit("tomcat", "tomcat-trust", where="both", multi_server=True),
        Unit("tomcat-ECDSA", "tomcat-trust", elliptic=True, where="both", multi_server=True),
        Unit("ipsec", "ipsec-trust", key_encipherment=True, ipsec=True, where="both"),
        Unit("ITLRecovery", "ITLRecovery-trust", ca_signed=False),
        Unit("CallManager-ECDSA", "CallManager-trust", elliptic=True, resets_phones=True, multi_server=True),
        Unit("CallManager", "CallManager-trust", resets_phones=True, multi_server=True),
        Unit("CAPF", "CAPF-trust", data_encipherment=False, signs_certificates=True, resets_phones=True),
        Unit("TVS", "TVS-trust", key_encipherment=True, resets_phones=True, multi_server=True),
        *_presence_pair("cup", "cup-trust"),
        *_presence_pair("cup-xmpp", "cup-xmpp-trust", multi_server=True),
        *_presence_pair("cup-xmpp-s2s", "cup-xmpp-trust", multi_server=True, wildcards=True),
    )
}

TRUST_STORES: tuple[str, ...] = (
    "tomcat-trust",
    "ipsec-trust",
    "CallManager-trust",
    "CAPF-trust",
    "TVS-trust",
    "Phone-SAST-trust",
    "Phone-CTL-trust",
)
PRESENCE_TRUST_STORES: tuple[str, ...] = ("tomcat-trust", "ipsec-trust", "cup-trust", "cup-xmpp-trust")
