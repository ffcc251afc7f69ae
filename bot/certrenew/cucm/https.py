"""HTTPS requests to one node's service: verified, never redirected, one try per password, no secret in any error."""

import base64
from collections.abc import Mapping
from functools import partial
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPSConnection

from certrenew.cucm.accounts import Account
from certrenew.cucm.settings import NodeAddress, Timeouts
from certrenew.cucm.tls import NodeTrust
from certrenew.domain.errors import AnswerLost, Unreachable


class _Connection(HTTPSConnection):
    """Its handshake is the node's trust decision; the library never makes one of its own."""

    def __init__(self, *args: Any, trust: NodeTrust, limits: Timeouts, **options: Any) -> None:
        super().__init__(*args, **options)
        self._trust = trust
        self._limits = limits

    def connect(self) -> None:
        self.sock = self._trust.handshake(self.host, self.port, self._limits.connect, self._limits.handshake)
        self.sock.settimeout(self._limits.http)
        self.is_verified = True


class _Adapter(HTTPAdapter):
    def __init__(self, trust: NodeTrust, limits: Timeouts) -> None:
        self._trust = trust
        self._limits = limits
        self._pools: list[HTTPSConnectionPool] = []
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {"https": self._pool}

    def _pool(self, host: str, port: int | None = None, **options: Any) -> HTTPSConnectionPool:
        pool = HTTPSConnectionPool(host, port, **options)
        pool.ConnectionCls = partial(_Connection, trust=self._trust, limits=self._limits)  # type: ignore[assignment]
        self._pools.append(pool)
        return pool

    def close(self) -> None:
        """Close the connections now: the library itself leaves that to the garbage collector."""
        while self._pools:
            self._pools.pop().close()
        super().close()


class Https:
    """One account at one port of one node. Errors are those of the ports; statuses other than 401 are returned."""

    def __init__(
        self, address: NodeAddress, port: int, trust: NodeTrust, account: Account, limits: Timeouts, service: str
    ) -> None:
        self.where = f"{address.node.name} ({service})"
        self._base = f"https://{f'[{address.host}]' if ':' in address.host else address.host}:{port}"
        self._port = port
        self._trust = trust
        self._account = account
        self._limits = limits
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.mount("https://", _Adapter(trust, limits))
        self._session.headers.update({"Host": address.node.fqdn if port == 443 else f"{address.node.fqdn}:{port}"})

    def close(self) -> None:
        self._session.close()

    @property
    def has_cookie(self) -> bool:
        return any(cookie.name == "JSESSIONIDSSO" for cookie in self._session.cookies)

    def forget_cookies(self) -> None:
        self._session.cookies.clear()

    def send(
        self,
        method: str,
        path: str,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        changes: bool = False,
    ) -> requests.Response:
        """One request with the password, tried once. A cut connection is AnswerLost when it `changes` something."""
        with self._account.attempt(self.where) as attempt:
            token = base64.b64encode(f"{attempt.user}:{attempt.secret}".encode()).decode()
            answer = self._deliver(method, path, body, {**(headers or {}), "Authorization": f"Basic {token}"}, changes)
            if answer.status_code == 401:
                raise attempt.refused()
            attempt.accepted()
            return answer

    def send_with_cookie(
        self, method: str, path: str, *, body: bytes, headers: Mapping[str, str], changes: bool
    ) -> requests.Response:
        """One request on the strength of an earlier one's cookie, without the password."""
        return self._deliver(method, path, body, dict(headers), changes)

    def _deliver(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], changes: bool
    ) -> requests.Response:
        if changes:
            self._session.close()  # a connection that died unnoticed must not blur whether the request was sent
        problem = ""
        for again in (True, False):
            try:
                return self._session.request(
                    method,
                    self._base + path,
                    data=body,
                    headers=headers,
                    timeout=(self._limits.connect, self._limits.http),
                    verify=self._trust.verify,
                    allow_redirects=False,
                )
            except requests.Timeout:
                problem = "it did not answer in time"
                break
            except requests.RequestException as error:
                problem = f"the connection ended: {type(error).__name__}"
            if changes or not again:
                break
            self._session.close()
        if changes:
            raise AnswerLost(
                f"{self.where} took the request, but its answer was lost ({problem}). It may or may not have taken "
                "effect; nothing is repeated before the node was looked at."
            )
        raise Unreachable(f"{self.where} gave no answer ({problem}). Nothing was changed; retry later.")
