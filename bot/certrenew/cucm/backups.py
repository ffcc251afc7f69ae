"""The disaster recovery system of one node on its command line."""

import re
from datetime import UTC, datetime, timedelta, timezone

from certrenew.cucm import parse
from certrenew.cucm.console import Console
from certrenew.domain.errors import StepFailed

_ENDED = re.compile(
    r"^\s*\S.*?\b[A-Z][a-z]{2}\s+(?P<month>[A-Z][a-z]{2})\s+(?P<day>\d{1,2})\s+(?P<time>\d\d:\d\d:\d\d)\s+"
    r"(?P<zone>[A-Za-z]{1,5}|[+-]\d\d(?::?\d\d)?)\s+(?P<year>\d{4})\s+(?P<status>\S+)"
)
_NONE_YET = re.compile(r"no\s+(?:backup\s+)?(?:history|status)?\s*(?:data)?\s*(?:is\s+)?available", re.IGNORECASE)
_HOURS = {  # an abbreviation that is not here is read as UTC: the sequence of backups is right all the same
    "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MET": 1, "CEST": 2, "MEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8,
    "HST": -10, "AST": -4, "ADT": -3, "JST": 9, "KST": 9, "SGT": 8, "HKT": 8, "AWST": 8, "AEST": 10, "AEDT": 11,
    "NZST": 12, "NZDT": 13,
}  # fmt: skip


class Backups(Console):
    """What the command line tells of backups and restores, and starting a backup."""

    def running(self) -> bool:
        for kind in ("backup", "restore"):
            output = self._shell.run(f"utils disaster_recovery status {kind}")
            active = parse.backup_active(output)
            if active is None:
                raise StepFailed(
                    f"{self.name} did not tell whether a {kind} is running; it said: {parse.words(output)!r}. "
                    "Nothing was changed; check the disaster recovery system on the publisher, then retry."
                )
            if active:
                return True
        return False

    def history(self) -> tuple[datetime, ...]:
        """When each successful backup ended, oldest first; raises StepFailed when the node does not tell."""
        output = self._told("tell its earlier backups", "utils disaster_recovery history backup")
        rows = [match for match in map(_ENDED.match, output.splitlines()) if match]
        if not rows and not _NONE_YET.search(output) and ".tar" not in output:
            raise StepFailed(
                f"{self.name} did not tell its earlier backups; it said: {parse.words(output) or 'nothing'!r}. Nothing "
                "was changed; check the disaster recovery system on the publisher, then retry."
            )
        return tuple(sorted(_moment(row) for row in rows if row["status"].upper() == "SUCCESS"))

    def start(self, device: str, features: str) -> None:
        """Begin a backup; returns when the node says that it began, or shows that it runs."""
        for text, what in ((device, "backup device"), (features, "list of features")):
            if not re.fullmatch(r"[A-Za-z0-9_][\w.,-]*", text, re.ASCII):
                raise StepFailed(
                    f"{text!r} is not a {what} that can stand in a command (letters, digits, “_”, “-”, without "
                    "spaces); nothing was sent."
                )
        said = self._changed(f"utils disaster_recovery backup network {features} {device}")
        if re.search(
            r"fail|unable|error|invalid|not\s+(?:found|exist|configured|registered)|does\s+not|already|unsuccessful"
            r"|timed\s+out",
            said,
            re.IGNORECASE,
        ) or parse.FAILED.search(said):
            raise self._failed(f"start a backup to {device!r}", said, "No backup was made.")
        if not re.search(r"initiat|start|begun|success|in\s+progress", said, re.IGNORECASE) and not self.running():
            raise self._failed(f"start a backup to {device!r}", said, "No backup is running.")


def _moment(row: re.Match[str]) -> datetime:
    text = f"{row['day']} {row['month']} {row['year']} {row['time']}"
    return datetime.strptime(text, "%d %b %Y %H:%M:%S").replace(tzinfo=_zone(row["zone"]))


def _zone(text: str) -> timezone:
    if text[0] in "+-":
        digits = text[1:].replace(":", "")
        offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:] or 0))
        return timezone(-offset if text[0] == "-" else offset)
    hours = _HOURS.get(text.upper())
    return UTC if hours is None else timezone(timedelta(hours=hours))
