"""Calls Slack's Web API from threads: in order within a lane, at Slack's pace, with errors that tell the truth."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from socket import gaierror
from typing import Any
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from certrenew.domain.errors import AnswerLost, CertrenewError, Unreachable
from certrenew.slack.settings import SlackSettings

log = logging.getLogger(__name__)

LOST = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"})
LIMITED = frozenset({"ratelimited", "rate_limited"})
TOKEN = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
CHANNEL = frozenset({"channel_not_found", "not_in_channel", "is_archived", "channel_is_limited_access"})
GONE = frozenset(
    {"message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "cannot_reply_to_message"}
)
BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long", "block_mismatch"})
PATIENCE = 5.0  # seconds that a call waits for its turn by itself; beyond that the caller is told


class SlackRefused(CertrenewError):
    """Slack said no: the call had no effect, and saying it again would not help. `code` is Slack's error."""

    def __init__(self, method: str, code: str, answer: Mapping[str, Any]) -> None:
        needed = f"; the bot needs the scope {answer['needed']}" if answer.get("needed") else ""
        super().__init__(f"Slack refuses {method}: {code}{needed}.")
        self.code = code

    @property
    def about_channel(self) -> bool:
        return self.code in CHANNEL or self.code.startswith("restricted_action")


class NotYet(Unreachable):
    """Slack asks for a pause (429); nothing happened."""


class Web:
    """`lane` names what must not overlap: the channel for posts, the method for everything else."""

    def __init__(
        self,
        settings: SlackSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._client = WebClient(base_url=settings.base_url, timeout=int(settings.timeout), retry_handlers=[])
        if direct(settings.base_url):
            self._client.proxy = None
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()

    def post(self, channel: str, **arguments: Any) -> Mapping[str, Any]:
        arguments |= {"channel": channel, "unfurl_links": False, "unfurl_media": False}
        return self._paced(f"post {channel}", self._settings.post_interval, "chat_postMessage", arguments)

    def update(self, **arguments: Any) -> Mapping[str, Any]:
        return self._paced("chat_update", self._settings.edit_interval, "chat_update", arguments)

    def call(self, method: str, **arguments: Any) -> Mapping[str, Any]:
        """Any other method, by its name in slack_sdk. The answer also holds `headers`."""
        return self._paced(method, 0.0, method, arguments)

    def edit_wait(self) -> float:
        """Seconds until an edit may be made."""
        return max(0.0, self._lane("chat_update").free_at - self._clock())

    def _paced(self, lane_name: str, interval: float, method: str, arguments: dict[str, Any]) -> Mapping[str, Any]:
        lane = self._lane(lane_name)
        with lane.lock:
            for _ in range(3):
                self._await_turn(lane, method)
                try:
                    answer = self._once(method, arguments)
                except _Limited as limited:
                    lane.free_at = self._clock() + limited.seconds
                    log.info("Slack asks to wait %.0f s with %s", limited.seconds, lane_name)
                    continue
                finally:
                    lane.free_at = max(lane.free_at, self._clock() + interval)
                return answer
        raise NotYet(f"Slack keeps asking certrenew to slow down ({method}); it is tried again later.")

    def _await_turn(self, lane: "_Lane", method: str) -> None:
        wait = lane.free_at - self._clock()
        if wait > PATIENCE:
            raise NotYet(f"Slack asked certrenew to wait {wait:.0f} s more with {method}; it is tried again later.")
        if wait > 0:
            self._sleep(wait)

    def _once(self, method: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
        self._client.token = self._settings.bot_token()
        if method == "apps_connections_open":
            arguments = {**arguments, "app_token": self._settings.app_token()}
        try:
            response = getattr(self._client, method)(**arguments)
        except SlackApiError as error:
            raise _explained(method, error.response) from error
        except URLError as error:
            if isinstance(error.reason, (ConnectionRefusedError, gaierror)):
                raise Unreachable(f"Slack does not answer ({error.reason}); it is tried again later.") from error
            raise AnswerLost(f"The connection to Slack broke during {method} ({error.reason}).") from error
        except (OSError, HTTPException) as error:  # cut off in the middle: the call may have arrived
            raise AnswerLost(f"The connection to Slack broke during {method} ({type(error).__name__}).") from error
        headers = {name.lower(): value for name, value in response.headers.items()}
        return {**response.data, "headers": headers} if isinstance(response.data, dict) else {"headers": headers}

    def _lane(self, name: str) -> "_Lane":
        with self._lock:
            return self._lanes.setdefault(name, _Lane())


class _Lane:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.free_at = 0.0


class _Limited(Exception):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


def _explained(method: str, response: Any) -> Exception:
    """The error to raise for an answer that is not ok."""
    answer = response.data if isinstance(getattr(response, "data", None), dict) else {}
    status, code = getattr(response, "status_code", 200), str(answer.get("error", ""))
    if status == 429 or code in LIMITED:
        return _Limited(retry_after(response.headers))
    if status >= 500 or code in LOST:
        return AnswerLost(f"Slack failed over {method} (status {status}, {code[:60] or 'no reason given'}).")
    if code in TOKEN:
        return Unreachable(f"Slack refuses the bot's token ({code}); put a valid one in place, nothing is lost.")
    return SlackRefused(method.replace("_", ".", 1), code[:60] or f"status {status}", answer)


def retry_after(headers: Mapping[str, Any]) -> float:
    for name, value in headers.items():
        if name.lower() == "retry-after":
            try:
                return max(0.0, float(value[0] if isinstance(value, list) else value))
            except ValueError:
                break
    return 1.0


def direct(url: str) -> bool:
    """Whether this host is reached without the proxy that the environment names; the SDK does not look by itself."""
    host = urlsplit(url).hostname or ""
    return host in ("localhost", "127.0.0.1", "::1") or host.startswith("127.") or bool(proxy_bypass(host))
