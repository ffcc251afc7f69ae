"""Reads how far somebody wants to look ahead."""

import re

from certrenew.domain.errors import CommandRefused

LONGEST = 3650  # days; certificates that end later are nobody's worry
_WRITTEN = re.compile(r"([+-]?\d+(?:[.,]\d+)?)\s*([a-z]*)", re.IGNORECASE | re.ASCII)
_UNITS = {"": 1, "d": 1, "day": 1, "days": 1, "w": 7, "week": 7, "weeks": 7}


def looks_like_duration(word: str) -> bool:
    """Whether somebody who wrote this word meant a length of time, readable or not."""
    return word.lstrip("+-")[:1].isdigit()


def days_in(word: str) -> int:
    """The days in "60d", "60" or "8w". Raises CommandRefused with one sentence for anything else."""
    found = _WRITTEN.fullmatch(word)
    if found is None or found[2].lower() not in _UNITS or not found[1].isdecimal() or len(found[1]) > 9:
        shown = word if len(word) <= 30 else word[:29] + "…"
        raise CommandRefused(f"{shown!r} is not a number of days; write it like 60d, or like 8w for weeks.")
    days = int(found[1]) * _UNITS[found[2].lower()]
    if days > LONGEST:
        raise CommandRefused(f"{days} days is further than certificates are worth watching; write at most {LONGEST}d.")
    return days
