"""Real X.509 for the fakes: keys, signing requests, and a root with an issuing authority below it."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from certrenew.domain.model import Usages
from certrenew.testing.clock import START

BITS = (
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


@dataclass(frozen=True)
class Signer:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return to_pem(self.certificate)


def new_key() -> ec.EllipticCurvePrivateKey:
    """An elliptic-curve key: a thousand of them take no noticeable time."""
    return ec.generate_private_key(ec.SECP256R1())


def to_pem(found: x509.Certificate | x509.CertificateSigningRequest) -> str:
    return found.public_bytes(Encoding.PEM).decode("ascii")


def common_name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def key_usage(wanted: Sequence[str] | frozenset[str]) -> x509.KeyUsage:
    return x509.KeyUsage(**{bit: bit in wanted for bit in BITS})


def self_signed(name: str, key: ec.EllipticCurvePrivateKey, *, start: datetime, days: float) -> str:
    """What a node stores before its first renewal."""
    return to_pem(_builder(common_name(name), common_name(name), key, start, days).sign(key, hashes.SHA256()))


def signing_request(name: str, names: Sequence[str], usages: Usages, key: ec.EllipticCurvePrivateKey) -> str:
    builder = x509.CertificateSigningRequestBuilder().subject_name(common_name(name))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(found) for found in names]), False)
    for extension, critical in _extensions(usages):
        builder = builder.add_extension(extension, critical)
    return to_pem(builder.sign(key, hashes.SHA256()))


@functools.cache
def signers() -> tuple[Signer, Signer]:
    """(root, issuing authority), the same for the whole process."""
    start = START - timedelta(days=365)
    usage = key_usage(["key_cert_sign", "crl_sign"])
    root_key, key = new_key(), new_key()
    root_name, name = common_name("Test Root"), common_name("Test Issuing")
    root = _builder(root_name, root_name, root_key, start, 7300)
    root = root.add_extension(x509.BasicConstraints(ca=True, path_length=None), True).add_extension(usage, True)
    issuing = _builder(name, root_name, key, start, 3650)
    issuing = issuing.add_extension(x509.BasicConstraints(ca=True, path_length=None), True).add_extension(usage, True)
    return (
        Signer(root.sign(root_key, hashes.SHA256()), root_key),
        Signer(issuing.sign(root_key, hashes.SHA256()), key),
    )


def issue(csr_pem: str, *, now: datetime, days: float = 397, signer: Signer | None = None) -> str:
    """A certificate with everything that the request asked for."""
    csr = x509.load_pem_x509_csr(csr_pem.encode())
    signer = signer or signers()[1]
    start = now - timedelta(minutes=5)
    builder = _builder(csr.subject, signer.certificate.subject, csr.public_key(), start, days)
    for extension in csr.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    return to_pem(builder.sign(signer.key, hashes.SHA256()))


def chains(leaf_pem: str, pool_pem: Sequence[str], roots_pem: Sequence[str]) -> bool:
    """Whether one of the roots is reached from the leaf by signatures; nothing else is judged."""
    current = x509.load_pem_x509_certificate(leaf_pem.encode())
    roots = [x509.load_pem_x509_certificate(pem.encode()) for pem in roots_pem]
    pool = [found for pem in pool_pem for found in x509.load_pem_x509_certificates(pem.encode())]
    for _ in range(len(pool) + 2):
        if current in roots:
            return True
        signers = [found for found in (*roots, *pool) if found != current and _signed(current, found)]
        if not signers:
            return False
        current = signers[0]
    return False


def file_name(pem: str) -> str:
    """The name of a trust certificate's file since 14SU1: its common name and its serial number."""
    found = x509.load_pem_x509_certificate(pem.encode())
    names = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(names[0].value) if names else "certificate"
    return f"{name.replace(' ', '_')}_{found.serial_number:x}.pem"


def _signed(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _builder(
    subject: x509.Name, issuer: x509.Name, key: object, start: datetime, days: float
) -> x509.CertificateBuilder:
    public = key.public_key() if isinstance(key, ec.EllipticCurvePrivateKey) else key
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)  # type: ignore[arg-type]
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
    )


def _extensions(usages: Usages) -> list[tuple[x509.ExtensionType, bool]]:
    found: list[tuple[x509.ExtensionType, bool]] = [(key_usage(usages.key), True)]
    if usages.extended:
        extended = [x509.ObjectIdentifier(oid) for oid in sorted(usages.extended)]
        found.append((x509.ExtendedKeyUsage(extended), False))
    if usages.certificate_authority:
        found.append((x509.BasicConstraints(ca=True, path_length=0), True))
    return found
