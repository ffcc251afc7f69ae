"""A word for somebody who mistyped a name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(wrong: str, known: Iterable[str]) -> str:
    """The end of a sentence about a wrong name: the nearest right one, or all of them."""
    names = list(known)
    close = difflib.get_close_matches(wrong, names, 1)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; known: {', '.join(names)}" if names else "; it takes none"
