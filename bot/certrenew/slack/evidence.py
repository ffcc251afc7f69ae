"""What a finished step saw, as a sentence behind its line: numbers and names, never certificates."""

import re
from collections.abc import Callable, Mapping

from certrenew.domain.events import Event
from certrenew.domain.values import Json
from certrenew.slack.text import cut, line_of, short_serial

Seen = Mapping[str, Json]

SILENT = frozenset(
    {"pending_before", "new_fingerprint", "findings", "names", "authority", "key hash", "order", "warnings"}
)
SHOWN = 4
LONGEST = 180  # of what has no words of its own
WHOLE = 400
SERIAL = re.compile(r"^[0-9a-f]{17,}$")
MOMENT = re.compile(r"^(\d{4}-\d{2}-\d{2})T\d{2}:\d{2}:\d{2}")


def done(event: Event) -> str:
    """The line of a finished step, without its sign: what was to be done, and what was seen."""
    summary = _text(event.details, "summary") or "a step"
    note = _text(event.details, "note")
    if note and event.details.get("kind") in NOTED:
        return f"Step {event.details.get('step')} done: {_sentence(note)}"
    tail = " ".join(part for part in (_sentence(note), _sentence(seen(event))) if part)
    return f"Step {event.details.get('step')} done: {_sentence(summary)}{' ' if tail else ''}{tail}"


def seen(event: Event) -> str:
    """Such as “500 of 500 phones are registered”; empty when there is nothing worth a word."""
    evidence = event.details.get("evidence")
    return seen_by(str(event.details.get("kind")), evidence) if isinstance(evidence, dict) else ""


def seen_by(kind: str, evidence: Seen) -> str:
    """The same for a step of this kind, from what is kept of it."""
    if not evidence:
        return ""
    say = SAID.get(kind)
    return cut(line_of(say(evidence)), WHOLE) if say else cut(line_of(_each(evidence)), LONGEST)


def warned(event: Event) -> str:
    """The warnings of a finished step, each a line of its own; empty when there are none."""
    evidence = event.details.get("evidence")
    warnings = evidence.get("warnings") if isinstance(evidence, dict) else None
    if not isinstance(warnings, list):
        return ""
    return "".join(f"\n⚠️ Warning: {line_of(str(warning))}" for warning in warnings[:SHOWN])


# ---- the steps that have words of their own; every other step, such as a plugin's, is told name by name ---------


def _nothing(_: Seen) -> str:
    return ""


def _baseline(found: Seen) -> str:
    nodes = found.get("baseline")
    if not isinstance(nodes, dict):
        return ""
    total = sum(count for count in nodes.values() if isinstance(count, int))
    configured = f" of {found['configured']} configured" if "configured" in found else ""
    return f"{total} phones are registered{configured} ({_words(nodes)})"


def _node(found: Seen) -> str:
    release = f"release {found['release']}; " if "release" in found else ""
    return f"{release}{_stored(found)}"


def _stored(found: Seen) -> str:
    serial, until = found.get("stored serial") or found.get("serial"), _words(found.get("expires"))
    if not serial:
        return ""
    return f"certificate {short_serial(str(serial))}" + (f", valid until {until}" if until else "")


def _issued(found: Seen) -> str:
    return _stored(found) + (f", issued by {found['issuer']}" if found.get("issuer") else "")


def _served(found: Seen) -> str:
    ports = found.get("served")
    if not isinstance(ports, dict) or not ports:
        return _stored(found)
    named = ", ".join(name.removeprefix("port ") for name in ports)
    return f"{_stored(found)}, on port{'s' if len(ports) > 1 else ''} {named}"


def _interaction(found: Seen) -> str:
    value = _words(found.get("phone interaction on certificate update"))
    return "it cannot be read, so phones may reset at each upload" if value == "unknown" else f"it is {value}"


def _trusted(found: Seen) -> str:
    names = found.get("in trust")
    return f"it holds {' and '.join(str(name) for name in names)}" if isinstance(names, list) else ""


def _listed_in_ctl(found: Seen) -> str:
    entries = found.get("in the CTL")
    if not isinstance(entries, list):
        return ""
    return f"it names the new certificate of {', '.join(str(entry).partition(' ')[0] for entry in entries)}"


def _running(found: Seen) -> str:
    return f"{', '.join(found)}: {'all run' if len(found) > 1 else 'it runs'}" if found else ""


def _phones(found: Seen) -> str:
    missing = found.get("stragglers")
    named = f"; missing: {_words(missing)}" if isinstance(missing, list) and missing else ""
    more = f" and {len(missing) - SHOWN} more" if isinstance(missing, list) and len(missing) > SHOWN else ""
    return f"{found.get('registered')} of {found.get('baseline')} are registered{named}{more}"


def _deleted(found: Seen) -> str:
    return f"{found.get('subject')} is gone" if found.get("deleted") else ""


def _fetched(found: Seen) -> str:
    return f"{found['fetched it']} of {found.get('of')} phones have it" if "fetched it" in found else ""


def _cleared(found: Seen) -> str:
    count = found.get("still needed and there")
    return f"{count} certificates that are needed are there" if count else ""


NOTED = ("await_phones", "await_phones_after_upload")  # their note says it all
SAID: Mapping[str, Callable[[Seen], str]] = {
    "await_new_list": _fetched,
    "await_phones": _nothing,
    "await_phones_after_upload": _nothing,
    "await_regenerated": _stored,
    "baseline_phones": _baseline,
    "check_bridge": lambda found: f"it names {short_serial(str(found['names']))}" if "names" in found else "",
    "check_ctl": lambda found: f"{found.get('certificates in the CTL')} certificates are in it",
    "check_no_backup": _nothing,
    "check_no_backup_now": _nothing,
    "check_node": _node,
    "check_phone_interaction": _interaction,
    "check_request": _nothing,
    "check_security_mode": _nothing,
    "check_single_sign_on": _nothing,
    "check_trust_lists": _nothing,
    "check_trust_lists_now": _nothing,
    "delete_trust": _deleted,
    "generate_csr": lambda found: f"{_words(found['key'])}" if "key" in found else "",
    "prove_phones": _phones,
    "prove_served": _served,
    "prove_services": _running,
    "prove_stored": _stored,
    "prove_trust": _cleared,
    "prove_trust_lists": _stored,
    "recount_phones": _baseline,
    "regenerate_certificate": _stored,
    "reset_phones": _nothing,
    "restart_service": _nothing,
    "sign_ctl": lambda found: f"signed by {_words(found['signed by'])}" if "signed by" in found else "",
    "sign_with_callmanager": lambda found: f"with {_words(found['signed with'])}" if "signed with" in found else "",
    "update_ctl": _listed_in_ctl,
    "upload_chain": _trusted,
    "upload_identity": _stored,
    "validate": _issued,
}


def _each(found: Seen) -> str:
    parts = [f"{name} {text}" for name, value in found.items() if name not in SILENT and (text := _words(value))]
    return "; ".join(parts[:SHOWN])


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


def _text(details: Mapping[str, Json], name: str) -> str:
    value = details.get(name)
    return line_of(str(value)) if value else ""


def _sentence(text: str) -> str:
    """With a capital letter and a full stop; node names, which are not words, keep theirs."""
    if not text:
        return ""
    first = text.partition(" ")[0]
    text = text[0].upper() + text[1:] if first.isalpha() else text
    return text if text.endswith((".", "!", "?")) else f"{text}."
