"""The certificate management REST API of a node."""

from __future__ import annotations

import uuid
from typing import Any

from aiohttp import web

from .. import desk
from ..certificate_store import CHAIN_MISSING, KEY_MISMATCH, NO_REQUEST, UNREADABLE, UploadRefused
from ..cluster import Cluster
from ..distribution import can_be_multi_server, may_ask_for_all
from ..node import Node
from ..trust_store import TrustOutcome
from ..units import UNITS, Unit
from ..x509 import pem, read_one
from .authentication import authenticated, unauthorized
from .request_fields import HASHES, RSA_LENGTHS, BadField, request_options

REALM = "CMPlatform Realm"  # ASSUMPTION A-34
_STATUS = {CHAIN_MISSING: 400, NO_REQUEST: 500, KEY_MISMATCH: 500}


class Refused(Exception):
    """A request that ends with a status and one message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class CertificateManagement:
    """Field types are exact: `service` is a string for requests and identities, an array for trust."""

    def __init__(self, cluster: Cluster, node: Node) -> None:
        self._cluster = cluster
        self._node = node

    def add_routes(self, application: web.Application, base: str) -> None:
        """Mount the endpoints; whatever is not mounted is 404 or 405 (ASSUMPTION A-39)."""
        routes = {
            ("POST", "/csr"): self._generate,
            ("POST", "/identity/certificates"): self._upload_identity,
            ("POST", "/trust/certificates"): self._upload_trust,
            ("GET", "/trust/certificate"): self._trust,
            ("GET", "/identity/certificate"): self._identity,
            ("GET", "/snapshot/server"): self._snapshot,
            ("GET", "/options"): self._options,
        }
        for (method, path), work in routes.items():
            application.router.add_route(method, base + path, self._guarded(work))

    def _guarded(self, work: Any) -> Any:
        async def handle(request: web.Request) -> web.Response:
            if not authenticated(request, self._node, self._cluster.platform, "rest"):
                return unauthorized(REALM)
            try:
                return _json(200, await work(request))
            except Refused as refusal:
                return _messages(refusal.status, refusal.message)
            except UploadRefused as refusal:
                return _messages(_STATUS.get(refusal.code, 400), refusal.text)

        return handle

    async def _generate(self, request: web.Request) -> dict[str, Any]:
        body = await _body(request)
        unit = self._unit(body.get("service"))
        try:
            options = request_options(body, self._node, UNITS[unit])
        except BadField as problem:
            raise Refused(400, str(problem)) from problem
        made = await desk.generate_request(self._cluster, self._node, unit, options, "rest")
        return {"csr": pem(made), **_answer("Certificate Signing Request Generated")}

    async def _upload_identity(self, request: web.Request) -> dict[str, Any]:
        body = await _body(request)
        unit = self._unit(body.get("service"))
        leaf, *chain = _certificates(body)
        if self._cluster.scenario.rest.identity_upload_stores_chain:  # ASSUMPTION A-64
            for certificate in reversed(chain):
                desk.upload_trust(self._cluster, self._node, unit, certificate, "rest")
        desk.upload_identity(self._cluster, self._node, unit, leaf, "rest")
        return _answer(
            "Certificate Uploaded. Perform a Disaster Recovery backup so the latest backup contains the uploaded "
            "certificate."
        )

    async def _upload_trust(self, request: web.Request) -> dict[str, Any]:
        body = await _body(request)
        services = body.get("service")
        if not isinstance(services, list) or not services:
            raise Refused(400, "service must be an array")
        certificates = _certificates(body)
        outcomes = [
            desk.upload_trust(self._cluster, self._node, self._unit(service), certificate, "rest")
            for service in services
            for certificate in certificates
        ]
        if all(outcome is TrustOutcome.DUPLICATE for outcome in outcomes):
            # ASSUMPTION A-33: some non-2xx status that clients ignore.
            raise Refused(self._cluster.scenario.rest.duplicate_trust_status, "Certificate already exists")
        return _answer("Certificate Uploaded")

    async def _trust(self, request: web.Request) -> Any:
        unit = self._unit(request.query.get("service"))
        store = self._node.store.trust_of(UNITS[unit])
        rows = [{"filename": name, "certificate": pem(held)} for name, held in store.files.items()]
        return {"certificates": rows} if self._cluster.scenario.rest.trust_as_object else rows

    async def _identity(self, request: web.Request) -> dict[str, Any]:
        unit = self._unit(request.query.get("service"))
        return {"service": unit, "certificate": pem(self._node.store.identities[unit].certificate)}

    async def _snapshot(self, _: web.Request) -> dict[str, Any]:
        store = self._node.store
        suffix = self._cluster.scenario.rest.trust_suffix
        return {
            "trackingId": str(uuid.uuid4()),
            "server": self._node.fqdn,
            "identities": [
                {
                    "service": name,
                    "certificate": pem(identity.certificate),
                    "csr": pem(store.pending[name].request) if name in store.pending else "",  # ASSUMPTION A-37
                }
                for name, identity in store.identities.items()
            ],
            "trusts": [
                {
                    "service": name if suffix else name.removesuffix("-trust"),
                    "certificate_data": [
                        {"filename": file, "certificate": pem(held)} for file, held in trust.files.items()
                    ],
                }
                for name, trust in store.trust.items()
            ],
            "revokedCertificates": [],
        }

    async def _options(self, _: web.Request) -> dict[str, Any]:
        # ASSUMPTION A-38: the real shape is unknown.
        for_all = [unit.name for unit in self._node.units() if self._can_be_for_all(unit)]
        return {
            "services": [unit.name for unit in self._node.units() if unit.ca_signed],
            "distributions": ["this-server", *(["multi-server"] if for_all else [])],
            "multiServerServices": for_all,
            "keyTypes": ["rsa", "ec"],
            "keyLengths": list(RSA_LENGTHS),
            "hashAlgorithms": list(HASHES),
            "trackingId": str(uuid.uuid4()),
        }

    def _can_be_for_all(self, unit: Unit) -> bool:
        return can_be_multi_server(unit, self._node.release) and may_ask_for_all(self._node, unit)

    def _unit(self, service: object) -> str:
        if not isinstance(service, str):
            raise Refused(400, "service must be a string")
        unit = UNITS.get(service)
        if unit is None or service not in self._node.store.identities or not unit.ca_signed:
            raise Refused(400, f"service {service} is not valid")
        return service


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = await request.json()
    except ValueError as problem:
        raise Refused(400, "Request body is not valid JSON") from problem
    if not isinstance(body, dict):
        raise Refused(400, "Request body is not a JSON object")
    return body


def _certificates(body: dict[str, Any]) -> list[Any]:
    texts = body.get("certificates")
    if not isinstance(texts, list) or not texts:
        raise Refused(400, "certificates must be an array")
    certificates = [read_one(str(text)) for text in texts]
    if None in certificates:
        raise UploadRefused(UNREADABLE, "Error reading the certificate")
    return certificates


def _answer(message: str) -> dict[str, Any]:
    return {"messages": [message], "trackingId": str(uuid.uuid4())}  # ASSUMPTION A-32


def _json(status: int, body: Any) -> web.Response:
    response = web.json_response(body, status=status)
    response.set_status(status, "")  # the API sends no reason phrase
    return response


def _messages(status: int, message: str) -> web.Response:
    return _json(status, _answer(message))
