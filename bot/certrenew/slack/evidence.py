"""What a finished step saw, in a few words behind its line: numbers and names, never certificates."""

import re

from certrenew.domain.events import Event
from certrenew.domain.values import Json
from certrenew.slack.text import cut, line_of

SILENT = frozenset(
    {"pending_before", "new_fingerprint", "findings", "names", "authority", "key hash", "order", "skipped"}
)
SHOWN = 4
LONGEST = 180
MOMENT = re.compile(r"^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}")


def seen(event: Event) -> str:
    """Such as “baseline: cucm-pub 250, cucm-sub1 250”; empty when there is nothing worth a word."""
    evidence = event.details.get("evidence")
    if not isinstance(evidence, dict):
        return ""
    parts = [f"{name} {text}" for name, value in evidence.items() if name not in SILENT and (text := _words(value))]
    return cut(line_of("; ".join(parts[:SHOWN])), LONGEST)


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
            moment = MOMENT.match(value)
            return moment[1] if moment else value
    return str(value)
