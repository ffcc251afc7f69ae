"""What a finished step saw, in a few words behind its line: numbers and names, never certificates."""

import re

from certrenew.domain.events import Event
from certrenew.domain.values import Json
from certrenew.slack.text import cut, line_of

SILENT = frozenset(
    {"pending_before", "new_fingerprint", "findings", "names", "authority", "key hash", "order", "warnings"}
)
SHOWN = 4
LONGEST = 180
SERIAL = re.compile(r"^[0-9a-f]{17,}$")
MOMENT = re.compile(r"^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}")


def seen(event: Event) -> str:
    """Such as “baseline: cucm-pub 250, cucm-sub1 250”; empty when there is nothing worth a word."""
    evidence = event.details.get("evidence")
    if not isinstance(evidence, dict):
        return ""
    parts = [f"{name} {text}" for name, value in evidence.items() if name not in SILENT and (text := _words(value))]
    return cut(line_of("; ".join(parts[:SHOWN])), LONGEST)


def warned(event: Event) -> str:
    """The warnings of a finished step, each a line of its own; empty when there are none."""
    evidence = event.details.get("evidence")
    warnings = evidence.get("warnings") if isinstance(evidence, dict) else None
    if not isinstance(warnings, list):
        return ""
    return "".join(f"\n⚠️ Warning: {line_of(str(warning))}" for warning in warnings[:SHOWN])


def _words(value: Json) -> str:
    match value:
        case None | False:
            return ""
        case True:
            return "yes"
        case dict():
            return ", ".join(f"{name} {text}" for name, each in value.items() if (text := _words(each)))
        case list():
            return ", ".join(text for each in value[:SHOWN] if (text := _words(each)))
        case str():
            if moment := MOMENT.match(value):
                return moment[1]
            return f"…{value[-8:]}" if SERIAL.match(value) else value
    return str(value)
