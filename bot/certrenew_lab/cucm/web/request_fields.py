"""The fields of `POST /csr`, judged one by one (ASSUMPTION A-73 for the wording of every refusal)."""

from __future__ import annotations

import re
from typing import Any

from ..desk import RequestOptions
from ..distribution import can_be_multi_server, may_ask_for_all
from ..node import Node
from ..units import Unit

RSA_LENGTHS = (2048, 3072, 4096)
EC_LENGTHS = (256, 384)
HASHES = {"sha256": 256, "sha384": 384, "sha512": 512}
_NAME = re.compile(
    r"(?=.{1,253}$)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.I
)
_DIGITS = re.compile(r"[0-9.]+")
_LONGEST_COMMON_NAME = 64


class BadField(Exception):
    """A field makes no sense for this slot; the text is the message of the answer."""


def request_options(body: dict[str, Any], node: Node, unit: Unit) -> RequestOptions:
    """What the caller chose; BadField for nonsense. Absent fields mean the defaults of the node."""
    length = _key_length(body, unit)
    return RequestOptions(
        common_name=_common_name(body),
        extra_names=_names(body, unit),
        key_length=length,
        hash_algorithm=_hash(body, unit, length),
        multi_server=_is_for_all(body, node, unit),
    )


def _is_for_all(body: dict[str, Any], node: Node, unit: Unit) -> bool:
    # ASSUMPTION A-31: the interface's own word for it is unknown, the window's is "Multi-server(SAN)".
    match str(body.get("distribution", "this-server")).lower().removesuffix("(san)"):
        case "this-server":
            return False
        case "multi-server":
            if not can_be_multi_server(unit, node.release):
                raise BadField(f"Multi-server distribution is not supported for {unit.name}")
            if not may_ask_for_all(node, unit):
                raise BadField("Multi-server requests must be generated on the publisher")
            return True
    raise BadField("Distribution is not valid")


def _key_length(body: dict[str, Any], unit: Unit) -> int:
    wanted = body.get("keyType", "ec" if unit.elliptic else "rsa")
    if str(wanted).lower() not in (("ec", "ecdsa") if unit.elliptic else ("rsa",)):
        raise BadField(f"Key type is not valid for {unit.name}")
    length = body.get("keyLength", 384 if unit.elliptic else 2048)
    if type(length) is not int or length not in (EC_LENGTHS if unit.elliptic else RSA_LENGTHS):
        raise BadField("Key length is not valid")
    return length


def _hash(body: dict[str, Any], unit: Unit, length: int) -> str:
    if "hashAlgorithm" not in body:
        return ""
    name = str(body["hashAlgorithm"]).lower()
    if name not in HASHES:
        raise BadField("Hash algorithm is not valid")
    if unit.elliptic and HASHES[name] < length:
        raise BadField("Hash algorithm is weaker than the key")
    return name


def _common_name(body: dict[str, Any]) -> str:
    name = body.get("commonName", "")
    if not isinstance(name, str) or len(name) > _LONGEST_COMMON_NAME or "*" in name or not name.isprintable():
        raise BadField("Common name is not valid")
    return name


def _names(body: dict[str, Any], unit: Unit) -> tuple[str, ...]:
    names = body.get("altNames", [])
    if not isinstance(names, list):
        raise BadField("altNames must be an array")
    for name in names:
        if not isinstance(name, str) or not _NAME.fullmatch(name) or _DIGITS.fullmatch(name):
            raise BadField(f"Subject alternate name {name} is not valid")
        if name.startswith("*.") and not unit.wildcards:
            raise BadField("Wildcard certificates are not supported")
    return tuple(names)
