"""Text as Slack shows it: escaping, shortening, times, and the words for states."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from certrenew.domain.approval import Gate, Person
from certrenew.domain.plan import Phase, Plan
from certrenew.domain.renewal import Renewal, State

POST_LIMIT = 3500
SECTION_LIMIT = 3000

STATES: dict[State, tuple[str, str]] = {
    State.PLANNED: ("🟠", "waiting for approval"),
    State.APPROVED: ("⏳", "queued"),
    State.RUNNING: ("🔵", "running"),
    State.WAITING: ("⏳", "waiting"),
    State.PAUSED: ("⏸", "paused"),
    State.STOPPED: ("❌", "stopped"),
    State.SUCCEEDED: ("✅", "done"),
    State.REJECTED: ("⛔", "rejected"),
    State.EXPIRED: ("⌛", "expired"),
    State.ABANDONED: ("⛔", "abandoned"),
}
SAID: dict[State, str] = {
    State.PLANNED: "waits for approval",
    State.APPROVED: "is approved and queued",
    State.RUNNING: "is running",
    State.WAITING: "is waiting",
    State.PAUSED: "is paused",
    State.STOPPED: "has stopped",
    State.SUCCEEDED: "is done",
    State.REJECTED: "was rejected",
    State.EXPIRED: "has expired",
    State.ABANDONED: "was abandoned",
}
PHASES: dict[Phase, tuple[str, str]] = {
    Phase.PREPARE: ("Prepare", "no impact on calls"),
    Phase.INSTALL: ("Install", "phones may be affected"),
    Phase.ACTIVATE: ("Activate", "services restart"),
    Phase.PROVE: ("Prove", "reads only"),
}


def at_release_gate(renewal: Renewal) -> bool:
    return renewal.gate is Gate.RELEASE and not renewal.released and not renewal.state.final


def state_of(renewal: Renewal) -> tuple[str, str]:
    """An emoji and the words that say the same."""
    if renewal.state is State.WAITING and at_release_gate(renewal):
        return "🟠", "waiting for release"
    return STATES[renewal.state]


def said_of(renewal: Renewal) -> str:
    """The state as the end of a sentence, such as "waits for approval"."""
    if renewal.state is State.WAITING and at_release_gate(renewal):
        return "waits for release"
    return SAID[renewal.state]


def escape(text: str) -> str:
    """Text from elsewhere, made unable to mention anybody, to link or to break the layout."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """What the person typed into a slash command, which Slack delivers escaped."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def line_of(text: str, limit: int = 600) -> str:
    """One escaped line: no line breaks, no code fence, at most `limit` characters."""
    return cut(escape(" ".join(text.split()).replace("```", "'''")), limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; never ends inside an escaped character or a mention."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    for opening, closing in (("&", ";"), ("<", ">")):
        start = kept.rfind(opening)
        if start >= 0 and closing not in kept[start:] and len(kept) - start < 60:
            kept = kept[:start]
    return kept.rstrip() + "…"


def code(text: str) -> str:
    """In fixed width, on one line."""
    return f"`{line_of(text.replace('`', chr(39)), 120)}`" if text.strip() else "none"


def when(moment: datetime) -> str:
    """A time that Slack shows in the reader's own time zone."""
    moment = moment.astimezone(UTC)
    return f"<!date^{int(moment.timestamp())}^{{date_short_pretty}} {{time}}|{moment:%Y-%m-%d %H:%M} UTC>"


def utc(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def moment_of(text: object) -> datetime | None:
    """The time in an ISO 8601 text; None when it is none. Without a zone it is taken as UTC."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def duration(length: timedelta) -> str:
    minutes, seconds = divmod(max(0, int(length.total_seconds())), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{number} {unit}" for number, unit in ((days, "d"), (hours, "h"), (minutes, "min")) if number]
    return " ".join(parts[:2]) or f"{seconds} s"


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def short_serial(serial: str) -> str:
    return f"…{serial[-8:]}" if len(serial) > 10 else serial or "unknown"


def mention(person: Person) -> str:
    """The person, addressed: in a new message this notifies them."""
    return person.mention or line_of(person.name, 80)


def listed(names: Sequence[str], most: int = 25) -> str:
    shown = ", ".join(line_of(name, 80) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def titled(plan: Plan) -> str:
    """What is renewed, as the subject of a sentence; of a campaign how many purposes and which."""
    if not plan.parts:
        return line_of(plan.title, 80)
    return f"{count(len(plan.parts), 'purpose')} ({listed([part.title for part in plan.parts], 12)})"


def follows(plan: Plan) -> str:
    """The documents, and the name by which the runbook is chosen; in a campaign each purpose names its own."""
    named = "" if plan.parts else code(plan.profile)
    return f"{named}: {listed(plan.sources)}" if named and plan.sources else named or listed(plan.sources)


def pages(lines: Sequence[str], limit: int = POST_LIMIT) -> Iterator[str]:
    """The lines joined into texts of at most `limit` characters."""
    page = ""
    for line in (cut(found, limit) for found in lines):
        if page and len(page) + 1 + len(line) > limit:
            yield page
            page = line
        else:
            page = f"{page}\n{line}" if page else line
    if page:
        yield page
