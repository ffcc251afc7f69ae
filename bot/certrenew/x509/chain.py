"""Finding the path from a signed certificate to a configured root, or naming what is missing on the way."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.x509 import verification
from cryptography.x509.oid import ExtensionOID

from certrenew.domain.model import Usages
from certrenew.x509.findings import Finding, stop, warn
from certrenew.x509.purposes import extended_usages, is_authority, key_usages, usage_name
from certrenew.x509.reading import fingerprint, is_signed_by, shown, shown_name

ANY_USAGE = "2.5.29.37.0"
DEEPEST = 8
POLICY = {
    ExtensionOID.POLICY_CONSTRAINTS: "policy constraints",
    ExtensionOID.POLICY_MAPPINGS: "policy mappings",
    ExtensionOID.INHIBIT_ANY_POLICY: "inhibitAnyPolicy",
    ExtensionOID.NAME_CONSTRAINTS: "name constraints",
    ExtensionOID.CERTIFICATE_POLICIES: "certificate policies",
}


@dataclass(frozen=True, slots=True)
class Path:
    """`certificates` from leaf to root, or none; `findings` then say why."""

    certificates: tuple[x509.Certificate, ...]
    findings: tuple[Finding, ...]


def find_path(
    leaf: x509.Certificate,
    pools: Sequence[Sequence[x509.Certificate]],
    roots: Sequence[x509.Certificate],
    usages: Usages,
    at: datetime,
) -> Path:
    """The path at the time `at`, tried with the first pool, then with one more pool at a time.

    Without `roots` a self-signed certificate of the first pool is the anchor, which is a warning. Signatures,
    validity, path lengths, name constraints, CA flags and the CAs' usages are judged for every certificate of the
    path; revocation is not. The leaf's own names and usages are judged elsewhere.
    """
    notes: list[Finding] = []
    given = [found for found in roots if found.issuer == found.subject]
    for odd in (found for found in roots if found not in given):
        notes.append(
            warn(
                "root-not-self-signed",
                f"The configured root {shown_name(odd.subject)} is not a root: it is not self-signed.",
            )
        )
    anchors = given
    if not roots:
        anchors = [found for found in pools[0] if found.issuer == found.subject and found != leaf]
        if anchors:
            notes.append(
                warn(
                    "no-root-configured",
                    f"No root is configured for this authority, so {shown_name(anchors[0].subject)} was trusted as "
                    "it came; "
                    f"compare its SHA-256 fingerprint {fingerprint(anchors[0])} and set it under roots.",
                )
            )
    pool = [found for found in roots if found not in given]
    refusal = ""
    for more in pools if anchors else ():
        pool += more
        try:
            return Path(_verify(leaf, pool, anchors, usages, at), tuple(notes))
        except (verification.VerificationError, ValueError, TypeError) as error:
            refusal = refusal or str(error)
    everything = [found for found in (*pool, *(one for more in pools for one in more)) if found != leaf]
    found = list(_diagnose(leaf, everything, anchors, usages, at))
    return Path((), (*notes, *(found or [_unjudged(leaf, everything, anchors, refusal)])))


def _verify(
    leaf: x509.Certificate,
    pool: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    usages: Usages,
    at: datetime,
) -> tuple[x509.Certificate, ...]:
    def constraints(_: object, __: object, found: x509.BasicConstraints) -> None:
        if not found.ca:
            raise ValueError("not a CA certificate")

    def key_usage(_: object, __: object, found: x509.KeyUsage | None) -> None:
        if found is not None and not found.key_cert_sign:
            raise ValueError("a CA certificate without keyCertSign")

    def extended(_: object, __: object, found: x509.ExtendedKeyUsage | None) -> None:
        if found is not None and _limits({oid.dotted_string for oid in found}, usages):
            raise ValueError("a CA certificate limited to other usages")

    either = verification.Criticality.AGNOSTIC
    authorities = (
        verification.ExtensionPolicy.permit_all()
        .require_present(x509.BasicConstraints, either, constraints)
        .may_be_present(x509.KeyUsage, either, key_usage)
        .may_be_present(x509.ExtendedKeyUsage, either, extended)
    )
    verifier = (
        verification.PolicyBuilder()
        .store(verification.Store(list(anchors)))
        .time(at.astimezone(UTC).replace(tzinfo=None))
        .max_chain_depth(DEEPEST)
        .extension_policies(ee_policy=verification.ExtensionPolicy.permit_all(), ca_policy=authorities)
        .build_client_verifier()
    )
    return tuple(verifier.verify(leaf, list(pool)).chain)


def _diagnose(
    leaf: x509.Certificate,
    pool: Sequence[x509.Certificate],
    anchors: Sequence[x509.Certificate],
    usages: Usages,
    at: datetime,
) -> Iterator[Finding]:
    """Climb from the leaf by name and signature, and name the first thing that is wrong."""
    current, climbed = leaf, [leaf]
    while current not in anchors:
        if current.issuer == current.subject:
            yield _not_trusted(current, leaf, anchors)
            return
        named = [found for found in (*anchors, *pool) if found.subject == current.issuer and found not in climbed]
        signers = [found for found in named if is_signed_by(current, found)]
        if not signers:
            yield _no_issuer(current, bool(named))
            return
        current = signers[0]
        climbed.append(current)
        yield from _unfit(current, usages, at)
        if len(climbed) > DEEPEST:
            yield stop("chain-too-long", f"The chain has more than {DEEPEST} CA certificates, more than is checked.")
            return


def _not_trusted(current: x509.Certificate, leaf: x509.Certificate, anchors: Sequence[x509.Certificate]) -> Finding:
    if current == leaf:
        return stop("self-signed", "The certificate is self-signed, not signed by the authority.")
    expected = ", ".join(shown_name(found.subject) for found in anchors[:4])
    return stop(
        "root-not-trusted",
        f"The chain ends at the root {shown_name(current.subject)} (SHA-256 {fingerprint(current)}), which is not "
        "one of "
        f"this authority's configured roots ({expected}); if it is right, add it under roots.",
    )


def _no_issuer(current: x509.Certificate, named: bool) -> Finding:
    issuer, subject = shown_name(current.issuer), shown_name(current.subject)
    if named:
        return stop(
            "issuer-key-differs",
            f"{subject} says it was issued by {issuer}, but the certificate of that name at hand has another key; "
            "get the "
            "CA certificate that made this signature.",
        )
    return stop(
        "issuer-missing",
        f"The CA certificate {issuer}, which issued {subject}, is missing: the authority did not send it and it is not "
        "configured. Add it to the authority's chain or under roots.",
    )


def _unfit(authority: x509.Certificate, usages: Usages, at: datetime) -> Iterator[Finding]:
    name = shown_name(authority.subject)
    if not authority.not_valid_before_utc <= at <= authority.not_valid_after_utc:
        yield stop(
            "issuer-not-valid",
            f"The CA certificate {name} is valid only from {authority.not_valid_before_utc:%Y-%m-%d} to "
            f"{authority.not_valid_after_utc:%Y-%m-%d}; CUCM refuses it. Renew it at the authority.",
        )
    key = key_usages(authority)
    if not is_authority(authority) or (key is not None and "key_cert_sign" not in key):
        yield stop(
            "issuer-not-an-authority",
            f"{name} signed a certificate but is not a CA certificate (CA:TRUE, keyCertSign).",
        )
    limited = _limits(extended_usages(authority), usages)
    if limited:
        yield stop(
            "issuer-limited",
            f"The CA certificate {name} may not issue for {', '.join(usage_name(oid) for oid in limited)}; use another "
            "issuing CA.",
        )


def _limits(given: frozenset[str] | set[str] | None, usages: Usages) -> list[str]:
    if given is None or ANY_USAGE in given:
        return []
    return sorted(usages.extended - given)


def _unjudged(
    leaf: x509.Certificate, pool: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], refusal: str
) -> Finding:
    odd = {name for found in (leaf, *pool, *anchors) for oid, name in POLICY.items() if _has(found, oid)}
    cause = f"; the CA certificates carry {', '.join(sorted(odd))}, which it does not fully understand" if odd else ""
    return stop(
        "chain-not-judged",
        f"Every issuer is at hand, but the chain check did not accept the chain ({shown(refusal) or 'no reason given'}"
        f"{cause}). It was not skipped: have the chain checked by hand before you use this authority.",
    )


def _has(found: x509.Certificate, oid: x509.ObjectIdentifier) -> bool:
    return any(extension.oid == oid for extension in found.extensions)
