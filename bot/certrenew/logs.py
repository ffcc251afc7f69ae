"""Logging: one line an event, in text or JSON, with every known secret masked by its value."""

import json
import logging
import sys
from collections.abc import Callable, Iterable
from typing import Any

import structlog

MASK = "•••"
SHORTEST = 6  # shorter values would mask innocent words


class Redactor:
    """Replaces the values of secrets wherever they stand in a log line. Secrets are asked for, never stored."""

    def __init__(self, secrets: Iterable[Callable[[], str]] = ()) -> None:
        self._secrets = list(secrets)

    def __call__(self, _logger: Any, _name: str, line: Any) -> Any:
        """Stands behind the renderer, so that a secret inside an object or a traceback is seen as well."""
        values = [value for value in map(_quietly, self._secrets) if len(value) >= SHORTEST]
        return mask(line, values) if isinstance(line, str) else line


def mask(text: str, values: Iterable[str]) -> str:
    """`text` without the values, however they are escaped; the longest first, for one may begin another."""
    spellings = {spelt for value in values for spelt in (value, json.dumps(value)[1:-1], repr(value)[1:-1])}
    for spelt in sorted(spellings, key=len, reverse=True):
        text = text.replace(spelt, MASK)
    return text


def _quietly(secret: Callable[[], str]) -> str:
    try:
        return secret()
    except Exception:
        return ""


def configure(*, level: str = "info", style: str = "text", secrets: Iterable[Callable[[], str]] = ()) -> None:
    """Send every logger of this process to standard error, once."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.format_exc_info,
        structlog.stdlib.ExtraAdder(),
    ]
    render: structlog.typing.Processor
    if style == "json":
        render = structlog.processors.JSONRenderer()
    else:
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=_plain)
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render, Redactor(secrets)],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("paramiko", "urllib3", "slack_bolt", "slack_sdk", "aiohttp", "alembic", "dbos"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


def _plain(out: Any, exception: Any) -> None:
    structlog.dev.plain_traceback(out, exception)
