"""A certificate authority of the lab that speaks the PKI interface of Vault and OpenBao over HTTPS."""

from __future__ import annotations

import asyncio
import datetime
import ssl
import tempfile
from collections.abc import Callable
from pathlib import Path

from aiohttp import web

from .access import Access
from .faults import Faults
from .handlers import Handlers, routes
from .hierarchy import Hierarchy, ServerIdentity, pem
from .signing import Role, Signer

Now = Callable[[], datetime.datetime]


def _utc_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


class LabAuthority:
    """A root and an issuing CA behind a server on a loopback address, in memory only.

    `port` 0 takes a free one. The role "cucm" signs as every unit of CUCM needs it, "web" leaves out what ipsec and
    the IM and Presence units ask for beyond server and client, "public" leaves clientAuth out as public authorities do
    since 2026; like the real engine all add the common name unless `exclude_cn_from_sans` is sent, and take no usage
    from the request. sign-verbatim does take them; a certificate for CAPF, which is an authority itself, comes from
    root/sign-intermediate.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        mount: str = "pki_int",
        allowed_domains: tuple[str, ...] = (),
        lifetime_days: int = 397,
        now: Now = _utc_now,
    ) -> None:
        self.faults = Faults()
        self.access = Access()
        self._host, self._port, self._mount, self._now = host, port, mount, now
        ttl = datetime.timedelta(days=lifetime_days)
        longest = max(ttl, datetime.timedelta(days=825))
        self._roles = {
            "cucm": Role("cucm", allowed_domains, ttl, longest, ext_key_usage=("IPSECEndSystem",)),
            "web": Role("web", allowed_domains, ttl, longest),
            "public": Role(
                "public", allowed_domains, min(ttl, datetime.timedelta(days=199)), longest, client_flag=False
            ),
        }
        self._signer: Signer | None = None
        self._identity: ServerIdentity | None = None
        self._handlers: Handlers | None = None
        self._runner: web.AppRunner | None = None
        self._site: web.TCPSite | None = None
        self._outage: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Make the keys and listen; takes about a second."""
        now = self._now()
        self._signer = Signer(await asyncio.to_thread(Hierarchy.made, now))
        # the client judges TLS by the real clock, whatever time the lab pretends
        self._identity = await asyncio.to_thread(ServerIdentity.made, self._host, _utc_now())
        self._handlers = Handlers(self._signer, self._roles, self.access, self.faults, self._now, self.go_down)
        application = web.Application(client_max_size=1024 * 1024)
        application.add_routes(routes(self._handlers, self._mount))
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        await self._listen()

    async def stop(self) -> None:
        if self._outage is not None:
            self._outage.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    def description(self) -> dict[str, str]:
        """What a client has to know; call it after `start`."""
        if self._signer is None or self._identity is None:
            raise RuntimeError("the lab's authority has not been started")
        return {
            "url": f"https://{self._host}:{self._port}",
            "ca_bundle": self._identity.ca_bundle,
            "mount": self._mount,
            "role": "cucm",
            "token": self.access.token,
            "approle_role_id": self.access.role_id,
            "approle_secret_id": self.access.secret_id,
            "root": pem(self._signer.hierarchy.root.certificate) + "\n",
        }

    def journal(self) -> list[dict[str, object]]:
        """Every certificate issued, oldest first."""
        return [] if self._handlers is None else self._handlers.journal_lines()

    def go_down(self, seconds: float) -> None:
        """Refuse connections for so long, as a server that is not running does."""
        self.faults.set("down", seconds=seconds)
        if self._outage is not None:
            self._outage.cancel()
        self._outage = asyncio.get_running_loop().create_task(self._outage_of(seconds))

    async def _outage_of(self, seconds: float) -> None:
        await asyncio.sleep(0.05)  # let the answer to the request that asked for it go out
        if self._site is not None:
            site, self._site = self._site, None
            await site.stop()
        await asyncio.sleep(seconds)
        await self._listen()

    async def _listen(self) -> None:
        if self._runner is None or self._identity is None:
            raise RuntimeError("the lab's authority has not been started")
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "server.pem"
            file.touch(mode=0o600)
            file.write_text(self._identity.chain_and_key)
            context.load_cert_chain(file)
        self._site = web.TCPSite(self._runner, self._host, self._port, ssl_context=context, reuse_address=True)
        await self._site.start()
        self._port = int(self._runner.addresses[0][1])
