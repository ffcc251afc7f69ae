"""Find PEM blocks in text, name what they hold, and take fingerprints; nothing is ever read from surrounding words."""

import hashlib
import re
import ssl

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

_BLOCK = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----(.*?)-----END \1-----", re.DOTALL)
_REQUESTS = ("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST", "CERTIFICATE SIGN REQUEST")


def _normal(label: str, body: str) -> str:
    text = re.sub(r"\s+", "", body)
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----"]) + "\n"


def certificates(text: str) -> tuple[str, ...]:
    """Every certificate in `text`, in order, each as one clean PEM block."""
    blocks = (match.groups() for match in _BLOCK.finditer(text))
    return tuple(_normal("CERTIFICATE", body) for label, body in blocks if label in ("CERTIFICATE", "X509 CERTIFICATE"))


def certificate(text: str) -> str | None:
    """The last certificate in `text`: CUCM prints it after its own readable dump."""
    found = certificates(text)
    return found[-1] if found else None


def request(text: str) -> str | None:
    """The last signing request in `text`, whichever of the three headings its release prints."""
    found = [body for label, body in (m.groups() for m in _BLOCK.finditer(text)) if label in _REQUESTS]
    return _normal("CERTIFICATE REQUEST", found[-1]) if found else None


def der(pem: str) -> bytes:
    return ssl.PEM_cert_to_DER_cert(pem.strip())


def fingerprint(encoded: bytes) -> str:
    """SHA-256 of a DER certificate, in lower-case hexadecimal."""
    return hashlib.sha256(encoded).hexdigest()


def key_of_certificate(encoded: bytes) -> str:
    """SHA-256 of the public key (SubjectPublicKeyInfo) of a DER certificate, in hexadecimal."""
    key = x509.load_der_x509_certificate(encoded).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def key_of_request(pem: str) -> str:
    """SHA-256 of the public key of a signing request, in hexadecimal."""
    key = x509.load_pem_x509_csr(pem.encode()).public_key()
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def common_name(pem: str) -> str:
    """The subject's common name, or the whole subject when it has none."""
    subject = x509.load_pem_x509_certificate(pem.encode()).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else subject.rfc4514_string()


def described(pem: str) -> str:
    """Words by which a person recognises a certificate: name, serial number and start of validity."""
    read = x509.load_pem_x509_certificate(pem.encode())
    return (
        f"{common_name(pem)!r} (serial {read.serial_number:x}, valid from {read.not_valid_before_utc:%Y-%m-%d %H:%MZ})"
    )


def same(one: str, other: str) -> bool:
    """Whether two PEM texts hold the identical certificate."""
    return der(one) == der(other)
