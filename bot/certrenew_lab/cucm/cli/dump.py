"""The text that `show cert own` prints around a certificate, in the layouts before and after 14SU2."""

from __future__ import annotations

from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from ..release import Release
from ..x509 import pem, serial

_SIGNATURES = {"1.2.840.113549.1.1.11": "SHA256withRSA", "1.2.840.10045.4.3.2": "SHA256withECDSA"}


def certificate_text(certificate: x509.Certificate, release: Release) -> str:
    """ASSUMPTION A-10: known field names, order recollected; the PEM block is always last."""
    body = _bouncy_castle(certificate) if release.bouncy_castle_dump else _sun(certificate)
    return body + pem(certificate)


def _sun(certificate: x509.Certificate) -> str:
    extensions = [f"  {number}: {extension.oid.dotted_string}" for number, extension in _numbered(certificate)]
    return "\n".join(
        [
            "[",
            "  Version: V3",
            f"  Serial Number: {serial(certificate)}",
            f"  SignatureAlgorithm: {_signature(certificate)}",
            f"  Issuer Name: {_name(certificate.issuer)}",
            f"  Validity From: {_java_date(certificate.not_valid_before_utc)}",
            f"           To:   {_java_date(certificate.not_valid_after_utc)}",
            f"  Subject Name: {_name(certificate.subject)}",
            f"  Key: {_key_algorithm(certificate)}",
            f"    Key value: {_key_value(certificate)}",
            f"  Extensions: {len(extensions)} present",
            *extensions,
            "]",
            "",
        ]
    )


def _bouncy_castle(certificate: x509.Certificate) -> str:
    extensions = [
        f"                       critical({str(extension.critical).lower()}) {extension.oid.dotted_string}"
        for _, extension in _numbered(certificate)
    ]
    return "\n".join(
        [
            "  [0]         Version: 3",
            f"         SerialNumber: {certificate.serial_number}",
            f"             IssuerDN: {_name(certificate.issuer)}",
            f"           Start Date: {_java_date(certificate.not_valid_before_utc)}",
            f"           Final Date: {_java_date(certificate.not_valid_after_utc)}",
            f"            SubjectDN: {_name(certificate.subject)}",
            f"           Public Key: {_key_algorithm(certificate)}",
            f"              Modulus: {_key_value(certificate)}",
            f"  Signature Algorithm: {_signature(certificate)}",
            "       Extensions: ",
            *extensions,
            "",
        ]
    )


def _numbered(certificate: x509.Certificate) -> list[tuple[int, x509.Extension[x509.ExtensionType]]]:
    return list(enumerate(certificate.extensions, start=1))


def _signature(certificate: x509.Certificate) -> str:
    dotted = certificate.signature_algorithm_oid.dotted_string
    return f"{_SIGNATURES.get(dotted, 'Unknown')} ({dotted})"


def _key_algorithm(certificate: x509.Certificate) -> str:
    is_rsa = isinstance(certificate.public_key(), rsa.RSAPublicKey)
    return "RSA (1.2.840.113549.1.1.1)" if is_rsa else "EC (1.2.840.10045.2.1)"


def _key_value(certificate: x509.Certificate) -> str:
    key = certificate.public_key()
    return f"{key.public_numbers().n:x}" if isinstance(key, rsa.RSAPublicKey) else "(EC point)"


def _name(name: x509.Name) -> str:
    return ", ".join(attribute.rfc4514_string() for attribute in reversed(list(name)))


def _java_date(moment: datetime) -> str:
    return moment.strftime("%a %b %d %H:%M:%S UTC %Y")
