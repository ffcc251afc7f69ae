"""Read the certificate that a port presents, trusted or not; nothing is ever sent over such a connection."""

import socket
import ssl

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from certrenew.domain.errors import StepFailed, Unreachable

_RSA, _ELLIPTIC = "aRSA:@SECLEVEL=0", "aECDSA:@SECLEVEL=0"


def presented(name: str, fqdn: str, host: str, port: int, timeout: float, elliptic: bool | None = None) -> str | None:
    """PEM of the certificate presented on `port`, trusted or not; None when nothing listens there.

    CUCM may hold an RSA and an elliptic certificate on one port. `elliptic` chooses, and None is returned when that
    family is not offered; without it an RSA certificate is asked for first, then whatever there is.
    """
    problem = ""
    for ciphers in (_ELLIPTIC if elliptic else _RSA, ""):
        try:
            with socket.create_connection((host, port), timeout=timeout) as raw:
                found = _leaf(_reading(ciphers), raw, fqdn)
        except ConnectionRefusedError:
            return None
        except TimeoutError:
            problem = "no answer in time"
            break
        except OSError as error:
            problem = getattr(error, "reason", "") or str(error) or type(error).__name__
            continue
        if found and (elliptic is None or _is_elliptic(found) is elliptic):
            return ssl.DER_cert_to_PEM_cert(found)
        if found:  # TLS works there, but only with the other family
            return None
        problem = "it presents no certificate"
    if "no certificate" in problem or "WRONG_VERSION" in problem or "RECORD_LAYER" in problem:
        raise StepFailed(f"{name} listens on port {port} but does not speak TLS there ({problem}).")
    raise Unreachable(
        f"The certificate that {name} presents on port {port} could not be read ({problem}); retry later."
    )


def _reading(ciphers: str) -> ssl.SSLContext:
    """A context that needs no trust, as nothing is sent; `ciphers` hold TLS 1.2, where they choose the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if ciphers:
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
    return context


def _is_elliptic(encoded: bytes) -> bool:
    return isinstance(x509.load_der_x509_certificate(encoded).public_key(), ec.EllipticCurvePublicKey)


def _leaf(context: ssl.SSLContext, raw: socket.socket, fqdn: str) -> bytes | None:
    """The peer's certificate, also when the peer then insists on a certificate of ours."""
    arriving, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(arriving, leaving, server_hostname=fqdn)
    received = bytearray()
    while True:
        failure: OSError | None = None
        try:
            tls.do_handshake()
            return tls.getpeercert(binary_form=True)
        except ssl.SSLWantReadError:
            pass
        except OSError as error:
            failure = error
        if failure is None:
            try:
                raw.sendall(leaving.read())
                portion = raw.recv(65536)
            except OSError as error:
                portion, failure = b"", error
            received += portion
            if portion:
                arriving.write(portion)
                continue
        found = _certificate_message(bytes(received))
        if found:
            return found
        raise failure or ConnectionResetError("the connection ended during the handshake")


def _certificate_message(received: bytes) -> bytes | None:
    """The first certificate in the plain part of a TLS 1.2 server's handshake."""
    handshake = b""
    while len(received) >= 5:
        length = int.from_bytes(received[3:5], "big")
        if received[0] == 22:
            handshake += received[5 : 5 + length]
        received = received[5 + length :]
    while len(handshake) >= 4:
        length = int.from_bytes(handshake[1:4], "big")
        if handshake[0] == 11 and length > 6:
            size = int.from_bytes(handshake[7:10], "big")
            return handshake[10 : 10 + size]
        handshake = handshake[4 + length :]
    return None
