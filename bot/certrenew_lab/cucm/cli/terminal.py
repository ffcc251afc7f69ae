"""What sits between the SSH channel and the command line: echo, line editing, paging, prompts that drop type-ahead."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Literal

from ..clock import LabClock

PAGE_PROMPT = "\x1b[1mPress <enter> for 1 line, <space> for one page, or <q> to quit\x1b[0m\x1b[K"
_ERASE_LINE = "\r\x1b[K"
_PASTE_SILENCE = 0.5  # real seconds without input after an END line


class Disconnected(Exception):
    """The connection is gone."""


class Interrupted(Exception):
    """The user pressed Ctrl-C."""


class Terminal:
    """One interactive session; `cut` is called when a fault wants the connection dropped."""

    def __init__(self, send: Callable[[str], None], cut: Callable[[], None], clock: LabClock, page_lines: int) -> None:
        self._send = send
        self._cut = cut
        self._clock = clock
        self._page_lines = page_lines
        self._keys: deque[str] = deque()
        self._arrived = asyncio.Event()
        self._after_return = False
        self._held: list[str] | None = None
        self.echo = True
        self.paging = True
        self.closed = False
        self.fault: Literal["", "drop", "lost_answer"] = ""
        self._outputs_left = 0
        self.dropped_type_ahead = ""
        self.interrupted = False

    def feed(self, text: str) -> None:
        """Take what the client typed."""
        if "\x03" in text:
            self.interrupted = True
        self._keys.extend(text)
        self._arrived.set()

    def hang_up(self) -> None:
        """The client went away."""
        self.closed = True
        self._arrived.set()

    def arm(self, fault: Literal["drop", "lost_answer"], outputs: int = 1) -> None:
        """Let the next command end badly: cut after so many outputs, or done but never answered."""
        self.fault = fault
        self._outputs_left = outputs
        self._held = [] if fault == "lost_answer" else None

    def finish_command(self) -> None:
        """A command ended: a lost answer is lost here."""
        if self.fault:
            self._drop()

    def write(self, text: str) -> None:
        """Send text with CRLF line ends; Disconnected when nobody listens."""
        if self.closed:
            raise Disconnected
        if self._held is not None:
            self._held.append(text)
            return
        self._send(text.replace("\n", "\r\n"))
        if self.fault == "drop":
            self._outputs_left -= 1
            if self._outputs_left <= 0:
                self._drop()

    def line(self, text: str = "") -> None:
        """Send one line."""
        self.write(text + "\n")

    async def ask(self, prompt: str) -> str:
        """A confirmation prompt; whatever was typed before it appeared is thrown away, as VOS does."""
        self.dropped_type_ahead = "".join(self._keys)
        self._keys.clear()
        self._release()
        self.write(prompt)
        answer = await self.read_line()
        self._hold_again()
        return answer.strip()

    async def paste(self, prompt: str) -> str:
        """A pasted block. ASSUMPTION A-02: a blank line, Ctrl-D, or silence after an END line ends it."""
        self._release()
        self.write(prompt + "\n")
        lines: list[str] = []
        while True:
            ended = bool(lines) and lines[-1].startswith("-----END")
            if ended and not await self._input_within(_PASTE_SILENCE):
                break
            text = await self.read_line()
            if text == "\x04" or not text.strip():
                break
            lines.append(text)
        self._hold_again()
        return "\n".join(lines) + "\n"

    async def page(self, text: str) -> None:
        """Show text, a page at a time while pagination is on."""
        lines = text.splitlines()
        room = self._page_lines
        for number, line in enumerate(lines):
            if self.paging and room == 0 and number < len(lines):
                self.write(PAGE_PROMPT)
                key = await self.read_key()
                self.write(_ERASE_LINE)
                if key in "qQ":
                    return
                room = 1 if key in "\r\n" else self._page_lines
            self.line(line)
            room -= 1

    async def read_line(self) -> str:
        """One line without its end; a lone Ctrl-D comes back as that character."""
        typed: list[str] = []
        while True:
            key = await self.read_key()
            if key in "\r\n":
                self._echo("\n")
                return "".join(typed)
            if key == "\x03":
                self._echo("^C\n")
                raise Interrupted
            if key == "\x04":
                return "".join(typed) if typed else key
            if key in "\x7f\b":
                if typed:
                    typed.pop()
                    self._echo("\b \b")
                continue
            typed.append(key)
            self._echo(key)

    async def read_key(self) -> str:
        """The next character; CR LF counts as one Enter. Disconnected when the client is gone."""
        while True:
            while not self._keys:
                if self.closed:
                    raise Disconnected
                self._arrived.clear()
                await self._arrived.wait()
            key = self._keys.popleft()
            paired = key == "\n" and self._after_return
            self._after_return = key == "\r"
            if not paired:
                return key

    async def _input_within(self, seconds: float) -> bool:
        if self._after_return and self._keys and self._keys[0] == "\n":
            self._keys.popleft()
            self._after_return = False
        if self._keys:
            return True
        self._arrived.clear()
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except TimeoutError:
            return False
        if self.closed:
            raise Disconnected
        return True

    def _echo(self, text: str) -> None:
        if self.echo and not self.closed:
            self._send(text.replace("\n", "\r\n"))

    def _release(self) -> None:
        held, self._held = self._held, None
        if held:
            self._send("".join(held).replace("\n", "\r\n"))

    def _hold_again(self) -> None:
        if self.fault == "lost_answer":
            self._held = []

    def _drop(self) -> None:
        self.closed = True
        self._cut()
        raise Disconnected
