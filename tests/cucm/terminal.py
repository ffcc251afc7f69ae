"""A scripted terminal for a node that answers over real SSH."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import paramiko

PASSWORD = "Only-For-Tests-1"


class Hangup(Exception):
    """The script wants the connection cut here."""


@dataclass
class Terminal:
    """What a script sees: `say` prints, `ask` prints and reads a line, `paste` reads to the end of a certificate."""

    channel: paramiko.Channel
    echo: bool = True
    buffer: str = ""

    def say(self, text: str) -> None:
        self.channel.sendall(text.replace("\n", "\r\n").encode())

    def line(self) -> str:
        while "\n" not in self.buffer:
            data = self.channel.recv(4096)
            if not data:
                raise Hangup
            self.buffer += data.decode().replace("\r\n", "\n").replace("\r", "\n")
        line, _, self.buffer = self.buffer.partition("\n")
        if self.echo:
            self.say(line + "\n")
        return line

    def ask(self, question: str) -> str:
        self.say(question)
        return self.line()

    def key(self) -> str:
        while not self.buffer:
            self.buffer += self.channel.recv(1).decode()
        key, self.buffer = self.buffer[0], self.buffer[1:]
        return key

    def paste(self) -> str:
        lines = [self.line()]
        while not lines[-1].startswith("-----END"):
            lines.append(self.line())
        return "\n".join(lines) + "\n"


@dataclass
class FakeNode:
    """Behaviour of the scripted node, and what it saw."""

    passwords: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    logins: int = 0
    methods: str = "keyboard-interactive"
    prompts: list[tuple[str, bool]] = field(default_factory=lambda: [("Password: ", False)])
    banner: str = "Command Line Interface is starting up, please wait ...\n\n   Welcome\n\nadmin:"
    echo: bool = True
    wait_for_nudge: bool = False
    script: Callable[[Terminal, str], str | None] = lambda _terminal, _command: None
    port: int = 0


class Door(paramiko.ServerInterface):
    def __init__(self, node: FakeNode) -> None:
        self._node = node
        self.shell = threading.Event()

    def get_allowed_auths(self, username: str) -> str:
        return self._node.methods

    def check_auth_password(self, username: str, password: str) -> int:
        return self._judge([password])

    def check_auth_interactive(self, username: str, submethods: str) -> "paramiko.InteractiveQuery | int":
        if "keyboard-interactive" not in self._node.methods:
            return paramiko.AUTH_FAILED
        return paramiko.InteractiveQuery("", "", *self._node.prompts)

    def check_auth_interactive_response(self, responses: list[str]) -> int:
        return self._judge(list(responses))

    def _judge(self, given: list[str]) -> int:
        self._node.passwords += given
        return paramiko.AUTH_SUCCESSFUL if PASSWORD in given else paramiko.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        return paramiko.OPEN_SUCCEEDED

    def check_channel_pty_request(self, *args: object) -> bool:
        return True

    def check_channel_shell_request(self, channel: paramiko.Channel) -> bool:
        self.shell.set()
        return True


def converse(node: FakeNode, terminal: Terminal) -> None:
    if node.wait_for_nudge:
        terminal.line()
    terminal.say(node.banner)
    while True:
        command = terminal.line()
        if not command.strip():
            terminal.say("\r\n\radmin:")
            continue
        node.commands.append(command)
        if command == "set cli pagination off":
            terminal.say("Automatic pagination is turned off\nadmin:")
            continue
        said = node.script(terminal, command)
        terminal.say(
            ("No valid command entered\nExecuted command unsuccessfully" if said is None else said) + "\nadmin:"
        )
