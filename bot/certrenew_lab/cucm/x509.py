"""Small questions about real certificates, requests and keys."""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
_BLOCK = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def new_rsa_key(bits: int = 2048) -> PrivateKey:
    """A fresh RSA key; slow, so call it in a thread."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def new_ec_key(bits: int = 384) -> PrivateKey:
    """A fresh key on P-256 or P-384."""
    return ec.generate_private_key(ec.SECP256R1() if bits == 256 else ec.SECP384R1())


def common_name(name: x509.Name) -> str:
    """The CN, or an empty string."""
    attributes = name.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(attributes[0].value) if attributes else ""


def alternative_names(subject: x509.Certificate | x509.CertificateSigningRequest) -> frozenset[str]:
    """The SAN entries of a certificate or request, DNS names lower-cased; empty without the extension."""
    try:
        extension = subject.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(str(entry.value).lower() for entry in extension.value)


def public_bytes(subject: x509.Certificate | x509.CertificateSigningRequest) -> bytes:
    """The public key in a form that compares."""
    return subject.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def key_size(certificate: x509.Certificate) -> int:
    """Bits of the public key; 0 for key types CUCM does not know."""
    key = certificate.public_key()
    return key.key_size if isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) else 0


def fingerprint(certificate: x509.Certificate) -> str:
    """SHA-256 over the DER form, lower-case hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def serial(certificate: x509.Certificate) -> str:
    """The serial number as upper-case hex with an even number of digits."""
    digits = f"{certificate.serial_number:X}"
    return digits if len(digits) % 2 == 0 else "0" + digits


def pem(subject: x509.Certificate | x509.CertificateSigningRequest) -> str:
    """PEM text, ending with a newline."""
    return subject.public_bytes(serialization.Encoding.PEM).decode()


def key_pem(key: PrivateKey) -> str:
    """The private key as unencrypted PKCS#8 PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether subject and issuer are the same name."""
    return certificate.subject == certificate.issuer


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key really signed this certificate."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except Exception:  # cryptography raises ValueError, TypeError or InvalidSignature; all of them mean "no"
        return False
    return True


def read_one(text: str) -> x509.Certificate | None:
    """The certificate in a text that holds exactly one PEM block and nothing else; None otherwise."""
    blocks = _BLOCK.findall(text)
    if len(blocks) != 1 or _BLOCK.sub("", text).strip():
        return None
    try:
        return x509.load_pem_x509_certificate(blocks[0].replace("\r", "").encode())
    except ValueError:
        return None
