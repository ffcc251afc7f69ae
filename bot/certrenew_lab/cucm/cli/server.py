"""The SSH server of a node: keyboard-interactive login, interactive shell, nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncssh

from .. import x509 as certificates
from ..cluster import Cluster
from ..node import Node
from .registry import Session
from .shell import run_shell
from .terminal import Terminal


class SshServer:
    """The port, its host keys and the sessions that are open."""

    def __init__(self, cluster: Cluster, node: Node) -> None:
        self.cluster = cluster
        self.node = node
        self.sessions = 0
        self.connections: set[asyncssh.SSHServerConnection] = set()
        self._keys: list[asyncssh.SSHKey] = []
        self._acceptor: asyncssh.SSHAcceptor | None = None

    async def open(self) -> None:
        """Bind; host keys are made once and survive an outage."""
        if self._acceptor is not None:
            return
        if not self._keys:
            self._keys = [
                asyncssh.generate_private_key("ssh-ed25519"),
                asyncssh.import_private_key(certificates.key_pem(await asyncio.to_thread(certificates.new_rsa_key))),
            ]
        self._acceptor = await asyncssh.listen(
            self.node.address,
            self.cluster.scenario.ports.ssh,
            server_factory=lambda: _Login(self),
            server_host_keys=self._keys,
            line_editor=False,
            agent_forwarding=False,
            gss_host=None,
            reuse_address=True,
        )

    @property
    def listening(self) -> bool:
        """Whether the port is bound."""
        return self._acceptor is not None

    async def close(self) -> None:
        """Stop listening and cut every connection."""
        acceptor, self._acceptor = self._acceptor, None
        for connection in list(self.connections):
            connection.abort()
        if acceptor is not None:
            acceptor.close()
            await acceptor.wait_closed()

    def host_keys(self) -> list[str]:
        """The public host keys in OpenSSH form, ed25519 first."""
        return [key.export_public_key("openssh").decode().strip() for key in self._keys]


class _Login(asyncssh.SSHServer):
    """One connection: who it is and whether it may open a shell."""

    def __init__(self, server: SshServer) -> None:
        self._server = server
        self._connection: asyncssh.SSHServerConnection | None = None

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._connection = conn
        self._server.connections.add(conn)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._connection is not None:
            self._server.connections.discard(self._connection)

    def begin_auth(self, username: str) -> bool:
        return True

    def public_key_auth_supported(self) -> bool:
        return False

    def password_auth_supported(self) -> bool:
        return self._server.cluster.scenario.ssh.password_auth  # ASSUMPTION A-23

    def validate_password(self, username: str, password: str) -> bool:
        return self._check(username, password)

    def kbdint_auth_supported(self) -> bool:
        return True

    def get_kbdint_challenge(
        self, username: str, lang: str, submethods: str
    ) -> tuple[str, str, str, list[tuple[str, bool]]]:
        return "", "", "", [("Password: ", False)]

    def validate_kbdint_response(self, username: str, responses: Sequence[str]) -> bool:
        return len(responses) == 1 and self._check(username, responses[0])

    def _check(self, username: str, password: str) -> bool:
        return self._server.cluster.platform.check(self._server.node.name, username, password, "ssh")

    def session_requested(self) -> asyncssh.SSHServerSession[str] | bool:
        if self._server.sessions >= self._server.cluster.scenario.ssh.session_cap or self._connection is None:
            self._server.cluster.journal.record(self._server.node.name, "session_refused", via="ssh")
            return False
        return _Shell(self._server, self._connection)


class _Shell(asyncssh.SSHServerSession[str]):
    """One interactive shell; exec and subsystems are refused, as on a real node."""

    def __init__(self, server: SshServer, connection: asyncssh.SSHServerConnection) -> None:
        self._server = server
        self._connection = connection
        self._channel: asyncssh.SSHServerChannel[str] | None = None
        self._task: asyncio.Task[None] | None = None
        self._terminal = Terminal(
            self._send, connection.abort, server.cluster.clock, server.cluster.scenario.ssh.page_lines
        )
        self._terminal.echo = False

    def connection_made(self, chan: asyncssh.SSHServerChannel[str]) -> None:
        self._channel = chan

    def pty_requested(self, term_type: str, term_size: tuple[int, int, int, int], term_modes: object) -> bool:
        self._terminal.echo = True
        return True

    def shell_requested(self) -> bool:
        return True

    def exec_requested(self, command: str) -> bool:
        self._server.cluster.journal.record(self._server.node.name, "exec_refused", line=command)
        return False

    def subsystem_requested(self, subsystem: str) -> bool:
        return False

    def session_started(self) -> None:
        self._server.sessions += 1
        self._task = asyncio.get_running_loop().create_task(self._run())

    def data_received(self, data: str, datatype: asyncssh.DataType) -> None:
        self._terminal.feed(data)

    def eof_received(self) -> bool:
        self._terminal.hang_up()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        self._terminal.hang_up()
        if self._task is not None:
            self._server.sessions -= 1
            self._task.cancel()

    async def _run(self) -> None:
        username = str(self._connection.get_extra_info("username"))
        session = Session(
            self._server.cluster,
            self._server.node,
            self._terminal,
            username,
            self._server.cluster.scenario.ssh.privilege,
        )
        await run_shell(session)
        if self._channel is not None:
            self._channel.exit(0)

    def _send(self, text: str) -> None:
        if self._channel is not None and not self._channel.is_closing():
            self._channel.write(text)
