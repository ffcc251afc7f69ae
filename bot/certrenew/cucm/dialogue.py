"""Turn the bytes of a CUCM terminal into situations: still talking, prompt, question, page, paste. No I/O here."""

import codecs
import re
from dataclasses import dataclass
from typing import TypeAlias

_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]+[0-~]|[0-Z\\^-~])")
_CUT_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?|[ -/]*)?$")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_PROMPT = re.compile(r"(?:^|\n)[ \t]*(?:\W{0,3}\d{1,6}\W{0,3})?admin:[ \t]*(?:\d{1,6}[>:#]?[ \t]*)?$")
_QUESTION = re.compile(
    r"[(\[]?\s*\b(?P<yes>yes|y)\b\s*[|/]\s*\b(?P<no>no|n)\b\s*[)\]]?\s*(?P<end>[?:]?)[ \t]*[?:]?(?P<after>\s*)$",
    re.IGNORECASE,
)
_PAGE = re.compile(r"Press\s+<enter>\s+for\s+1\s+line\b.{0,80}?<q>\s+to\s+quit\s*$", re.IGNORECASE | re.DOTALL)
_FILE_PAGE = re.compile(r"options:\s*q=quit,.{0,120}?\)\s*:\s*$", re.IGNORECASE | re.DOTALL)
_PASTE = re.compile(r"Paste\s+the\s+certificate.{0,40}?hit\s+enter[\s.:>]*$", re.IGNORECASE | re.DOTALL)
_TAIL = 600
_ECHO_WINDOW = 4096


@dataclass(frozen=True, slots=True)
class Talking:
    """Nothing to do but read on."""


@dataclass(frozen=True, slots=True)
class Prompted:
    """The prompt stands at the end. `sure` when the command's echo proves that it is not a leftover."""

    sure: bool
    empty: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A yes-or-no question, with the two answers in its own style."""

    question: str
    yes: str
    no: str
    sure: bool


@dataclass(frozen=True, slots=True)
class Paged:
    """Output stopped for a key; `key` makes it go on."""

    key: str


@dataclass(frozen=True, slots=True)
class PasteWanted:
    """CUCM waits for a certificate."""


Situation: TypeAlias = Talking | Prompted | Asked | Paged | PasteWanted


class Dialogue:
    """Feed it bytes in any portions; ask what the situation is; say when a question was answered."""

    def __init__(self, limit: int = 8_000_000) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self._text = ""
        self._limit = limit
        self._consumed = 0
        self._echo: re.Pattern[str] | None = None
        self._echo_end: int | None = None

    def begin(self, command: str = "") -> None:
        """Forget what was said and expect the echo of `command` (none when empty)."""
        squeezed = re.sub(r"\s+", "", command)
        self._echo = re.compile(r"\s*".join(re.escape(sign) for sign in squeezed)) if squeezed else None
        self._text, self._consumed, self._echo_end = "", 0, None

    def feed(self, data: bytes) -> None:
        """Take in bytes as they came; escape sequences and carriage returns may be cut anywhere."""
        text = self._held + self._decoder.decode(data)
        text = _ESCAPE.sub("", text)
        cut = _CUT_ESCAPE.search(text) or re.search(r"\r+$", text)
        self._held, text = (text[cut.start() :], text[: cut.start()]) if cut else ("", text)
        if len(self._held) > 200:
            text, self._held = text + self._held, ""
        text = re.sub(r"\r+\n|\r", "\n", text)
        self._text += _CONTROL.sub("", text)
        self._find_echo()

    @property
    def overflowing(self) -> bool:
        return len(self._text) > self._limit

    def situation(self) -> Situation:
        """What the end of the text so far asks for."""
        tail = self._text[max(self._consumed, len(self._text) - _TAIL) :]
        prompt = _PROMPT.search(tail)
        if prompt:
            start = len(self._text) - len(tail) + prompt.start()
            proven = self._echo is None or (self._echo_end is not None and start >= self._echo_end)
            return Prompted(sure=proven, empty=not _without_prompts(self._text))
        if _PAGE.search(tail):
            return Paged(" ")
        if _FILE_PAGE.search(tail):
            return Paged("n")
        if _PASTE.search(tail):
            return PasteWanted()
        question = _QUESTION.search(tail)
        if question:
            sure = bool(question["end"]) and "\n" not in question["after"]
            return Asked(tail.strip().rpartition("\n")[2].strip(), question["yes"], question["no"], sure)
        return Talking()

    def answered(self) -> None:
        """What stands at the end was dealt with; a paging prompt is cut out of the output."""
        for page in (_PAGE, _FILE_PAGE):
            found = page.search(self._text, max(0, len(self._text) - _TAIL))
            if found:
                self._text = self._text[: found.start()]
        self._consumed = len(self._text)

    def output(self) -> str:
        """What the command printed, without its echo and without prompts at either end."""
        return _without_prompts(self._text[self._echo_end or 0 :])

    def everything(self) -> str:
        return self._text

    def _find_echo(self) -> None:
        if self._echo is not None and self._echo_end is None and self._consumed == 0:
            found = self._echo.search(self._text[:_ECHO_WINDOW])
            self._echo_end = found.end() if found else None


def _without_prompts(text: str) -> str:
    lines = text.split("\n")
    while lines and (not lines[-1].strip() or _PROMPT.fullmatch(lines[-1])):
        lines.pop()
    while lines and (not lines[0].strip() or _PROMPT.fullmatch(lines[0])):
        lines.pop(0)
    return "\n".join(line.rstrip() for line in lines)
