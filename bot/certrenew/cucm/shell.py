"""Run commands one after another in a node's only terminal: wait for the prompt, then send, never ahead of it."""

import contextlib
import threading
import time

import paramiko

from certrenew.cucm import ssh
from certrenew.cucm.accounts import Account
from certrenew.cucm.dialogue import Asked, Dialogue, Paged, PasteWanted, Prompted, Talking
from certrenew.cucm.forbidden import command_allowed
from certrenew.cucm.settings import NodeAddress, Timeouts
from certrenew.cucm.transcript import Transcript
from certrenew.domain.errors import AnswerLost, StepFailed, Unreachable


class _Dropped(Exception):
    """The connection ended, or fell silent for longer than the command may take."""


class Shell:
    """One login, opened at the first command, used for all, opened anew after a drop."""

    def __init__(self, address: NodeAddress, account: Account, timeouts: Timeouts) -> None:
        self._address = address
        self._account = account
        self._timeouts = timeouts
        self._lock = threading.RLock()
        self._transport: paramiko.Transport | None = None
        self._channel: paramiko.Channel | None = None
        self._dialogue = Dialogue()
        self.transcript = Transcript(lambda: (account.current_secret(),))

    @property
    def name(self) -> str:
        return self._address.node.name

    def run(
        self,
        command: str,
        *,
        changes: bool = False,
        timeout: float | None = None,
        paste: str = "",
        include_ou: bool = False,
    ) -> str:
        """Send one command and return what it printed.

        Questions are answered yes when the command `changes` something, else no; whether a request shall name the
        organizational unit is answered as `include_ou` says.
        A lost connection is AnswerLost once something that changes the node was sent, otherwise Unreachable.
        """
        command_allowed(command)
        with self._lock:
            for again in (True, False):
                self._open()
                sent: list[bool] = []
                try:
                    patience = timeout or self._timeouts.command
                    return self._exchange(command, changes, patience, paste, sent, include_ou)
                except _Dropped as drop:
                    reason = str(drop)
                    self.close()
                if any(sent):
                    raise AnswerLost(
                        f"The SSH connection to {self.name} ended during {command!r} ({reason}). The command may or "
                        "may not have taken effect; nothing is repeated before the node was looked at."
                    )
                if "silent" in reason or not again:
                    break
            raise Unreachable(
                f"{self.name} did not answer {command!r} over SSH ({reason}). Nothing was changed; retry later."
            )

    def close(self) -> None:
        """End the session, if there is one; the next command opens another."""
        with self._lock:
            for part in (self._channel, self._transport):
                if part is not None:
                    with contextlib.suppress(paramiko.SSHException, EOFError, OSError):
                        part.close()
            self._channel = self._transport = None

    def open(self) -> None:
        """Log in now rather than at the first command."""
        with self._lock:
            self._open()

    # ---- opening ----------------------------------------------------------------------------------------------

    def _open(self) -> None:
        if self._alive():
            return
        self.close()
        transport = ssh.verified_transport(self._address, self._timeouts)
        try:
            ssh.log_in(transport, self._address, self._account)
            transport.set_keepalive(30)
            self._channel = ssh.open_shell(transport, self._address, self._timeouts)
        except BaseException:
            transport.close()
            raise
        self._transport = transport
        self._dialogue = Dialogue()
        self._dialogue.begin()
        self.transcript.note(f"logged in to {self.name}")
        reason = ""
        try:
            self._first_prompt()
            self._exchange("set cli pagination off", False, self._timeouts.command, "", [])
        except _Dropped as drop:
            reason = str(drop)
        if reason:
            self.close()
            raise Unreachable(
                f"{self.name} accepted the login but its command line did not come up ({reason}). Nothing was changed. "
                "A slow node needs more time, and a node allows a limited number of sessions: retry later."
            )

    def _alive(self) -> bool:
        if self._channel is None or self._transport is None or not self._transport.is_active():
            return False
        while self._channel.recv_ready():
            if not self._channel.recv(65536):
                return False
        return not (self._channel.closed or self._channel.eof_received)

    def _first_prompt(self) -> None:
        deadline = time.monotonic() + self._timeouts.first_prompt
        nudged = False
        while not (isinstance(self._dialogue.situation(), Prompted)):
            if self._receive(self._timeouts.nudge, deadline) or nudged:
                continue
            self._send("\n")
            nudged = True
        while nudged and self._receive(self._timeouts.quiet, deadline):
            pass
        self.transcript.received(self._dialogue.output())

    # ---- one command --------------------------------------------------------------------------------------------

    def _exchange(
        self, command: str, changes: bool, timeout: float, paste: str, sent: list[bool], include_ou: bool = False
    ) -> str:
        dialogue, limits = self._dialogue, self._timeouts
        deadline = time.monotonic() + timeout
        dialogue.begin(command)
        self.transcript.sent(command)
        self._send(command + "\n")
        sent.append(changes and not paste)
        pasted = nudged = False
        while True:
            now = dialogue.situation()
            match now:
                case Prompted(sure=True):
                    break
                case Prompted(empty=empty):
                    if not self._receive(limits.quiet * (3 if empty else 1), deadline):
                        break
                case Paged(key):
                    dialogue.answered()
                    self._send(key)
                case PasteWanted() if not pasted:
                    dialogue.answered()
                    self.transcript.sent(paste)
                    sent.append(changes)
                    self._send(paste.strip() + "\r\n")
                    pasted = True
                case Asked(sure=sure):
                    if sure or not self._receive(limits.quiet, deadline):
                        about_ou = "include ou" in now.question.lower()
                        self._answer(now, changes and (include_ou or not about_ou), deadline)
                case Talking() | PasteWanted() if pasted and not nudged:
                    if not self._receive(limits.paste_nudge, deadline):
                        self._send("\r\n")
                        nudged = True
                case _:
                    self._receive(30.0, deadline)
            if dialogue.overflowing:
                self.close()
                raise StepFailed(f"{self.name} printed far more than {command!r} should; the answer was given up.")
        self.transcript.received(dialogue.output())
        return dialogue.output()

    def _answer(self, asked: Asked, positive: bool, deadline: float) -> None:
        answer = asked.yes if positive else asked.no
        self._dialogue.answered()
        self.transcript.note(f"{asked.question} {answer}")
        self._send(answer + "\n")
        if self._receive(5 * self._timeouts.quiet, deadline):
            return
        for sign in answer + "\n":  # some questions drop what comes at once: type it as a person would
            self._send(sign)
            time.sleep(self._timeouts.quiet / 4)

    def _send(self, text: str) -> None:
        if self._channel is None:
            raise _Dropped("it was closed")
        failed = False
        try:
            self._channel.sendall(text.encode())
        except OSError:
            failed = True
        if failed:
            raise _Dropped("the node closed the connection")

    def _receive(self, patience: float, deadline: float) -> bool:
        """Take in what arrives within `patience` seconds; False when nothing did."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise _Dropped("it stayed silent for too long")
        if self._channel is None:
            raise _Dropped("it was closed")
        self._channel.settimeout(min(patience, left))
        try:
            data = self._channel.recv(65536)
        except TimeoutError:
            return False
        except OSError:
            data = b""
        if not data:
            raise _Dropped("the node closed the connection")
        self._dialogue.feed(data)
        return True
