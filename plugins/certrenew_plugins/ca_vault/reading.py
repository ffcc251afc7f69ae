"""What the authority reads in requests and certificates; what cannot be read counts as not there."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

UNREADABLE = (ValueError, x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def blocks(text: str) -> list[str]:
    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except (ValueError, TypeError):
        return []
    return [one.public_bytes(Encoding.PEM).decode() for one in found]


def _loaded(pem: str) -> x509.Certificate | x509.CertificateSigningRequest:
    if "CERTIFICATE REQUEST-----" in pem:
        return x509.load_pem_x509_csr(pem.encode())
    return x509.load_pem_x509_certificate(pem.encode())


def common_name(pem: str) -> str:
    try:
        found = _loaded(pem).subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return ""
    return next((str(attribute.value) for attribute in found), "")


def dns_names(pem: str) -> frozenset[str]:
    try:
        names = _loaded(pem).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except UNREADABLE:
        return frozenset()
    return frozenset(name.lower() for name in names.get_values_for_type(x509.DNSName))


def is_authority(pem: str) -> bool:
    found = _basic_constraints(pem)
    return found is not None and found.ca


def has_room(pem: str) -> bool:
    """Whether the path length of a CA certificate allows an authority below it."""
    found = _basic_constraints(pem)
    return found is None or found.path_length != 0


def _basic_constraints(pem: str) -> x509.BasicConstraints | None:
    try:
        return _loaded(pem).extensions.get_extension_for_class(x509.BasicConstraints).value
    except UNREADABLE:
        return None
