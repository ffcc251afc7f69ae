"""Which certificates of a trust store are still needed: those from which a node's own certificates get their trust."""

from collections.abc import Iterable

from certrenew.x509.reading import fingerprint, is_signed_by, load_stored


def anchors_of(own: Iterable[str], trusted: Iterable[str]) -> frozenset[str]:
    """Fingerprints of those of `trusted` that issued one of `own` (PEM), directly or through others of `trusted`.

    An issuer is known by its key, so that a certificate that was replaced by one of the same name and key counts too.
    Where nobody's key fits, every certificate with the issuer's name counts: too many rather than too few. One that
    signed itself needs nobody else, so an older one of its name does not count.
    """
    known = {fingerprint(found): found for found in map(load_stored, trusted)}
    anchors: set[str] = set()
    climbing = [load_stored(pem) for pem in own]
    while climbing:
        current = climbing.pop()
        named = {mark: found for mark, found in known.items() if found.subject == current.issuer}
        signers = {mark: found for mark, found in named.items() if is_signed_by(current, found)}
        alone = not signers and is_signed_by(current, current)
        for mark, found in ({} if alone else signers or named).items():
            if mark not in anchors:
                anchors.add(mark)
                climbing.append(found)
    return frozenset(anchors)
