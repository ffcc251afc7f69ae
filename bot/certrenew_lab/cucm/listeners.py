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

    async def open(self, identity: Identity) -> None:
        """Bind and serve; does nothing when already open."""
        ...

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        ...


def server_context(identity: Identity) -> ssl.SSLContext:
    """A TLS server context for an identity; the key touches the disk only for the length of this call."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain = "".join(certificates.pem(each) for each in (identity.certificate, *identity.intermediates))
    with tempfile.TemporaryDirectory(prefix="certrenew-lab-") as folder:
        path = Path(folder) / "identity.pem"
        path.touch(mode=0o600)
        path.write_text(chain + certificates.key_pem(identity.key))
        context.load_cert_chain(path)
    return context


class TlsDoor:
    """A port that completes TLS handshakes and says nothing more, as far as a certificate probe can tell."""

    def __init__(self, address: str, port: int) -> None:
        self._address = address
        self._port = port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def open(self, identity: Identity) -> None:
        """Bind and complete handshakes with this identity."""
        if self._server is None:
            self._server = await asyncio.start_server(
                self._serve, self._address, self._port, ssl=server_context(identity), reuse_address=True
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

    async def open(self, identity: Identity) -> None:
        """Bind with a fresh application, because an aiohttp application lives once."""
        if self._runner is not None:
            return
        runner = web.AppRunner(self._application(), shutdown_timeout=0.01, access_log=None)
        await runner.setup()
        context = server_context(identity)
        for port in self._ports:
            await web.TCPSite(runner, self._address, port, ssl_context=context, reuse_address=True).start()
        self._runner = runner

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()
