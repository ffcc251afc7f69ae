"""What an AXL operation hands back: inner XML, or a fault with its code."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache

_NAMESPACE = uuid.UUID("6f0f3e52-9a2e-4c3a-9d0e-5f5a4b1f0a11")


class AxlFault(Exception):
    """A fault with its AXL code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True)
class AxlAnswer:
    """The inner XML of a response; lists have their own wire format."""

    body: str
    is_list: bool = False


def too_large(rows: int, fitting: int) -> str:
    """The text for an answer over the size limit, with the number of rows that would fit."""
    return f"Query request too large. Total rows matched: {rows} rows. Suggestive Row Fetch: less than {fitting} rows"


@lru_cache(maxsize=100_000)
def stable_uuid(kind: str, name: str) -> str:
    """The braces-and-upper-case form of a uuid that stays the same for the same thing."""
    return "{" + str(uuid.uuid5(_NAMESPACE, f"{kind}:{name}")).upper() + "}"
