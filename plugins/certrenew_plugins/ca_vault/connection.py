"""Talking to one Vault or OpenBao server, and telling "nothing happened" from "the answer was lost"."""

import hashlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError

from certrenew.plugin import AccessDenied, AnswerLost, StepFailed, Unreachable
from certrenew_plugins.ca_vault.settings import Settings

LARGEST = 64 * 1024 * 1024  # bytes of an answer; a list of a hundred thousand certificates has about 30 MB
LATER = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.TOO_MANY_REQUESTS, 472, 473)  # behind, throttled, standby
ANSWERS = (HTTPStatus.OK, HTTPStatus.NO_CONTENT, 400, 401, 403, 404, 405)


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said; `errors` are its own words, on one line and without secrets."""

    status: int
    body: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    errors: str = ""

    @property
    def ok(self) -> bool:
        return self.status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT)

    @property
    def denied(self) -> bool:
        return self.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)

    @property
    def data(self) -> Mapping[str, Any]:
        found = self.body.get("data")
        return found if isinstance(found, dict) else {}


class Connection:
    """Requests to one server, logged in when that is needed. Safe to use from several threads."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._token = ""
        self._token_until = 0.0
        self._refused = ""  # digest of the secret id that was refused, so that it is never sent twice
        self.host = urlsplit(settings.url).netloc

    def call(self, method: str, path: str, body: Mapping[str, object] | None = None, *, changes: bool = False) -> Reply:
        """A request with the token. A reply with `denied` means a valid token whose policy does not allow this.

        Raises AccessDenied when the token or secret id itself is refused, Unreachable, and AnswerLost if `changes`.
        """
        token = self._authenticate()
        reply = self.send(method, path, body, token=token, changes=changes)
        if not reply.denied or self.send("GET", "auth/token/lookup-self", token=token).ok:
            return reply
        if self._settings.approle_role_id is None:
            raise AccessDenied(
                f"{self.host} refused the token ({reply.errors or 'permission denied'}): it has expired, was "
                "revoked or "
                "is wrong. Put a new one in place; it is not tried again by itself."
            )
        self._forget(token)  # its lease is over: log in once more, and no more than once
        return self.send(method, path, body, token=self._authenticate(), changes=changes)

    def keep_token(self) -> None:
        """Renew a token given by file or variable when half of its lease is over; a failure shows at its next use."""
        if self._settings.approle_role_id is not None:
            return
        token = self._authenticate()
        try:
            facts = self.send("GET", "auth/token/lookup-self", token=token).data
            if facts.get("renewable") and 0 < 2 * _number(facts.get("ttl")) < _number(facts.get("creation_ttl")):
                self.send("POST", "auth/token/renew-self", {}, token=token)
        except (Unreachable, StepFailed):
            return

    def send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        token: str = "",
        changes: bool = False,
        secret: str = "",
    ) -> Reply:
        """One request, never repeated. Raises Unreachable, AnswerLost (only if `changes`) or StepFailed (TLS, URL)."""
        headers = {"X-Vault-Request": "true"}
        if token:
            headers["X-Vault-Token"] = token
        if self._settings.namespace:
            headers["X-Vault-Namespace"] = self._settings.namespace
        problem: Exception | None = None
        try:
            status, content = self._exchange(method, path, body, headers)
        except requests.RequestException as error:
            problem = self._problem(error, changes)
        except (OSError, ValueError):
            problem = StepFailed(
                f"The request to {self.host} cannot be made: check ca_bundle, client_certificate and client_key."
            )
        if problem is not None:  # raised here, so that nothing that held the token hangs on to the error
            raise problem
        return self._judged(status, content, changes, (token, secret))

    def _exchange(
        self, method: str, path: str, body: Mapping[str, object] | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """A session for each request: an idle connection that the server has closed would look like a lost answer."""
        settings = self._settings
        until = time.monotonic() + settings.timeout
        pair = (str(settings.client_certificate), str(settings.client_key)) if settings.client_certificate else None
        with requests.Session() as http:
            http.trust_env = False
            with http.request(
                method,
                f"{settings.url}/v1/{path}",
                json=body,
                headers=headers,
                timeout=settings.timeout,
                verify=str(settings.ca_bundle) if settings.ca_bundle else True,
                cert=pair,
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = bytearray()
                for chunk in answer.iter_content(64 * 1024):
                    content += chunk
                    if time.monotonic() > until or len(content) > LARGEST:
                        raise requests.ReadTimeout("the answer is too slow or too large")
                return answer.status_code, bytes(content)

    def _problem(self, error: requests.RequestException, changes: bool) -> Exception:
        if "CERTIFICATE_VERIFY_FAILED" in str(error):
            return StepFailed(
                f"The TLS certificate of {self.host} is not trusted: set ca_bundle to the PEM of the CA that "
                "issued it. "
                "Nothing was sent."
            )
        cause = error.args[0] if error.args else None
        if isinstance(cause, MaxRetryError):
            cause = cause.reason
        never_sent = isinstance(cause, NewConnectionError | NameResolutionError)
        if never_sent or isinstance(error, requests.ConnectTimeout):
            return Unreachable(f"{self.host} does not answer (no connection); nothing happened there.")
        if isinstance(error, requests.Timeout):
            return self._lost(f"did not answer within {self._settings.timeout:g} seconds", changes)
        return self._lost("closed the connection before its answer was complete", changes)

    def _lost(self, what: str, changes: bool) -> Exception:
        if changes:
            return AnswerLost(f"{self.host} {what}; whether it signed the request is not known.")
        return Unreachable(f"{self.host} {what}; nothing happened there.")

    def _judged(self, status: int, content: bytes, changes: bool, secrets: tuple[str, ...]) -> Reply:
        try:
            parsed = json.loads(content) if content else {}
        except (ValueError, RecursionError):
            parsed = None
        body = parsed if isinstance(parsed, dict) else {}
        told = body.get("errors")
        words = "; ".join(str(line) for line in told) if isinstance(told, list) else ""
        errors = _safe(words, secrets)
        if 300 <= status < 400:
            raise StepFailed(f"{self.host} points to another address (standby?); set url to the active server.")
        if status in LATER or (status == HTTPStatus.SERVICE_UNAVAILABLE and told):
            raise Unreachable(f"{self.host} cannot serve now ({errors or f'HTTP {status}'}); nothing happened there.")
        if status not in ANSWERS or (status == HTTPStatus.OK and not isinstance(parsed, dict)):
            raise self._lost(f"answered HTTP {status} ({errors or 'no answer that can be read'})", changes)
        return Reply(status, body, errors)

    def _authenticate(self) -> str:
        settings = self._settings
        secret = settings.secret()
        if settings.approle_role_id is None:
            return secret
        with self._lock:
            if self._token and time.monotonic() < self._token_until:
                return self._token
            digest = hashlib.sha256(f"{settings.approle_role_id} {secret}".encode()).hexdigest()
            if digest == self._refused:
                raise AccessDenied(
                    f"{self.host} has refused this AppRole secret id already, so it was not sent again; put a new "
                    "one in "
                    "place."
                )
            login = {"role_id": settings.approle_role_id, "secret_id": secret}
            reply = self.send("POST", f"auth/{settings.approle_mount}/login", login, secret=secret)
            auth = reply.body.get("auth")
            if not reply.ok or not isinstance(auth, dict) or not isinstance(auth.get("client_token"), str):
                self._refused = digest
                raise AccessDenied(
                    f"{self.host} refused the AppRole login ({reply.errors or f'HTTP {reply.status}'}). Put a "
                    "valid secret "
                    "id in place; this one is not tried again."
                )
            lease = _number(auth.get("lease_duration"))
            self._token = str(auth["client_token"])
            self._token_until = time.monotonic() + (0.9 * lease if lease else float("inf"))
            return self._token

    def _forget(self, token: str) -> None:
        with self._lock:
            if self._token == token:
                self._token = ""


def _number(found: object) -> float:
    return float(found) if isinstance(found, int | float) else 0.0


def plain(words: str) -> str:
    """A server's words on one line, short enough to show."""
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(words.split()))[:300]


def _safe(words: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        if secret:
            words = words.replace(secret, "***")
    return plain(words)
