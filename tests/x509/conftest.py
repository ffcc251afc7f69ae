"""A small PKI in memory: one root, one issuing CA, one request, and certificates with one thing changed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from certrenew.domain.model import Usages
from certrenew.x509 import Examination, examine

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SERVER, CLIENT = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
USAGES = Usages(
    key=frozenset({"digital_signature", "data_encipherment"}),
    extended=frozenset({SERVER.dotted_string, CLIENT.dotted_string}),
)
NAMES = ("cucm-pub.example.com", "cucm-sub1.example.com", "example.com")


def name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def key_usage(*wanted: str) -> x509.KeyUsage:
    bits = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
    bits += ["key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{bit: bit in wanted for bit in bits})


ANY_AUTHORITY = x509.BasicConstraints(ca=True, path_length=None)
SERVER_USAGE = key_usage("digital_signature", "key_encipherment", "data_encipherment")


def pem(found: x509.Certificate | x509.CertificateSigningRequest) -> str:
    return found.public_bytes(Encoding.PEM).decode()


def san(*names: str) -> x509.SubjectAlternativeName:
    return x509.SubjectAlternativeName([x509.DNSName(one) for one in names])


@dataclass
class Ca:
    certificate: x509.Certificate
    key: Any


def make_ca(
    common_name: str,
    parent: Ca | None = None,
    *,
    key: Any = None,
    days: int = 3650,
    start: datetime = NOW - timedelta(days=100),
    extra: Sequence[tuple[x509.ExtensionType, bool]] = (),
    basic: x509.BasicConstraints | None = ANY_AUTHORITY,
    usage: x509.KeyUsage | None = None,
    serial: int | None = None,
) -> Ca:
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuer = parent or Ca(None, key)  # type: ignore[arg-type]
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(common_name))
        .issuer_name(issuer.certificate.subject if parent else name(common_name))
        .public_key(key.public_key())
        .serial_number(serial or x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )
    if basic is not None:
        builder = builder.add_extension(basic, critical=True)
    if usage is not None:
        builder = builder.add_extension(usage, critical=True)
    for extension, critical in extra:
        builder = builder.add_extension(extension, critical=critical)
    return Ca(builder.sign(issuer.key, hashes.SHA256()), key)


@dataclass
class Pki:
    key: Any = field(default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048))
    root: Ca = field(default_factory=lambda: make_ca("Root CA", usage=key_usage("key_cert_sign", "crl_sign")))

    @cached_property
    def issuing(self) -> Ca:
        return make_ca("Issuing CA", self.root, usage=key_usage("key_cert_sign"))

    @cached_property
    def good(self) -> tuple[str, str]:
        """One request and its certificate, always the same."""
        return self.csr(), self.leaf()

    def csr(self, names: Sequence[str] = NAMES, *, key: Any = None, common_name: str = NAMES[0]) -> str:
        builder = x509.CertificateSigningRequestBuilder().subject_name(name(common_name))
        if names:
            builder = builder.add_extension(san(*names), critical=False)
        usage = key_usage("digital_signature", "key_encipherment", "data_encipherment")
        builder = builder.add_extension(usage, critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([SERVER, CLIENT]), critical=False)
        return pem(builder.sign(key or self.key, hashes.SHA256()))

    def leaf(
        self,
        *,
        names: Sequence[str] = NAMES,
        common_name: str = NAMES[0],
        issuer: Ca | None = None,
        key: Any = None,
        usage: x509.KeyUsage | None = SERVER_USAGE,
        extended: Sequence[x509.ObjectIdentifier] | None = (SERVER, CLIENT),
        basic: x509.BasicConstraints | None = None,
        start: datetime = NOW - timedelta(minutes=10),
        days: float = 397,
        critical_san: bool = False,
        serial: int | None = None,
        algorithm: Any = None,
    ) -> str:
        issuer = issuer or self.issuing
        builder = (
            x509.CertificateBuilder()
            .subject_name(name(common_name))
            .issuer_name(issuer.certificate.subject)
            .public_key((key or self.key).public_key())
            .serial_number(serial or x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=days))
        )
        if names:
            builder = builder.add_extension(san(*names), critical=critical_san)
        if usage is not None:
            builder = builder.add_extension(usage, critical=True)
        if extended is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
        if basic is not None:
            builder = builder.add_extension(basic, critical=True)
        return pem(builder.sign(issuer.key, algorithm or hashes.SHA256()))

    def examine(self, leaf_pem: str | None = None, **changed: Any) -> Examination:
        arguments: dict[str, Any] = {
            "csr_pem": self.csr(),
            "leaf_pem": leaf_pem or self.leaf(),
            "pool_pem": (pem(self.issuing.certificate),),
            "roots_pem": (pem(self.root.certificate),),
            "usages": USAGES,
            "now": NOW,
            "replaces_pem": None,
            "trust_pem": (),
        }
        return examine(**(arguments | changed))


@pytest.fixture(scope="session")
def pki() -> Pki:
    return Pki()
