"""The certificate REST interface of one node (release 14 and later), read liberally and written exactly."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import requests

from certrenew.cucm import pem, wording
from certrenew.cucm.https import Https
from certrenew.cucm.parse import words
from certrenew.cucm.settings import RestDialect
from certrenew.domain.errors import AccessDenied, AnswerLost, StepFailed, Unreachable
from certrenew.domain.model import PLAIN, RequestOptions

_BASE = "/platformcom/api/v1/certmgr/config"


class RestAbsent(Exception):
    """This node has no such interface; the command line does the same."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a node stores, by purpose as it spells it. `tells_requests` is False when it is silent about them.

    `files` are the trust certificates that came with a file name, by (store without its ending, file).
    """

    identities: Mapping[str, str]
    requests: Mapping[str, str]
    trusts: Mapping[str, tuple[str, ...]]
    files: Mapping[tuple[str, str], str]
    tells_requests: bool


class Rest:
    """Calls of one node. A 404 is RestAbsent, a 401 AccessDenied, any other refusal StepFailed in CUCM's words."""

    def __init__(self, https: Https, fqdn: str, dialect: RestDialect) -> None:
        self._https = https
        self._fqdn = fqdn
        self._dialect = dialect

    def contents(self) -> Contents:
        answer = self._get("/snapshot/server")
        body = _json(answer)
        if not isinstance(body, dict) or not ("identities" in body or "trusts" in body):
            raise RestAbsent
        identities: dict[str, str] = {}
        pending: dict[str, str] = {}
        trusts: dict[str, list[str]] = {}
        files: dict[tuple[str, str], str] = {}
        tells = False
        for item in _items(body.get("identities")):
            purpose = str(item.get("service", ""))
            tells = tells or "csr" in item
            certificate, request = pem.certificate(_text(item.get("certificate"))), pem.request(_text(item.get("csr")))
            if certificate:
                identities[purpose] = certificate
            if request:
                pending[purpose] = request
        for item in _items(body.get("trusts")):
            store = str(item.get("service", "")).removesuffix("-trust")
            listed = item.get("certificate_data", item.get("certificates"))
            trusts.setdefault(store, []).extend(_pems(listed))
            for entry in _items(listed):
                held = pem.certificate(_text(entry.get("certificate")))
                if held and _text(entry.get("filename")):
                    files[store, _text(entry.get("filename"))] = held
        return Contents(identities, pending, {store: tuple(held) for store, held in trusts.items()}, files, tells)

    def trust(self, purpose: str) -> tuple[str, ...]:
        """Every certificate of one trust store, from either shape of the answer."""
        body = _json(self._get(f"/trust/certificate?service={purpose}"))
        if body is None:
            raise RestAbsent
        return tuple(_pems(body))

    def generate_csr(self, purpose: str, options: RequestOptions = PLAIN) -> str | None:
        """Make a key and a request; None when the node made it but sent none back."""
        body = self._request_for(purpose, options)
        answer = self._post("/csr", body)
        now = "The request that waited before may be gone."
        if (
            options.multi_server
            and answer.status_code == 400
            and re.search(r"distribution", answer.text, re.IGNORECASE)
        ):
            raise StepFailed(
                f"{self._https.where} did not make a signing request for {purpose}. It answered {_said(answer)}. {now}"
                f" Likely it calls a request for several servers otherwise than {self._dialect.multi_server!r}: set"
                " multi_server of the cluster to the word it takes, restart the bot, then retry."
            )
        self._accept(answer, f"make a signing request for {purpose}", now)
        return next((found for found in map(pem.request, _strings(_json(answer))) if found), None)

    def upload_trust(self, purpose: str, certificate_pem: str) -> str:
        """Returns an empty string, or what CUCM objected: a duplicate is refused with an unknown status."""
        description = self._dialect.trust_description
        body = {"service": [purpose], "certificates": [certificate_pem.strip()], "description": description}
        answer = self._post("/trust/certificates", body)
        if answer.status_code in (200, 201, 202, 204):
            return ""
        self._denied(answer)
        return _said(answer)

    def upload_identity(self, purpose: str, leaf_pem: str, chain_pem: Sequence[str]) -> None:
        chain = () if self._dialect.leaf_only else chain_pem
        body = {"service": purpose, "certificates": [text.strip() for text in (leaf_pem, *chain)]}
        answer = self._post("/identity/certificates", body)
        self._accept(answer, f"take the certificate for {purpose}", "It was not installed.")

    def _request_for(self, purpose: str, options: RequestOptions) -> Mapping[str, object]:
        """The body of a signing request; what a node may choose by itself is left out where nothing is asked."""
        dialect = self._dialect
        elliptic = purpose.upper().endswith("ECDSA")
        single = dialect.distributions.get(purpose, dialect.distribution)
        body: dict[str, object] = {
            "service": purpose,
            "distribution": dialect.multi_server if options.multi_server else single,
            "commonName": options.common_name or self._common_name(elliptic, multi_server=options.multi_server),
        }
        if not elliptic:
            length = options.key_length or dialect.key_length
            body |= {"keyType": "rsa", "keyLength": length, "hashAlgorithm": dialect.hash_algorithm}
        elif options.key_length:
            body |= {"keyType": "ec", "keyLength": options.key_length}
        if options.hash_algorithm:
            body["hashAlgorithm"] = options.hash_algorithm
        names = dict.fromkeys((*dialect.alternative_names.get(purpose, ()), *options.names))
        if names:
            body["altNames"] = list(names)
        return body

    def _common_name(self, elliptic: bool, *, multi_server: bool) -> str:
        """The node's name, or the one that CUCM itself gives to a certificate of several servers."""
        if not multi_server:
            return self._fqdn
        host, dot, domain = self._fqdn.partition(".")
        return f"{host}{'-EC' if elliptic else ''}-ms{dot}{domain}"

    # ---- transport ----------------------------------------------------------------------------------------------

    def _get(self, path: str) -> requests.Response:
        answer = self._https.send("GET", _BASE + path, headers={"Accept": "application/json"})
        self._denied(answer)
        if answer.status_code != 200:
            raise StepFailed(f"{self._https.where} answered {_said(answer)} when its certificates were read.")
        return answer

    def _post(self, path: str, body: Mapping[str, object]) -> requests.Response:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        return self._https.send("POST", _BASE + path, body=json.dumps(body).encode(), headers=headers, changes=True)

    def _denied(self, answer: requests.Response) -> None:
        where = self._https.where
        match answer.status_code:
            case 404 | 405:
                raise RestAbsent
            case 403:
                raise AccessDenied(
                    f"{where} answered 403: the platform account may not do this. Nothing was changed. Certificates "
                    "need privilege level 1; give the account that level, then retry."
                )
            case 503 | 429:
                raise Unreachable(
                    f"{where} answered {answer.status_code}: not available now. Nothing was changed; retry later."
                )
            case 502 | 504 if answer.request.method == "POST":
                raise AnswerLost(
                    f"{where} answered {answer.status_code}: its own answer was lost on the way. The request may or "
                    "may not have taken effect; nothing is repeated before the node was looked at."
                )
            case 502 | 504:
                raise Unreachable(
                    f"{where} answered {answer.status_code}: not available now. Nothing was changed; retry later."
                )

    def _accept(self, answer: requests.Response, what: str, now: str) -> None:
        if answer.status_code in (200, 201):
            return
        self._denied(answer)
        said = _said(answer)
        explained = wording.explain(said)
        if not explained and answer.status_code == 400:
            explained = f"Likely {wording.NO_CHAIN.cause}; {wording.NO_CHAIN.remedy}."
        if not explained and answer.status_code == 500:
            explained = f"Likely {wording.NO_REQUEST.cause}, or {wording.WRONG_KEY.cause}; {wording.NO_REQUEST.remedy}."
        if not explained:
            explained = "The reason is not one that this program knows; look at the node."
        raise StepFailed(f"{self._https.where} did not {what}. It answered {said}. {now} {explained}")


def _json(answer: requests.Response) -> Any:
    try:
        return json.loads(answer.content.decode("utf-8", "replace").lstrip("\ufeff"))
    except ValueError:
        return None


def _said(answer: requests.Response) -> str:
    """The status with CUCM's own words: `message`, `messages`, `error`, or the text of the page."""
    body = _json(answer)
    said = ""
    if isinstance(body, dict):
        for name in ("messages", "message", "errors", "error", "detail"):
            said = said or "; ".join(_strings(body.get(name)))
    if not said and not isinstance(body, dict):
        page = re.sub(r"<(style|script|head)\b.*?</\1>|<[^>]*>", " ", answer.text, flags=re.DOTALL | re.IGNORECASE)
        said = page
    return f"{answer.status_code} {words(said)!r}" if said.strip() else str(answer.status_code)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _items(value: object) -> Iterator[Mapping[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            yield item


def _strings(value: object) -> Iterator[str]:
    """Every string inside a JSON value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)


def _pems(value: object) -> Iterator[str]:
    for text in _strings(value):
        yield from pem.certificates(text)
