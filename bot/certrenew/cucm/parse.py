"""Read what CUCM's command line prints; every wording known from its releases, nothing guessed from dates."""

import re
from collections.abc import Mapping

from certrenew.domain.model import SecurityMode, Service

_SERVICE = re.compile(r"^\s*(?P<name>\S.*?)\s*\[\s*(?P<state>[A-Za-z][A-Za-z _-]*?)\s*\]\s*(?P<note>.*?)\s*$")
_LISTED = re.compile(r"^\s*(?P<unit>[\w.-]+)/(?P<file>.+?\.(?:pem|der|csr))\s*(?::\s*(?P<text>.*))?$", re.IGNORECASE)
_REPLICATION = re.compile(
    r"^\s*(?P<server>[\w.-]+)\s+(?P<address>[\d.]+|[0-9a-fA-F:]{3,})\s+.*?\((?P<state>[^()]{1,4})\)\s*(?P<text>[^()]*)$"
)
_REFUSED = (
    r"not\s+authorized|insufficient\s+privilege|not\s+have\s+(?:the\s+|sufficient\s+)?privilege|permission\s+denied"
)
REFUSED = re.compile(_REFUSED, re.IGNORECASE)  # the account may not do it
FAILED = re.compile(
    r"executed command unsuccessfully|command failed|no valid command entered|incorrect number of parameters|"
    + _REFUSED,
    re.IGNORECASE,
)


def words(output: str) -> str:
    """What CUCM said, as one line fit for a sentence; never a PEM block, never very long."""
    text = re.sub(r"-----BEGIN.*?(?:-----END [A-Z0-9 ]+-----|\Z)", "(certificate)", output, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text).strip()
    return text if len(text) <= 300 else text[:297] + "…"


def version(output: str) -> str | None:
    """The active version from `show version active`, or from `show status`."""
    found = re.search(r"(?:active\s+(?:master\s+)?version|product\s+ver)\s*:\s*(\d[\w.()-]*)", output, re.IGNORECASE)
    return found[1] if found else None


def services(output: str) -> Mapping[str, Service]:
    """Every line `Name[STATE] note` of `utils service list`."""
    found: dict[str, Service] = {}
    for line in output.splitlines():
        match = _SERVICE.match(line)
        if match:
            found[match["name"]] = Service(match["name"], match["state"].upper(), match["note"])
    return found


def listed(output: str) -> tuple[tuple[str, str], ...]:
    """The (unit, file) pairs of `show cert list …` and `show csr list own`."""
    matches = (_LISTED.match(line) for line in output.splitlines())
    return tuple((match["unit"], match["file"]) for match in matches if match)


def replication_problems(output: str) -> tuple[str, ...]:
    """A sentence for every server that is not at "(2) Setup Completed"."""
    if re.search(r"single active node", output, re.IGNORECASE):
        return ()
    problems: list[str] = []
    seen = 0
    for line in output.splitlines():
        row = _REPLICATION.match(line)
        if row:
            seen += 1
            if row["state"].strip() != "2":
                said = f"({row['state'].strip()}) {row['text'].strip()}".strip()
                problems.append(f'Database replication on {row["server"]} is "{said}", not "(2) Setup Completed".')
    if not seen:
        problems.append(
            f"The state of database replication could not be read; the node said: {words(output) or 'nothing'}."
        )
    return tuple(problems)


def backup_active(output: str) -> bool | None:
    """Whether a backup or restore runs; None when the output does not tell."""
    if re.search(r"no\s+(?:backup|restore|history)?\s*(?:status|data)(?:\s+is)?\s+available", output, re.IGNORECASE):
        return False
    status = re.search(r"^\s*status\s*:\s*(.*)$", output, re.IGNORECASE | re.MULTILINE)
    percent = re.search(r"percentage\s+complete\s*:\s*(\d+)", output, re.IGNORECASE)
    said = status[1].lower() if status else ""
    if re.search(r"fail|error|cancel|abort", said):
        return False
    if percent and int(percent[1]) < 100:
        return True
    if re.search(r"progress|running|active|started|processing", said) and "completed" not in said:
        return True
    if re.search(r"success|complete", said) or (percent and not said):
        return False
    return None


def single_sign_on(output: str) -> bool | None:
    """Whether sign-on is enabled, from the lines that say so of SSO itself; None when they do not or differ."""
    subject = r"(?:(?:SAML\s+)?(?:SSO|Single\s+Sign[- ]?On)\s+(?:is\s+)?(?:currently\s+)?)?"
    lead = rf"^\s*(?:SSO\s+(?:Status|Mode)\s*[:=]\s*)?{subject}"
    told = re.compile(lead + r"(?P<state>enabled|disabled|not\s+enabled|off|on)\b[. ]*$", re.IGNORECASE)
    states = {
        match["state"].lower() in ("enabled", "on")
        for line in output.splitlines()
        if re.search(r"\bSSO\b|sign[- ]?on", line, re.IGNORECASE) and (match := told.match(line))
    }
    return states.pop() if len(states) == 1 else None


def security_mode(output: str) -> SecurityMode | None:
    """The mode from the row of `run sql … ClusterSecurityMode`."""
    row = re.search(r"^\s*ClusterSecurityMode\s+(\d+)\s*$", output, re.IGNORECASE | re.MULTILINE)
    return mode_of(row[1]) if row else None


def mode_of(value: str) -> SecurityMode | None:
    return {"0": SecurityMode.NON_SECURE, "1": SecurityMode.MIXED}.get(value.strip())


def ctl_missing(output: str) -> bool:
    return bool(
        re.search(r"CTL\s+File\s+not\s+found|Length of CTL file:\s*0\s*$", output, re.IGNORECASE | re.MULTILINE)
    )


def export_controlled(output: str) -> bool | None:
    """Whether `show license status` allows export-controlled functionality; None when it does not tell."""
    row = re.search(r"export[\s-]*controlled[^:\n]*:\s*([\w -]+)", output, re.IGNORECASE)
    if row is None:
        return None
    return not re.match(r"(not|no|dis|false)", row[1].strip(), re.IGNORECASE)


def ctl_serials(output: str) -> frozenset[str]:
    """Serial numbers of the records in `show ctl`, as lower-case hexadecimal without leading zeros."""
    start = re.search(r"CTL\s+Record\s*#", output, re.IGNORECASE)
    return serials(output[start.start() :] if start else output)


def signer(output: str) -> str:
    """The SERIALNUMBER before the first record of a trust list, which is its signer's; empty when there is not one."""
    header = re.split(r"(?:CTL|ITL)\s+Record\s*#", output, maxsplit=1, flags=re.IGNORECASE)
    found = serials(header[0]) if len(header) > 1 else frozenset[str]()
    return next(iter(found)) if len(found) == 1 else ""


def serials(output: str) -> frozenset[str]:
    """Every SERIALNUMBER of a trust list, the one of its signer in the header too."""
    found: set[str] = set()
    for match in re.finditer(r"SERIAL\s*NUMBER[ \t]*[:=]?[ \t]+(.+)$", output, re.IGNORECASE | re.MULTILINE):
        number = _serial(match[1].split())
        if number:
            found.add(number)
    return frozenset(found)


def _serial(columns: list[str]) -> str:
    """The value of a SERIALNUMBER row, whose LENGTH column comes first when it is printed at all."""
    if len(columns) > 1 and columns[0].isdigit():
        value = _digits("".join(columns[1:]))
        whole = _digits("".join(columns))
        pairs = all(len(column) == 2 for column in columns)
        if pairs and len(value) != 2 * int(columns[0]):
            return whole
        return value
    return _digits("".join(columns))


def _digits(text: str) -> str:
    plain = text.lower().removeprefix("0x").replace(":", "")
    return (plain.lstrip("0") or "0") if re.fullmatch(r"[0-9a-f]+", plain) else ""
