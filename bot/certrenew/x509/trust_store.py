"""Foreseeing what CUCM's trust store will do with each CA certificate of a chain."""

from collections.abc import Iterable, Iterator

from cryptography import x509

from certrenew.x509.findings import Finding, stop, warn
from certrenew.x509.reading import common_name, fingerprint, serial, shown, shown_name


def judge_trust_store(chain: Iterable[x509.Certificate], stored: Iterable[x509.Certificate]) -> Iterator[Finding]:
    """CUCM keeps one CA certificate per common name and store: the newer start date wins, without a word."""
    present = list(stored)
    known = {fingerprint(found) for found in present}
    for incoming in chain:
        if fingerprint(incoming) in known:
            continue
        for old in present:
            if _entity(old) == _entity(incoming):
                yield _clash(incoming, old)


def _clash(incoming: x509.Certificate, old: x509.Certificate) -> Finding:
    name = shown(_entity(incoming))
    if serial(old) == serial(incoming):
        return stop(
            "trust-store-same-serial",
            f"The node's trust store has another CA certificate {name} with the same serial number {serial(old)}, "
            "so it "
            "would keep the old one and ignore the new; delete the old one from the trust store first.",
        )
    if incoming.not_valid_before_utc <= old.not_valid_before_utc:
        return stop(
            "trust-store-keeps-old",
            f"The node's trust store has a CA certificate {name} (serial {serial(old)}) that starts on "
            f"{old.not_valid_before_utc:%Y-%m-%d}, no earlier than the one to upload (serial {serial(incoming)}), "
            "so CUCM "
            "would silently keep it; delete that one from the trust store first.",
        )
    return warn(
        "trust-store-replaces",
        f"Uploading the CA certificate {name} (serial {serial(incoming)}) replaces the one in the node's trust store "
        f"(serial {serial(old)}); whatever still relies on the old one stops being trusted.",
    )


def _entity(found: x509.Certificate) -> str:
    return common_name(found.subject) or shown_name(found.subject)
