"""The certificate store of one node: identities, pending requests and trust stores, with the checks of an upload."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from . import x509 as certificates
from .trust_store import TrustStore
from .units import TRUST_STORES, UNITS, Unit
from .x509 import PrivateKey

CHAIN_MISSING = "E1"
NO_REQUEST = "E2"
KEY_MISMATCH = "E3"
NAMES_MISMATCH = "E4"
UNREADABLE = "E6"
EXPIRED = "E7"
REFUSED = "REFUSED"


class UploadRefused(Exception):
    """The node does not take the certificate; `code` is the catalogue number, the text is what the node says."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True)
class Identity:
    """A node's own certificate with its key and the intermediates it sends along."""

    certificate: x509.Certificate
    key: PrivateKey
    intermediates: tuple[x509.Certificate, ...] = ()

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate."""
        return certificates.fingerprint(self.certificate)


@dataclass(frozen=True)
class PendingRequest:
    """The one request a slot may have, with the private key that dies with it."""

    request: x509.CertificateSigningRequest
    key: PrivateKey
    multi_server: bool = False


@dataclass
class CertificateStore:
    """What is stored on a node; nothing here says what is served."""

    names_have_serials: bool = True
    strict_client_auth: bool = False
    stores: tuple[str, ...] = TRUST_STORES
    identities: dict[str, Identity] = field(default_factory=dict)
    pending: dict[str, PendingRequest] = field(default_factory=dict)
    trust: dict[str, TrustStore] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.stores:
            self.trust.setdefault(name, TrustStore(name, self.names_have_serials))

    def trust_of(self, unit: Unit) -> TrustStore:
        """The store that must hold the chain of this slot's certificate."""
        return self.trust.setdefault(unit.trust, TrustStore(unit.trust, self.names_have_serials))

    def install(self, unit_name: str, certificate: x509.Certificate) -> Identity:
        """Store a signed certificate after every check, consuming the pending request; UploadRefused otherwise."""
        unit = UNITS[unit_name]
        # ASSUMPTION A-65: the order of the checks.
        self._check_limits(unit, certificate)
        pending = self.pending.get(unit_name)
        if pending is None:
            raise UploadRefused(
                NO_REQUEST, f"File /usr/local/platform/.security/{unit_name}/keys/{unit_name}.csr does not exist"
            )
        if certificates.public_bytes(pending.request) != certificates.public_bytes(certificate):
            raise UploadRefused(KEY_MISMATCH, "CSR public key and Certificate public key do not match")
        if certificates.alternative_names(pending.request) != certificates.alternative_names(certificate):
            raise UploadRefused(NAMES_MISMATCH, "CSR SAN and Certificate SAN does not match")
        store = self.trust_of(unit)
        if not store.chain_is_complete(certificate):
            raise UploadRefused(CHAIN_MISSING, "CA certificate is not available in the trust-store")
        identity = Identity(certificate, pending.key, store.issuers_of(certificate))
        self.identities[unit_name] = identity
        del self.pending[unit_name]
        return identity

    def chain_of(self, unit_name: str) -> tuple[x509.Certificate, ...]:
        """The stored issuers of a slot's certificate, the root first; empty for a self-signed one."""
        held = self.trust_of(UNITS[unit_name]).files.values()
        chain: list[x509.Certificate] = []
        current = self.identities[unit_name].certificate
        while not certificates.is_self_signed(current):
            issuer = next((each for each in held if certificates.issued_by(current, each)), None)
            if issuer is None:
                break
            chain.insert(0, issuer)
            current = issuer
        return tuple(chain)

    def adopt(self, unit_name: str, identity: Identity, chain: tuple[x509.Certificate, ...]) -> None:
        """Store what another node of the cluster checked and sent, with its key and chain."""
        for certificate in chain:
            self.trust_of(UNITS[unit_name]).offer(certificate)
        self.identities[unit_name] = identity
        pending = self.pending.get(unit_name)
        if pending is not None and certificates.public_bytes(pending.request) == certificates.public_bytes(
            identity.certificate
        ):
            del self.pending[unit_name]

    def _check_limits(self, unit: Unit, certificate: x509.Certificate) -> None:
        check_readable_limits(certificate, wildcards=unit.wildcards)
        now = datetime.datetime.now(datetime.UTC)
        if certificate.not_valid_after_utc < now:
            raise UploadRefused(EXPIRED, "The certificate has expired")  # ASSUMPTION A-19
        if certificate.not_valid_before_utc > now:
            raise UploadRefused(EXPIRED, "The certificate is not yet valid")
        if self.strict_client_auth and not _has_client_auth(certificate):
            # ASSUMPTION A-26: off by default.
            raise UploadRefused(REFUSED, "Extended Key Usage of the certificate does not match the CSR")


def check_readable_limits(certificate: x509.Certificate, *, wildcards: bool = False) -> None:
    """No key over 4096 bits and, unless the slot allows them, no wildcard names; UploadRefused otherwise."""
    named = {*certificates.alternative_names(certificate), certificates.common_name(certificate.subject)}
    if not wildcards and any(name.startswith("*.") for name in named):
        raise UploadRefused(REFUSED, "Wildcard certificates are not supported")
    if certificates.key_size(certificate) > 4096:
        raise UploadRefused(REFUSED, "The key length of the certificate is not supported")


def _has_client_auth(certificate: x509.Certificate) -> bool:
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in usage
