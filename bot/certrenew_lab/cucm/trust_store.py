"""One trust store of one node, with Cisco's six-step replacement rule."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from enum import Enum

from cryptography import x509

from . import x509 as certificates


class TrustOutcome(Enum):
    """What became of a certificate that was offered to a store."""

    ADDED = "added"
    DUPLICATE = "duplicate"
    REPLACED = "replaced"
    KEPT_OLD = "kept_old"  # E8: silently not replaced, because the stored one starts later
    EXPIRED = "expired"


@dataclass
class TrustStore:
    """Certificates by file name; one certificate per subject CN."""

    name: str
    names_have_serials: bool = True
    files: dict[str, x509.Certificate] = field(default_factory=dict)

    def offer(self, certificate: x509.Certificate) -> TrustOutcome:
        """Apply the replacement rule and say which step decided."""
        if certificate.not_valid_after_utc < datetime.datetime.now(datetime.UTC):
            return TrustOutcome.EXPIRED
        wanted = certificates.common_name(certificate.subject)
        for name, stored in list(self.files.items()):
            if certificates.common_name(stored.subject) != wanted:
                continue
            if stored.serial_number == certificate.serial_number:
                return TrustOutcome.DUPLICATE
            if certificate.not_valid_before_utc <= stored.not_valid_before_utc:
                return TrustOutcome.KEPT_OLD
            del self.files[name]
            self.files[self.file_name(certificate)] = certificate
            return TrustOutcome.REPLACED
        self.files[self.file_name(certificate)] = certificate
        return TrustOutcome.ADDED

    def chain_is_complete(self, certificate: x509.Certificate) -> bool:
        """Whether every issuer up to a self-signed root is stored here, checked with real signatures."""
        current = certificate
        for _ in range(len(self.files) + 1):
            issuer = next((held for held in self.files.values() if certificates.issued_by(current, held)), None)
            if issuer is None:
                return False
            if certificates.is_self_signed(issuer):
                return True
            current = issuer
        return False

    def root_of(self, certificate: x509.Certificate) -> x509.Certificate | None:
        """The self-signed root above a certificate, if the whole way up is stored here."""
        current = certificate
        for _ in range(len(self.files) + 1):
            if certificates.is_self_signed(current):
                return current
            issuer = next((held for held in self.files.values() if certificates.issued_by(current, held)), None)
            if issuer is None:
                return None
            current = issuer
        return None

    def holds(self, certificate: x509.Certificate) -> bool:
        """Whether this very certificate is stored here, under whatever name."""
        return certificate in self.files.values()

    def issuers_of(self, certificate: x509.Certificate) -> tuple[x509.Certificate, ...]:
        """The intermediates (not the root) that a TLS server sends along with its certificate."""
        sent: list[x509.Certificate] = []
        current = certificate
        for _ in range(len(self.files)):
            issuer = next((held for held in self.files.values() if certificates.issued_by(current, held)), None)
            if issuer is None or certificates.is_self_signed(issuer):
                break
            sent.append(issuer)
            current = issuer
        return tuple(sent)

    def file_name(self, certificate: x509.Certificate) -> str:
        """What a certificate is called in this store."""
        stem = certificates.common_name(certificate.subject).replace(" ", "_")
        return f"{stem}_{certificates.serial(certificate).lower()}.pem" if self.names_have_serials else f"{stem}.pem"
