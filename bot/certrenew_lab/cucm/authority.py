"""Certificate authorities of the lab: real keys that sign real certificates."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from . import x509 as certificates
from .units import Unit
from .x509 import PrivateKey

_LEEWAY = datetime.timedelta(hours=1)


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _name(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


@dataclass(frozen=True)
class LabAuthority:
    """A CA certificate with its key; `parent` is None for a root."""

    certificate: x509.Certificate
    key: PrivateKey
    parent: LabAuthority | None = None

    @classmethod
    def root(cls, common_name: str, days: int = 3650, not_before: datetime.datetime | None = None) -> LabAuthority:
        """A new self-signed root."""
        key = certificates.new_rsa_key()
        return cls(_ca_certificate(_name(common_name), key, _name(common_name), key, days, not_before), key)

    @classmethod
    def expired(cls, common_name: str, above: LabAuthority | None = None) -> LabAuthority:
        """A CA that ended a month ago: self-signed, or issued by `above`."""
        key = certificates.new_ec_key()
        issuer, issuer_key = (above.certificate.subject, above.key) if above else (_name(common_name), key)
        start = _now() - datetime.timedelta(days=365 + 30)
        return cls(_ca_certificate(_name(common_name), key, issuer, issuer_key, 365, start), key, above)

    def intermediate(self, common_name: str, days: int = 1825) -> LabAuthority:
        """A new issuing CA under this one."""
        key = certificates.new_rsa_key()
        return LabAuthority(
            _ca_certificate(_name(common_name), key, self.certificate.subject, self.key, days), key, self
        )

    @property
    def name(self) -> str:
        """The CA's common name."""
        return certificates.common_name(self.certificate.subject)

    def chain(self) -> tuple[x509.Certificate, ...]:
        """This CA first, the root last."""
        above = self.parent.chain() if self.parent else ()
        return (self.certificate, *above)

    def chain_pem(self) -> str:
        """The chain as PEM text, this CA first."""
        return "".join(certificates.pem(certificate) for certificate in self.chain())

    def sign(
        self,
        request: x509.CertificateSigningRequest,
        *,
        days: float = 365,
        add_names: tuple[str, ...] = (),
        drop_names: tuple[str, ...] = (),
        started_days_ago: float = 0,
    ) -> x509.Certificate:
        """Sign a request, copying its extensions; `add_names` and `drop_names` play a CA that meddles with the SAN."""
        start = _now() - _LEEWAY - datetime.timedelta(days=started_days_ago)
        builder = (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(self.certificate.subject)
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(_now() + datetime.timedelta(days=days))
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.certificate.public_key()),  # type: ignore[arg-type]
                critical=False,
            )
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(request.public_key()), critical=False)
        )
        for extension in request.extensions:
            if isinstance(extension.value, x509.SubjectAlternativeName):
                kept = [entry for entry in extension.value if str(entry.value) not in drop_names]
                names = [*kept, *(x509.DNSName(name) for name in add_names)]
                builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
            else:
                builder = builder.add_extension(extension.value, critical=extension.critical)
        return builder.sign(self.key, hashes.SHA256())


def _ca_certificate(
    subject: x509.Name,
    key: PrivateKey,
    issuer: x509.Name,
    issuer_key: PrivateKey,
    days: int,
    not_before: datetime.datetime | None = None,
) -> x509.Certificate:
    start = not_before or _now() - datetime.timedelta(days=30)
    usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )


_HASHES: dict[str, hashes.SHA256 | hashes.SHA384 | hashes.SHA512] = {
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


def build_request(
    unit: Unit,
    key: PrivateKey,
    common_name: str,
    names: tuple[str, ...],
    organizational_unit: str = "",
    hash_algorithm: str = "",
) -> x509.CertificateSigningRequest:
    """A request as CUCM makes it: subject, key usages of the slot and the SAN list.

    Without a hash algorithm it is SHA-256, or SHA-384 for a P-384 key, because the hash may not be the weaker one.
    """
    subject = [x509.NameAttribute(NameOID.COUNTRY_NAME, "GB"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab")]
    if organizational_unit:
        subject.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, organizational_unit))
    subject.append(x509.NameAttribute(NameOID.COMMON_NAME, common_name))
    builder = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name(subject))
        .add_extension(unit.extended_key_usage(), critical=False)
        .add_extension(unit.key_usage(), critical=False)
    )
    if unit.signs_certificates:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=False)
    if names:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
        )
    fitting = "sha384" if unit.elliptic and key.key_size == 384 else "sha256"
    return builder.sign(key, _HASHES[hash_algorithm or fitting])


def self_signed(
    unit: Unit, key: PrivateKey, common_name: str, names: tuple[str, ...], *, days: float | None = None
) -> x509.Certificate:
    """A certificate as `set cert regen` and the installation make it: valid for five years (ITLRecovery twenty).

    With `days` it ends so many days from now, and started when a certificate of that length would have.
    """
    whole = 365 * (20 if unit.name == "ITLRecovery" else 5)
    start = _now() - _LEEWAY - datetime.timedelta(days=0 if days is None else max(0.0, whole - days))
    end = _now() + datetime.timedelta(days=whole if days is None else days)
    return (
        x509.CertificateBuilder()
        .subject_name(_name(common_name))
        .issuer_name(_name(common_name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(unit.extended_key_usage(), critical=False)
        .add_extension(unit.key_usage(), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False)
        .sign(key, hashes.SHA256())
    )
