"""Taking certificates out of whatever an authority or a person sends, judged by content and not by label."""

import base64
import binascii
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from certrenew.domain.errors import StepFailed
from certrenew.x509.reading import UNREADABLE, shown, to_pem

LARGEST = 1024 * 1024  # bytes
MOST = 64  # certificates

BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 #]{1,40})-----(.*?)-----END \1-----", re.DOTALL)
OPENING = re.compile(rb"-----BEGIN ")
UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_bundle(data: bytes) -> tuple[str, ...]:
    """PEM of every certificate in `data`, each once, in the order found; raises StepFailed with a sentence.

    Understood are PEM (any order, any line ends, comments between the blocks), DER, and PKCS#7 as DER, as PEM, and
    as PEM that is labelled CERTIFICATE. At most 1 MiB and 64 certificates.
    """
    if len(data) > LARGEST:
        raise StepFailed(f"This is larger than {LARGEST // 1024} KiB, which no certificate bundle is; it was not read.")
    if not data.strip():
        raise StepFailed("This is empty; a certificate was expected.")
    found: dict[str, None] = {}
    for certificate in _certificates(_as_bytes(data)):
        found.setdefault(certificate)
        if len(found) > MOST:
            raise StepFailed(f"This holds more than {MOST} certificates, which no chain needs; it was not read.")
    if not found:
        raise StepFailed("There is no certificate in this; PEM, DER or PKCS#7 (p7b) was expected.")
    return tuple(found)


def _as_bytes(data: bytes) -> bytes:
    if data.startswith(UTF16):
        return data.decode("utf-16", "replace").encode("ascii", "replace")
    return data.removeprefix(b"\xef\xbb\xbf")


def _certificates(data: bytes) -> Iterator[str]:
    openings = len(OPENING.findall(data))
    if not openings:
        yield from _unlabelled(data)
        return
    if openings > 2 * MOST:  # looking for the end of each would take minutes
        raise StepFailed(f"This has {openings} PEM blocks, more than any chain needs; it was not read.")
    end = 0
    for block in BLOCK.finditer(data):
        if OPENING.search(block[2]):
            raise StepFailed("One of the PEM blocks in this is cut off; send it again in full.")
        yield from _labelled(block[1].decode("ascii"), block[2])
        end = block.end()
    if OPENING.search(data, end):
        raise StepFailed("The last PEM block in this is cut off; send it again in full.")


def _labelled(label: str, body: bytes) -> Iterator[str]:
    if "PRIVATE KEY" in label:
        raise StepFailed("There is a private key in this; only certificates are wanted, and that key is now exposed.")
    if label in ("X509 CRL", "CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"):
        return
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise StepFailed(f"The PEM block {label!r} in this is not valid base64.") from error
    yield from _der(der, f"The PEM block {label!r} in this")


def _unlabelled(data: bytes) -> Iterator[str]:
    with suppress(binascii.Error, ValueError):  # when it is not bare base64, it is DER or nothing
        data = base64.b64decode(b"".join(data.split()), validate=True)
    yield from _der(data, "This")


def _der(der: bytes, what: str) -> Iterator[str]:
    with warnings.catch_warnings():  # tools write p7b files as BER, which is announced by a warning
        warnings.simplefilter("ignore")
        try:
            yield to_pem(x509.load_der_x509_certificate(der))
            return
        except UNREADABLE as error:
            reason = shown(str(error))
        try:
            certificates = pkcs7.load_der_pkcs7_certificates(der)
        except UNREADABLE:
            raise StepFailed(
                f"{what} is neither a certificate nor PKCS#7 with certificates ({reason or 'unreadable'})."
            ) from None
        for certificate in certificates:
            yield to_pem(certificate)
