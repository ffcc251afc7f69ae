"""Plays the people of the demonstration through the workspace's own doors, and prints the conversation."""

import json
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, cast

import requests

from certrenew.domain.errors import CertrenewError

REQUESTER, APPROVER = "ana", "carmen"
POLL = 0.2


class People:
    """Ana asks, Carmen decides. `say` prints one line of the conversation."""

    def __init__(self, slack: dict[str, Any], cucm: dict[str, Any], *, say: Callable[[str, str], None]) -> None:
        self._base = str(slack["control_url"]).rstrip("/")
        self._cucm = str(cucm["control_url"]).rstrip("/")
        self._channel = next(iter(slack["channels"]))
        self._bot = str(slack["bot_user_id"])
        self._names = {identity: name for name, identity in slack["users"].items()}
        self._say = say
        self._http = requests.Session()
        self._http.trust_env = False
        self._seen: dict[str, str] = {}
        self._said: set[str] = set()

    def type_command(self, text: str) -> None:
        """Wait until the bot is there; while it is not, Slack itself says so, and a person would try again."""
        self._await_bot()
        self._say(REQUESTER, text)
        deadline = time.monotonic() + 60
        while True:
            answer = self._act("command", user=REQUESTER, channel=self._channel, text=text)
            for shown in answer.get("shown", []):
                self._say("Slack, to ana only", str(shown.get("text", "")))
                self._said.add(str(shown.get("text", "")))
            if answer.get("ok") or time.monotonic() > deadline:
                return
            time.sleep(1)

    def _await_bot(self) -> None:
        deadline = time.monotonic() + 60
        while not self._get("state")["connections"] and time.monotonic() < deadline:
            time.sleep(POLL)

    def press(self, label: str, *, as_user: str = APPROVER, reason: str = "") -> bool:
        """Press the button whose label begins so, on the newest card that has it; False when there is none."""
        for message in reversed(self.messages()):
            for block, button in _buttons(message):
                text = str(button["text"]["text"])
                if not text.lower().startswith(label.lower()):
                    continue
                self._say(as_user, f"[presses “{text}”]" + (f" {reason}" if reason else ""))
                self._act(
                    "click",
                    user=as_user,
                    channel=self._channel,
                    ts=message["ts"],
                    block_id=block["block_id"],
                    action_id=button["action_id"],
                )
                if reason:
                    self._give_reason(as_user, reason)
                return True
        return False

    def _give_reason(self, user: str, reason: str) -> None:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            stack = self._get("views", user=user)["stack"]
            if stack:
                view = stack[-1]
                inputs = [block for block in view["blocks"] if block["type"] == "input"]
                values = {block["block_id"]: {block["element"]["action_id"]: reason} for block in inputs}
                self._act("submit_view", user=user, view_id=view["id"], values=values)
                return
            time.sleep(POLL)

    def messages(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self._get("messages", channel=self._channel, **{"as": REQUESTER}))

    def everything(self) -> bytes:
        """All that stands in the channel and its threads, as it travelled."""
        parts = self.messages()
        threads = [message["ts"] for message in parts if int(message.get("reply_count") or 0)]
        for ts in threads:
            parts += self._get("messages", channel=self._channel, thread_ts=ts, **{"as": REQUESTER})
        return json.dumps(parts).encode()

    def listen(self) -> None:
        """Print what is new in the channel and in the threads."""
        for message in self.messages():
            self._print(message)
            if int(message.get("reply_count") or 0):
                for reply in self._get("messages", channel=self._channel, thread_ts=message["ts"], **{"as": REQUESTER}):
                    self._print(reply)

    def heard(self, word: str) -> bool:
        """Whether the newest thread has a final report with this word."""
        return any(word in text and "\n" in text for text in self._seen.values())

    def _print(self, message: dict[str, Any]) -> None:
        text = _readable(str(message.get("text") or ""))
        if not text or self._seen.get(message["ts"]) == text or message.get("user") != self._bot:
            return
        edited = message["ts"] in self._seen
        self._seen[message["ts"]] = text
        if text in self._said:
            return
        for identity, name in self._names.items():
            text = text.replace(f"@{identity}", f"@{name}")
        who = "certrenew (card)" if edited else "certrenew"
        self._say(who, text)

    def cluster_state(self) -> dict[str, Any]:
        return cast("dict[str, Any]", self._http.get(f"{self._cucm}/state", timeout=10).json())

    def journal(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self._http.get(f"{self._cucm}/journal", timeout=10).json())

    def _act(self, what: str, **body: Any) -> dict[str, Any]:
        answer = self._http.post(f"{self._base}/{what}", json=body, timeout=30)
        return cast("dict[str, Any]", answer.json())

    def _get(self, what: str, **query: str) -> Any:
        answer = self._http.get(f"{self._base}/{what}", params=query, timeout=30)
        if answer.status_code >= 400:
            raise CertrenewError(f"The lab's workspace refused to show {what}: {answer.text[:200]}")
        return answer.json()


def _buttons(message: dict[str, Any]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    return [
        (block, element)
        for block in message.get("blocks") or []
        if block.get("type") == "actions"
        for element in block["elements"]
        if element.get("type") == "button"
    ]


def _readable(text: str) -> str:
    """Slack's markup as plain text."""
    text = re.sub(r"<!date\^(\d+)\^[^|>]*\|?([^>]*)>", _date, text)
    text = re.sub(r"<[@!#]([^>|]+)(\|[^>]+)?>", r"@\1", text)
    return text.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")


def _date(match: re.Match[str]) -> str:
    return match[2] or datetime.fromtimestamp(int(match[1]), UTC).isoformat()
