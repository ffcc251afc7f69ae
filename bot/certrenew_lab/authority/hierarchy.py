"""The lab's CA certificates: a root, the issuing CA under it, and what the server shows in TLS."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def named(common_name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Lab Enterprise"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def key_usage(*wanted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{usage: usage in wanted for usage in USAGES})


def pem(found: x509.Certificate) -> str:
    return found.public_bytes(serialization.Encoding.PEM).decode().strip()


@dataclass(frozen=True)
class Ca:
    """A CA certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @classmethod
    def made(cls, common_name: str, key: PrivateKey, days: int, now: datetime.datetime, above: Ca | None = None) -> Ca:
        """A CA under `above`, with room for one more below it, or a self-signed one; `days` count from `now`."""
        issuer, signing_key = (above.certificate.subject, above.key) if above else (named(common_name), key)
        signing_public = above.key.public_key() if above else key.public_key()
        certificate = (
            x509.CertificateBuilder()
            .subject_name(named(common_name))
            .issuer_name(issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=True, path_length=1 if above else None), critical=True)
            .add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_public), critical=False)
            .sign(signing_key, hashes.SHA256())
        )
        return cls(certificate, key)


@dataclass(frozen=True)
class Hierarchy:
    """The enterprise root and the CA that issues."""

    root: Ca
    issuing: Ca

    @classmethod
    def made(cls, now: datetime.datetime) -> Hierarchy:
        """New keys, RSA 2048; slow, so call it in a thread."""
        root = Ca.made("Lab Enterprise Root CA G2", _rsa(), 7300, now)
        return cls(root, Ca.made("Lab Issuing CA G2", _rsa(), 3650, now, root))

    @property
    def chain(self) -> list[str]:
        """PEM, the issuing CA first."""
        return [pem(self.issuing.certificate), pem(self.root.certificate)]


@dataclass(frozen=True)
class ServerIdentity:
    """What the server shows in TLS: its own small CA, not the enterprise's."""

    ca_bundle: str
    chain_and_key: str

    @classmethod
    def made(cls, host: str, now: datetime.datetime) -> ServerIdentity:
        authority = Ca.made("Lab TLS CA", ec.generate_private_key(ec.SECP256R1()), 3650, now)
        key = ec.generate_private_key(ec.SECP256R1())
        names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(host))]
        certificate = (
            x509.CertificateBuilder()
            .subject_name(named("Lab PKI server"))
            .issuer_name(authority.certificate.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=825))
            .add_extension(x509.SubjectAlternativeName(names), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(key_usage("digital_signature"), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), critical=False
            )
            .sign(authority.key, hashes.SHA256())
        )
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(pem(authority.certificate) + "\n", pem(certificate) + "\n" + private.decode())


def _rsa() -> PrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
