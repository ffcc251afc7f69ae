"""TLS to a node, verified on every connection by the customer's authorities or by a pinned certificate or key."""

import socket
import ssl
from collections.abc import Callable, Iterable
from pathlib import Path

from certrenew.cucm import pem
from certrenew.domain.errors import AccessDenied, ConfigError, Unreachable


class NodeTrust:
    """What a node's HTTPS certificate must be: of an authority of the bundle, pinned, or with a known key.

    `known` is asked at each handshake that nothing else settles, so that a key learned elsewhere counts at once.
    """

    def __init__(
        self,
        name: str,
        fqdn: str,
        pins: Iterable[str],
        ca_bundle: Path | None,
        known: Callable[[], frozenset[str]] = frozenset,
    ) -> None:
        self._name = name
        self._fqdn = fqdn
        self._pins = frozenset(pin.lower().replace(":", "").removeprefix("sha256") for pin in pins)
        self._ca_bundle = ca_bundle
        self._known = known

    @property
    def verify(self) -> str | bool:
        """What to hand to `requests`: the bundle, or True. The decision itself is made in `handshake`."""
        return str(self._ca_bundle) if self._ca_bundle else True

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
        key = pem.key_of_certificate(presented)
        return not self._pins.isdisjoint((pem.fingerprint(presented), key)) or key in self._known()

    def _expectation(self) -> str:
        known = sorted(self._pins | self._known())
        bundle = (
            [f"a certificate for {self._fqdn} from the authorities in {self._ca_bundle}"] if self._ca_bundle else []
        )
        return " or ".join([*known, *bundle]) or "nothing: neither pins nor a bundle are configured"

    def _unusable(self, port: int, error: ssl.SSLError) -> Unreachable:
        return Unreachable(
            f"{self._name} answered on port {port}, but no TLS session came about ({error.reason or 'unexplained'}). "
            "Nothing was sent; its service may be starting. Retry later."
        )
