"""Long lists of short texts in little space: what a finished step left is read again with every move of its renewal."""

import base64
import zlib
from collections.abc import Iterable

from certrenew.domain.values import Json

PACKED = "packed:"


def packed(items: Iterable[str]) -> str:
    """One text for many, none of which may hold a line break. `unpacked` gives them back in their order."""
    text = "\n".join(items).encode()
    return PACKED + base64.b64encode(zlib.compress(text)).decode("ascii") if text else PACKED


def unpacked(value: Json) -> list[str]:
    """What was packed, or the list that was stored as it is; raises ValueError for anything else."""
    if isinstance(value, list):
        return [str(item) for item in value]
    if not is_packed(value):
        raise ValueError("neither a list nor a packed one")
    try:
        stored = base64.b64decode(str(value).removeprefix(PACKED), validate=True)
        return zlib.decompress(stored).decode().split("\n") if stored else []
    except zlib.error as error:
        raise ValueError("a packed list that is damaged") from error


def is_packed(value: Json) -> bool:
    return isinstance(value, str) and value.startswith(PACKED)
