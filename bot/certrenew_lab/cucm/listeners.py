"""TLS sockets that open with the certificate a node serves now, and refuse connections when closed."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from aiohttp import web

from . import x509 as certificates
from .certificate_store import Identity


class Door(Protocol):
    """Something that can be opened with an identity and closed again."""

    async def open(self, identity: Identity, elliptic: Identity | None) -> None:
        """Bind and serve; does nothing when already open. `elliptic` is for clients without RSA ciphers."""
        ...

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        ...


_RSA_PREFERRED = "ECDHE+aRSA+AESGCM:ECDHE+aECDSA+AESGCM:aRSA+AES:aECDSA+AES"


def server_context(identity: Identity, elliptic: Identity | None = None) -> ssl.SSLContext:
    """A TLS server context; with two identities the cipher decides, and RSA wins when the client offers both."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load(context, identity)
    if elliptic is not None:
        # TLS 1.3 ciphers say nothing about the certificate, so the choice by cipher needs TLS 1.2.
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
        context.set_ciphers(_RSA_PREFERRED)
        _load(context, elliptic)
    return context


def _load(context: ssl.SSLContext, identity: Identity) -> None:
    """Hand a key to the TLS library, which takes files only; it is on the disk for the length of this call."""
    chain = "".join(certificates.pem(each) for each in (identity.certificate, *identity.intermediates))
    with tempfile.TemporaryDirectory(prefix="certrenew-lab-") as folder:
        path = Path(folder) / "identity.pem"
        path.touch(mode=0o600)
        path.write_text(chain + certificates.key_pem(identity.key))
        context.load_cert_chain(path)


class TlsDoor:
    """A port that completes TLS handshakes and says nothing more, as far as a certificate probe can tell."""

    def __init__(self, address: str, port: int) -> None:
        self._address = address
        self._port = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self, identity: Identity, elliptic: Identity | None) -> None:
        """Bind and complete handshakes with this identity, or the other one where only that fits."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, self._address, self._port, ssl=server_context(identity, elliptic), reuse_address=True
            )

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await reader.read(4096):
                pass
        except (OSError, ssl.SSLError):
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


class WebDoor:
    """The HTTPS application of a node on one or two ports."""

    def __init__(self, address: str, ports: tuple[int, ...], application: Callable[[], web.Application]) -> None:
        self._address = address
        self._ports = ports
        self._application = application
        self._runner: web.AppRunner | None = None

    async def open(self, identity: Identity, elliptic: Identity | None) -> None:
        """Bind with a fresh application, because an aiohttp application lives once."""
        if self._runner is not None:
            return
        runner = web.AppRunner(self._application(), shutdown_timeout=0.01, access_log=None)
        await runner.setup()
        context = server_context(identity, elliptic)
        for port in self._ports:
            await web.TCPSite(runner, self._address, port, ssl_context=context, reuse_address=True).start()
        self._runner = runner

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
