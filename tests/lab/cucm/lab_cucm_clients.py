"""Real clients for the lab: paramiko for the command line, requests for HTTPS, ssl for served certificates."""

from __future__ import annotations

import asyncio
import hashlib
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import paramiko
import requests

from certrenew_lab.cucm import LabCucm

REST = "/platformcom/api/v1/certmgr/config"
AST = "http://schemas.cisco.com/ast/soap"


class Cli:
    """A paramiko shell, logged in keyboard-interactively; blocking, so use it in a thread."""

    def __init__(self, lab: LabCucm, node: int = 0, password: str | None = None) -> None:
        where = lab.description()["nodes"][node]
        self.transport = paramiko.Transport((where["address"], where["ssh_port"]))
        self.transport.start_client(timeout=10)
        secret = password or lab.scenario.platform_password
        try:
            self.transport.auth_interactive(lab.scenario.platform_user, lambda *_: [secret])
        except paramiko.SSHException:
            self.transport.close()
            raise
        self.channel = self.transport.open_session()
        self.channel.get_pty()
        self.channel.invoke_shell()
        self.channel.settimeout(10)

    def until(self, ending: str, seconds: float = 20) -> str:
        """Read until the screen ends with something."""
        text, deadline = "", time.monotonic() + seconds
        while not text.endswith(ending):
            if time.monotonic() > deadline:
                raise TimeoutError(text)
            piece = self.channel.recv(65536)
            if not piece:
                raise EOFError(text)
            text += piece.decode()
        return text

    def run(self, line: str, *answers: tuple[str, str]) -> str:
        """Send a command, answer its prompts as they come, and read to the next prompt."""
        self.channel.sendall(f"{line}\n".encode())
        text = ""
        for prompt, answer in answers:
            text += self.until(prompt)
            self.channel.sendall(answer.encode())
        return text + self.until("admin:")

    def close(self) -> None:
        self.transport.close()


async def on_cli(lab: LabCucm, *lines: str, node: int = 0) -> str:
    """Log in, switch paging off, run simple commands and return the last answer."""

    def work() -> str:
        cli = Cli(lab, node)
        try:
            cli.until("admin:")
            cli.run("set cli pagination off")
            answer = ""
            for line in lines:
                answer = cli.run(line)
            return answer
        finally:
            cli.close()

    return await asyncio.to_thread(work)


async def call(
    lab: LabCucm, method: str, path: str, *, node: int = 0, tmp: Path, account: str = "platform", **kwargs: Any
) -> requests.Response:
    """One HTTPS request, verified against the CA bundle by FQDN pinning to the loopback address."""
    description = lab.description()
    where = description["nodes"][node]
    bundle = tmp / "bundle.pem"
    bundle.write_text(description["ca_bundle"])
    login = description[account]
    kwargs.setdefault("auth", (login["username"], login["password"]))

    def work() -> requests.Response:
        with requests.Session() as session:
            session.trust_env = False
            session.mount("https://", _ToAddress(where["fqdn"]))
            return session.request(
                method,
                f"https://{where['address']}:{where['https_port']}{path}",
                verify=str(bundle),
                timeout=15,
                **kwargs,
            )

    return await asyncio.to_thread(work)


class _ToAddress(requests.adapters.HTTPAdapter):
    """Connects to an address while checking the certificate for the node's name."""

    def __init__(self, name: str) -> None:
        self._name = name
        super().__init__()

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, assert_hostname=self._name, server_hostname=self._name, **kwargs)


async def soap(lab: LabCucm, path: str, body: str, *, tmp: Path, node: int = 0, action: str = "") -> requests.Response:
    """One SOAP call by the application user."""
    envelope = (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": action}
    return await call(lab, "POST", path, node=node, tmp=tmp, account="application", data=envelope, headers=headers)


async def axl(lab: LabCucm, operation: str, inner: str = "", *, tmp: Path, version: str = "14.0") -> requests.Response:
    """One AXL call to the publisher."""
    body = f'<ns0:{operation} xmlns:ns0="http://www.cisco.com/AXL/API/{version}">{inner}</ns0:{operation}>'
    return await soap(lab, "/axl/", body, tmp=tmp, action=f'"CUCM:DB ver={version} {operation}"')


async def served(lab: LabCucm, port: str, node: int = 0, ciphers: str = "") -> str:
    """The SHA-256 of the certificate a port presents, to a client with these TLS 1.2 ciphers if any are given.

    ConnectionRefusedError while it is down.
    """
    where = lab.description()["nodes"][node]
    number = where["https_port"] if port == "https" else where["ports"][port]

    def work() -> str:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if ciphers:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
            context.set_ciphers(ciphers)
        with (
            socket.create_connection((where["address"], number), timeout=5) as plain,
            context.wrap_socket(plain, server_hostname=where["fqdn"]) as secure,
        ):
            encoded = secure.getpeercert(binary_form=True)
            assert encoded is not None
            return hashlib.sha256(encoded).hexdigest()

    return await asyncio.to_thread(work)


async def until(condition: Any, seconds: float = 15) -> None:
    """Wait for a condition to hold, failing loudly when it does not."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError("the condition did not come true")
        await asyncio.sleep(0.02)
