"""Compare a node's SSH host key with the keys written down for it."""

import base64
import binascii
import hashlib
from collections.abc import Sequence

FAMILIES = (
    ("ssh-ed25519",),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"),
)


def fingerprint(key: bytes) -> str:
    """The fingerprint as OpenSSH prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")


def pinned_fingerprint(pin: str) -> str:
    """The fingerprint a pin stands for; empty when the pin is not understood."""
    words = pin.split()
    for word in words:
        if word.upper().startswith("SHA256:"):
            return "SHA256:" + word[7:].rstrip("=")
    for word in words:
        if word.startswith("AAAA"):
            try:
                return fingerprint(base64.b64decode(word + "=" * (-len(word) % 4)))
            except (binascii.Error, ValueError):
                return ""
    return ""


def families(pins: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """The key types worth asking a node for: those of the pins when they all tell, otherwise every type."""
    named = [next((family for family in FAMILIES if any(kind in pin.split() for kind in family)), None) for pin in pins]
    if named and None not in named:
        return tuple(family for family in FAMILIES if family in named)
    return FAMILIES


def matches(key: bytes, pins: Sequence[str]) -> bool:
    return fingerprint(key) in {pinned_fingerprint(pin) for pin in pins}
