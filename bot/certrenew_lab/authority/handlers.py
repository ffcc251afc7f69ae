"""The paths that the lab's authority answers, as Vault and OpenBao answer them."""

from __future__ import annotations

import asyncio
import datetime
import json
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa

from .access import LEASE, Access
from .faults import Faults, UnknownFault
from .hierarchy import pem
from .intermediate import IntermediateSigner
from .signing import NotSigned, Role, Signed, Signer

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True)
class Entry:
    signed: Signed
    role: str
    at: datetime.datetime


class Handlers:
    def __init__(
        self,
        signer: Signer,
        roles: dict[str, Role],
        access: Access,
        faults: Faults,
        now: Callable[[], datetime.datetime],
        go_down: Callable[[float], None],
    ) -> None:
        self._signer, self._roles, self._access, self._faults = signer, roles, access, faults
        self._now, self._go_down = now, go_down
        self._journal: dict[str, Entry] = {}

    def sealed_or(self, handler: Handler, *, token: bool = True) -> Handler:
        """What every path does first: be sealed, and look at the token."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            if self._faults.lasts("sealed"):
                return _errors(503, "Vault is sealed")
            if token and not self._access.allows(request.headers.get("X-Vault-Token", "")):
                return _errors(403, "permission denied")
            return await handler(request)

        return guarded

    async def sign(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info.get("role", "")
        verbatim = "/sign-verbatim" in request.path
        role = self._roles.get(name or "cucm")
        if role is None:
            return _errors(400, f"unknown role: {name}")
        body, mishaps = await _body(request), self._faults.mishaps()
        try:
            signed = await asyncio.to_thread(self._signer.sign, body, role, self._now(), mishaps, verbatim=verbatim)
        except NotSigned as error:
            return _errors(400, str(error))
        return await self._hand_out(signed, role.name, request, body.get("format"))

    async def sign_intermediate(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        try:
            signed = await asyncio.to_thread(IntermediateSigner(self._signer.hierarchy).sign, body, self._now())
        except NotSigned as error:
            return _errors(400, str(error))
        return await self._hand_out(signed, "root/sign-intermediate", request, body.get("format"))

    async def _hand_out(self, signed: Signed, role: str, request: web.Request, style: object) -> web.StreamResponse:
        self._journal[signed.serial] = Entry(signed, role, self._now())
        if slow := self._faults.take("slow"):
            await asyncio.sleep(slow.seconds)
        if self._faults.take("answer_lost") and request.transport is not None:
            request.transport.abort()
        return _data(self._signer.data(signed, style), list(signed.warnings))

    async def certificates(self, request: web.Request) -> web.StreamResponse:
        if request.query.get("list") != "true":
            return _errors(405, "unsupported operation")
        if not self._journal:
            return _errors(404)
        found: dict[str, object] = {"keys": sorted(self._journal)}
        if request.path.endswith("/detailed"):
            found["key_info"] = {serial: _details(entry.signed.certificate) for serial, entry in self._journal.items()}
        return _data(found)

    async def certificate(self, request: web.Request) -> web.StreamResponse:
        serial = request.match_info["serial"].lower().replace("-", ":")
        chain = self._signer.hierarchy.chain
        if serial == "ca_chain":
            text = "\n".join(chain)
            return _data({"ca_chain": text, "certificate": text, "revocation_time": 0})
        if serial == "ca":
            return _data({"certificate": chain[0], "revocation_time": 0})
        entry = self._journal.get(serial)
        if entry is None:
            return _errors(404)
        return _data({"certificate": pem(entry.signed.certificate), "revocation_time": 0})

    async def certificate_pem(self, request: web.Request) -> web.StreamResponse:
        entry = self._journal.get(request.match_info["serial"].lower().replace("-", ":"))
        return _pem(pem(entry.signed.certificate)) if entry else _errors(404)

    async def ca_chain(self, _: web.Request) -> web.StreamResponse:
        return _pem("\n".join(self._signer.hierarchy.chain))

    async def ca_pem(self, _: web.Request) -> web.StreamResponse:
        return _pem(self._signer.hierarchy.chain[0])

    async def role(self, request: web.Request) -> web.StreamResponse:
        found = self._roles.get(request.match_info["role"])
        if found is None:
            return _errors(404)
        return _data(
            {
                "allowed_domains": list(found.allowed_domains),
                "client_flag": found.client_flag,
                "server_flag": True,
                "ttl": int(found.ttl.total_seconds()),
                "max_ttl": int(found.max_ttl.total_seconds()),
                "use_csr_common_name": True,
                "use_csr_sans": True,
                "no_store": False,
                "ext_key_usage": list(found.ext_key_usage),
                "key_usage": ["DigitalSignature", "KeyEncipherment", "DataEncipherment"],
            }
        )

    async def lookup_self(self, request: web.Request) -> web.StreamResponse:
        token = request.headers["X-Vault-Token"]
        return _data({"policies": ["cucm", "default"], "renewable": False, "ttl": self._access.remaining(token)})

    async def capabilities(self, request: web.Request) -> web.StreamResponse:
        asked = (await _body(request)).get("paths")
        paths = [str(path) for path in asked] if isinstance(asked, list) else []
        return _data({path: ["create", "list", "read", "update"] for path in paths})

    async def login(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        token = self._access.login(body.get("role_id"), body.get("secret_id"))
        if token is None:
            return _errors(400, "invalid role or secret ID")
        auth = {"client_token": token, "lease_duration": LEASE, "renewable": True, "policies": ["cucm", "default"]}
        return _answer(auth=auth)

    async def health(self, _: web.Request) -> web.StreamResponse:
        sealed = self._faults.lasts("sealed")
        found = {"initialized": True, "sealed": sealed, "standby": False, "version": "lab"}
        return web.json_response(found, status=503 if sealed else 200)

    async def set_fault(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        kind, seconds, times = str(body.get("kind", "")), body.get("seconds", 5), body.get("times", 1)
        try:
            if kind == "none":
                self._faults.clear()
            elif isinstance(seconds, int | float) and isinstance(times, int):
                self._faults.set(kind, times=times, seconds=seconds)
            else:
                raise UnknownFault("seconds and times must be numbers")
        except UnknownFault as error:
            return _errors(400, str(error))
        if kind == "down" and isinstance(seconds, int | float):
            self._go_down(seconds)
        return web.json_response(self._faults.active())

    async def show_faults(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(self._faults.active())

    async def show_journal(self, _: web.Request) -> web.StreamResponse:
        return web.json_response(self.journal_lines())

    def journal_lines(self) -> list[dict[str, object]]:
        return [
            {"serial": serial, "at": entry.at.isoformat(), "role": entry.role, **_details(entry.signed.certificate)}
            for serial, entry in self._journal.items()
        ]


def routes(handlers: Handlers, mount: str) -> list[web.RouteDef]:
    """Every path; those that the real engine answers without a token need none here either."""
    guarded, base = handlers.sealed_or, f"/v1/{mount}"
    found = [
        web.get(f"{base}/cert/{{serial}}", guarded(handlers.certificate, token=False)),
        web.get(f"{base}/cert/{{serial}}/raw/pem", guarded(handlers.certificate_pem, token=False)),
        web.get(f"{base}/ca_chain", guarded(handlers.ca_chain, token=False)),
        web.get(f"{base}/ca/pem", guarded(handlers.ca_pem, token=False)),
        web.get(f"{base}/roles/{{role}}", guarded(handlers.role)),
        web.get("/v1/auth/token/lookup-self", guarded(handlers.lookup_self)),
        web.get("/v1/sys/health", handlers.health),
        web.post("/lab/fault", handlers.set_fault),
        web.get("/lab/fault", handlers.show_faults),
        web.get("/lab/journal", handlers.show_journal),
    ]
    for method in ("POST", "PUT"):
        found += [
            web.route(method, f"{base}/sign/{{role}}", guarded(handlers.sign)),
            web.route(method, f"{base}/root/sign-intermediate", guarded(handlers.sign_intermediate)),
            web.route(method, f"{base}/sign-verbatim", guarded(handlers.sign)),
            web.route(method, f"{base}/sign-verbatim/{{role}}", guarded(handlers.sign)),
            web.route(method, "/v1/sys/capabilities-self", guarded(handlers.capabilities)),
            web.route(method, "/v1/auth/approle/login", guarded(handlers.login, token=False)),
        ]
    for path in (f"{base}/certs", f"{base}/certs/detailed"):  # only as ?list=true: aiohttp takes no LIST verb
        found.append(web.get(path, guarded(handlers.certificates)))
    unknown = handlers.sealed_or(_no_route)
    return [*found, web.route("*", "/v1/{path:.*}", unknown)]


async def _no_route(request: web.Request) -> web.StreamResponse:
    return _errors(404, f'no handler for route "{request.match_info["path"]}". route entry not found.')


async def _body(request: web.Request) -> dict[str, object]:
    try:
        found = json.loads(await request.read() or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _details(certificate: x509.Certificate) -> dict[str, object]:
    key = certificate.public_key()
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        dns = names.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        dns = []
    common = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return {
        "common_name": str(common[0].value) if common else "",
        "dns_names": dns,
        "issuer": certificate.issuer.rfc4514_string(),
        "key_bits": getattr(key, "key_size", 0),
        "key_type": "rsa" if isinstance(key, rsa.RSAPublicKey) else "ec",
        "not_before": certificate.not_valid_before_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "not_after": certificate.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _data(found: dict[str, object], warnings: list[str] | None = None) -> web.Response:
    return _answer(data=found, warnings=warnings or None)


def _answer(**parts: object) -> web.Response:
    empty = {"data": None, "wrap_info": None, "warnings": None, "auth": None}
    lease = {"request_id": str(uuid.uuid4()), "lease_id": "", "renewable": False, "lease_duration": 0}
    return web.json_response(lease | empty | parts)


def _errors(status: int, *told: str) -> web.Response:
    return web.json_response({"errors": list(told)}, status=status)


def _pem(text: str) -> web.Response:
    return web.Response(body=text.encode(), content_type="application/pem-certificate-chain")
