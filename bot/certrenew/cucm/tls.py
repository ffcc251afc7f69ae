"""TLS to a node, verified on every connection by the customer's authorities or by a pinned certificate or key."""

import socket
import ssl
import threading
from collections.abc import Iterable
from pathlib import Path

from certrenew.cucm import pem
from certrenew.domain.errors import AccessDenied, ConfigError, StepFailed, Unreachable


class NodeTrust:
    """What a node's HTTPS certificate must be. It outlives sessions, so that keys expected later are kept."""

    def __init__(self, name: str, fqdn: str, pins: Iterable[str], ca_bundle: Path | None) -> None:
        self._name = name
        self._fqdn = fqdn
        self._pins = frozenset(pin.lower().replace(":", "").removeprefix("sha256") for pin in pins)
        self._ca_bundle = ca_bundle
        self._expected: set[str] = set()
        self._lock = threading.Lock()

    @property
    def verify(self) -> str | bool:
        """What to hand to `requests`: the bundle, or True. The decision itself is made in `handshake`."""
        return str(self._ca_bundle) if self._ca_bundle else True

    def expect_key(self, spki: str) -> None:
        """Accept, from now on, also a certificate with this public key (SHA-256 in hexadecimal)."""
        with self._lock:
            self._expected.add(spki.lower())

    def handshake(self, host: str, port: int, connect: float, timeout: float) -> ssl.SSLSocket:
        """A verified TLS connection; raises before a single byte of ours is sent over an untrusted one."""
        problem = "it is neither pinned nor signed by an authority of the configured bundle"
        if self._ca_bundle is not None:
            try:
                return self._wrap(self._by_authority(), host, port, connect, timeout)
            except ssl.SSLCertVerificationError as error:
                problem = error.verify_message or "it could not be verified"
            except ssl.SSLError as error:
                raise self._unusable(port, error) from None
        # No verification by OpenSSL here: the certificate is compared with the pins before anything is sent.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        failure: ssl.SSLError | None = None
        try:
            sock = self._wrap(context, host, port, connect, timeout)
        except ssl.SSLError as error:
            failure = error
        if failure is not None:
            raise self._unusable(port, failure)
        presented = sock.getpeercert(binary_form=True) or b""
        if self._pinned(presented):
            return sock
        sock.close()
        raise AccessDenied(
            f"{self._name} presents the certificate {pem.fingerprint(presented)} on port {port}, which is not trusted: "
            f"{problem}. Expected {self._expectation()}. Nothing was sent. If the certificate is really the node's, "
            "pin it or add its authority to the bundle; otherwise find out who answers there."
        )

    def _by_authority(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        problem = ""
        try:
            context.load_verify_locations(cafile=self._ca_bundle)
        except (OSError, ssl.SSLError) as error:
            problem = str(error)
        if problem:
            raise ConfigError(f"The authorities in {self._ca_bundle} could not be read ({problem}); correct the file.")
        return context

    def _wrap(self, context: ssl.SSLContext, host: str, port: int, connect: float, timeout: float) -> ssl.SSLSocket:
        problem = ""
        try:
            raw = socket.create_connection((host, port), timeout=connect)
        except OSError as error:
            problem = str(error) or type(error).__name__
        if problem:
            raise Unreachable(
                f"{self._name} does not answer on port {port} ({problem}). Nothing was sent; retry later."
            )
        raw.settimeout(timeout)
        try:
            return context.wrap_socket(raw, server_hostname=self._fqdn)
        except ssl.SSLError:
            raw.close()
            raise
        except OSError as error:
            problem = str(error) or type(error).__name__
        raw.close()
        raise Unreachable(
            f"{self._name} ended the TLS handshake on port {port} ({problem}). Nothing was sent; retry later."
        )

    def _pinned(self, presented: bytes) -> bool:
        if not presented:
            return False
        with self._lock:
            accepted = self._pins | self._expected
        return pem.fingerprint(presented) in accepted or pem.key_of_certificate(presented) in accepted

    def _expectation(self) -> str:
        with self._lock:
            known = sorted(self._pins | self._expected)
        bundle = (
            [f"a certificate for {self._fqdn} from the authorities in {self._ca_bundle}"] if self._ca_bundle else []
        )
        return " or ".join([*known, *bundle]) or "nothing: neither pins nor a bundle are configured"

    def _unusable(self, port: int, error: ssl.SSLError) -> Unreachable:
        return Unreachable(
            f"{self._name} answered on port {port}, but no TLS session came about ({error.reason or 'unexplained'}). "
            "Nothing was sent; its service may be starting. Retry later."
        )


def presented(name: str, fqdn: str, host: str, port: int, timeout: float) -> str | None:
    """PEM of the certificate presented on `port`, trusted or not; None when nothing listens there.

    An RSA certificate is asked for first: CUCM may hold an elliptic one beside it on the same port.
    """
    problem = ""
    for rsa_only in (True, False):
        # This connection only reads what is presented: nothing is sent over it, so it need not be trusted.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if rsa_only:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers("aRSA:@SECLEVEL=0")
        try:
            with socket.create_connection((host, port), timeout=timeout) as raw:
                found = _leaf(context, raw, fqdn)
        except ConnectionRefusedError:
            return None
        except TimeoutError:
            problem = "no answer in time"
            break
        except OSError as error:
            problem = getattr(error, "reason", "") or str(error) or type(error).__name__
            continue
        if found:
            return ssl.DER_cert_to_PEM_cert(found)
        problem = "it presents no certificate"
    if "no certificate" in problem or "WRONG_VERSION" in problem or "RECORD_LAYER" in problem:
        raise StepFailed(f"{name} listens on port {port} but does not speak TLS there ({problem}).")
    raise Unreachable(
        f"The certificate that {name} presents on port {port} could not be read ({problem}); retry later."
    )


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
