"""Open an authenticated interactive shell on a node whose host key is the one written down."""

import logging
import socket
from collections.abc import Sequence

import paramiko

from certrenew.cucm import hostkeys
from certrenew.cucm.accounts import Account, Attempt
from certrenew.cucm.settings import NodeAddress, Timeouts
from certrenew.domain.errors import AccessDenied, Unreachable

_LOG = "certrenew.cucm.paramiko"


def _transport(address: NodeAddress, timeouts: Timeouts, family: Sequence[str]) -> paramiko.Transport:
    name = address.node.name
    problem = ""
    try:
        sock = socket.create_connection((address.host, address.ssh_port), timeout=timeouts.connect)
    except OSError as error:
        problem = str(error)
    if problem:
        raise Unreachable(
            f"{name} does not answer on its SSH port {address.ssh_port} at {address.host} ({problem}). "
            "Nothing was sent. Check the node and the network, then retry."
        )
    transport = paramiko.Transport(sock)
    transport.set_log_channel(_LOG)
    logging.getLogger(_LOG).setLevel(logging.CRITICAL)  # every failure is raised here as a sentence; no second telling
    transport.banner_timeout = timeouts.handshake
    transport.handshake_timeout = timeouts.handshake
    transport.auth_timeout = timeouts.login
    options = transport.get_security_options()
    known = options.key_types
    options.key_types = [kind for kind in family if kind in known]
    try:
        transport.start_client(timeout=timeouts.handshake)
    except (paramiko.SSHException, EOFError, OSError) as error:
        problem = str(error) or type(error).__name__
    if problem:
        transport.close()
        raise Unreachable(
            f"{name} answered on port {address.ssh_port} but no SSH session came about ({problem}). "
            "Nothing was sent. Check that it is the node's SSH port and that the node is up, then retry."
        )
    return transport


def host_keys(address: NodeAddress, timeouts: Timeouts) -> tuple[str, ...]:
    """Every host key the node shows, as `type base64` lines, without logging in."""
    found: list[str] = []
    last: Unreachable | None = None
    for family in hostkeys.FAMILIES:
        try:
            transport = _transport(address, timeouts, family)
        except Unreachable as error:
            last = error
            continue
        key = transport.get_remote_server_key()
        transport.close()
        found.append(f"{key.get_name()} {key.get_base64()}")
    if not found and last is not None:
        raise last
    return tuple(found)


def verified_transport(address: NodeAddress, timeouts: Timeouts) -> paramiko.Transport:
    """A connection to a node that proved the pinned host key; raises AccessDenied otherwise, before any login."""
    seen: list[str] = []
    lost: Unreachable | None = None
    for family in hostkeys.families(address.ssh_keys):
        try:
            transport = _transport(address, timeouts, family)
        except Unreachable as error:
            if lost is None and seen == []:
                lost = error
            continue
        key = transport.get_remote_server_key()
        if hostkeys.matches(key.asbytes(), address.ssh_keys):
            return transport
        transport.close()
        seen.append(f"{key.get_name()} {hostkeys.fingerprint(key.asbytes())}")
    if not seen and lost is not None:
        raise lost
    expected = ", ".join(hostkeys.pinned_fingerprint(pin) or repr(pin) for pin in address.ssh_keys) or "none"
    raise AccessDenied(
        f"{address.node.name} shows the SSH host key {' and '.join(seen)}, but the configuration expects {expected}. "
        "Nobody logged in and no password was sent. Compare the key on the node's console; correct the configuration "
        "only if it is really the node's."
    )


class _Answers:
    """Answers keyboard-interactive prompts: the password to hidden ones, once; the user name to visible ones."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self.handed_over = False

    def __call__(self, _title: str, _instructions: str, prompts: Sequence[tuple[str, bool]]) -> list[str]:
        secret_wanted = [not visible or "password" in text.lower() for text, visible in prompts]
        if any(secret_wanted) and self.handed_over:
            raise paramiko.AuthenticationException("asked for the password again")
        self.handed_over = self.handed_over or any(secret_wanted)
        return [self._attempt.secret if wanted else self._attempt.user for wanted in secret_wanted]


def log_in(transport: paramiko.Transport, address: NodeAddress, account: Account) -> None:
    """Authenticate once, by keyboard-interactive, or by plain password if the server offers nothing else."""
    name = address.node.name
    with account.attempt(f"{name} (SSH)", alone=True) as attempt:
        answers = _Answers(attempt)
        refused = False
        problem = ""
        try:
            try:
                left = transport.auth_interactive(attempt.user, answers)
            except paramiko.BadAuthenticationType as error:
                if answers.handed_over or "password" not in error.allowed_types:
                    raise
                answers.handed_over = True
                left = transport.auth_password(attempt.user, attempt.secret, fallback=False)
            if left or not transport.is_authenticated():
                problem = f"it asks for a further proof ({', '.join(left)}) that this program does not have"
        except paramiko.AuthenticationException as error:
            refused = answers.handed_over
            problem = "" if refused else f"it offers no password login ({error})"
            if refused and "timeout" in str(error).lower():
                refused, problem = False, ""
        except (paramiko.SSHException, EOFError, OSError):
            problem = "lost"
        if transport.is_authenticated() and not problem:
            attempt.accepted()
            return
        transport.close()
        if refused:
            raise attempt.refused()
    if problem in ("lost", ""):
        raise Unreachable(f"{name} dropped the SSH connection during the login. Nothing was changed; retry later.")
    raise AccessDenied(f"{name} let nobody in by SSH: {problem}. Nothing was changed; check the platform account.")


def open_shell(transport: paramiko.Transport, address: NodeAddress, timeouts: Timeouts) -> paramiko.Channel:
    """An interactive shell on a wide terminal: CUCM has no other kind of channel."""
    problem = ""
    try:
        channel = transport.open_session(timeout=timeouts.login)
        channel.settimeout(timeouts.login)
        channel.get_pty(term="vt100", width=240, height=500)
        channel.invoke_shell()
    except (paramiko.SSHException, EOFError, OSError) as error:
        problem = str(error) or type(error).__name__
    if problem:
        transport.close()
        raise Unreachable(
            f"{address.node.name} accepted the login but opened no terminal ({problem}); perhaps its limit of "
            "sessions is reached. Nothing was changed; retry later."
        )
    return channel
