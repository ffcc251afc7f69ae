"""Reading one certificate or signing request, so that what cannot be read ends in a sentence."""

import hashlib
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from certrenew.domain.errors import StepFailed
from certrenew.domain.model import Certificate

UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
)
LONGEST = 200  # characters of a foreign text that a sentence quotes

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFacts:
    """What a signing request asks for. `names` are sorted and spelt like "DNS:host"; `key` like "RSA 2048"."""

    subject: str
    common_name: str
    names: tuple[str, ...]
    key: str
    key_hash: str


def load_certificate(pem: str) -> x509.Certificate:
    """The certificate of one PEM block, every field of it readable; raises StepFailed."""
    return _read(pem, "certificate", x509.load_pem_x509_certificate, _touch_certificate)


def load_request(pem: str) -> x509.CertificateSigningRequest:
    """The signing request of one PEM block, every field of it readable; raises StepFailed."""
    return _read(pem, "signing request", x509.load_pem_x509_csr, _touch_request)


def load_stored(pem: str) -> x509.Certificate:
    """A certificate whose extensions nobody looks at, such as one in a trust store; raises StepFailed."""
    return _read(pem, "certificate", x509.load_pem_x509_certificate, _touch_stored)


def read_certificate(pem: str) -> Certificate:
    """What a certificate says; raises StepFailed when it cannot be read."""
    found = load_certificate(pem)
    return Certificate(
        subject=shown_name(found.subject),
        issuer=shown_name(found.issuer),
        serial=serial(found),
        fingerprint=fingerprint(found),
        names=tuple(sorted(names(found))),
        not_before=found.not_valid_before_utc,
        not_after=found.not_valid_after_utc,
        key=key_description(found.public_key()),
        self_signed=found.issuer == found.subject and is_signed_by(found, found),
        pem=to_pem(found),
    )


def request_facts(csr_pem: str) -> RequestFacts:
    """What a signing request asks for; raises StepFailed when it cannot be read."""
    found = load_request(csr_pem)
    return RequestFacts(
        subject=shown_name(found.subject),
        common_name=common_name(found.subject),
        names=tuple(sorted(names(found))),
        key=key_description(found.public_key()),
        key_hash=key_digest(found),
    )


def key_hash(pem: str) -> str:
    """SHA-256, in hexadecimal, of the public key (SubjectPublicKeyInfo) in a request or certificate."""
    return key_digest(load_either(pem))


def names_of(pem: str) -> frozenset[str]:
    """The subject alternative names of a request or certificate, such as "DNS:host" and "IP:192.0.2.1"."""
    return names(load_either(pem))


def serial_of(pem: str) -> str:
    """A certificate's serial number in lower-case hexadecimal without leading zeros."""
    return serial(load_stored(pem))


def fingerprint_of(pem: str) -> str:
    """A certificate's SHA-256 in lower-case hexadecimal."""
    return fingerprint(load_stored(pem))


def load_either(pem: str) -> x509.Certificate | x509.CertificateSigningRequest:
    return load_request(pem) if "CERTIFICATE REQUEST-----" in pem else load_certificate(pem)


def key_digest(found: x509.Certificate | x509.CertificateSigningRequest) -> str:
    spki = found.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(spki).hexdigest()


def serial(found: x509.Certificate) -> str:
    with warnings.catch_warnings():  # a number that is not positive is odd, not unreadable
        warnings.simplefilter("ignore")
        return f"{found.serial_number:x}"


def fingerprint(found: x509.Certificate) -> str:
    return hashlib.sha256(found.public_bytes(Encoding.DER)).hexdigest()


def to_pem(found: x509.Certificate) -> str:
    return found.public_bytes(Encoding.PEM).decode("ascii")


def names(found: x509.Certificate | x509.CertificateSigningRequest) -> frozenset[str]:
    try:
        extension = found.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(_spelt(name) for name in extension.value)


def common_name(subject: x509.Name) -> str:
    """The last common name of a subject, or "" when it has none."""
    found = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found[-1].value) if found else ""


def key_description(key: object) -> str:
    match key:
        case rsa.RSAPublicKey():
            return f"RSA {key.key_size}"
        case ec.EllipticCurvePublicKey():
            return f"EC {key.curve.name}"
        case _:
            return type(key).__name__.removesuffix("PublicKey").strip("_")


def is_signed_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key made the certificate's signature and the names fit; nothing else is judged."""
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def shown(text: str) -> str:
    """A foreign text on one line, cut to a length that a sentence can carry."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= LONGEST else clean[:LONGEST] + "…"


def listed(found: Iterable[str]) -> str:
    """Foreign texts in one sentence; of more than eight the rest is counted."""
    values = [shown(text) for text in found]
    return ", ".join(values[:8]) + (f" and {len(values) - 8} more" if len(values) > 8 else "")


def shown_name(subject: x509.Name) -> str:
    return shown(subject.rfc4514_string()) or "(no subject)"


def _spelt(name: x509.GeneralName) -> str:
    match name:
        case x509.DNSName():
            return f"DNS:{name.value}"
        case x509.IPAddress():
            return f"IP:{name.value}"
        case x509.RFC822Name():
            return f"email:{name.value}"
        case x509.UniformResourceIdentifier():
            return f"URI:{name.value}"
        case x509.DirectoryName():
            return f"dirName:{name.value.rfc4514_string()}"
        case x509.RegisteredID():
            return f"RID:{name.value.dotted_string}"
        case x509.OtherName():
            return f"other:{name.type_id.dotted_string}:{name.value.hex()}"
        case _:
            return f"unknown:{name!r}"


def _read(pem: str, what: str, load: Callable[[bytes], Found], touch: Callable[[Found], object]) -> Found:
    try:
        with warnings.catch_warnings():  # odd serial numbers and versions are judged here, not by a warning
            warnings.simplefilter("ignore")
            found = load(pem.encode("utf-8", "replace"))
            touch(found)
    except UNREADABLE as error:
        raise StepFailed(f"This {what} cannot be read ({shown(str(error)) or type(error).__name__}).") from error
    return found


def _touch_certificate(found: x509.Certificate) -> None:
    _touch_stored(found)
    _ = (names(found), found.signature_algorithm_oid, key_digest(found))


def _touch_stored(found: x509.Certificate) -> None:
    _ = (found.subject.rfc4514_string(), found.issuer.rfc4514_string(), found.serial_number)
    _ = (found.not_valid_before_utc, found.not_valid_after_utc)


def _touch_request(found: x509.CertificateSigningRequest) -> None:
    _ = (found.subject.rfc4514_string(), names(found), key_digest(found), found.signature_algorithm_oid)
