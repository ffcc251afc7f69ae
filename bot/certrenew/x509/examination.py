"""The gatekeeper: everything that must hold of a signed certificate before it goes to a node."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from cryptography import x509

from certrenew.domain.errors import StepFailed
from certrenew.domain.model import Usages
from certrenew.x509.bundle import read_bundle
from certrenew.x509.chain import find_path
from certrenew.x509.findings import Examination, Finding, warn
from certrenew.x509.naming import judge_key, judge_names, judge_request, judge_signature, judge_subject
from certrenew.x509.purposes import (
    judge_against_issuers,
    judge_constraints,
    judge_room,
    judge_usages,
    judge_validity,
)
from certrenew.x509.reading import load_certificate, load_request, load_stored, to_pem
from certrenew.x509.trust_store import judge_trust_store

SKEW = timedelta(seconds=300)
MINIMUM_LIFETIME = timedelta(days=1)


def examine(
    *,
    csr_pem: str,
    leaf_pem: str,
    pool_pem: Sequence[str],
    roots_pem: Sequence[str],
    usages: Usages,
    now: datetime,
    replaces_pem: str | None,
    trust_pem: Sequence[str],
    skew: timedelta = SKEW,
    minimum_lifetime: timedelta = MINIMUM_LIFETIME,
) -> Examination:
    """Judge a signed certificate as CUCM and its peers will, before anything is uploaded.

    `now` must have a time zone. `pool_pem` is what the authority sent beside the leaf, in any order; `trust_pem` is
    the node's trust store and completes a pool in which an issuer is missing. Raises StepFailed when the request,
    the leaf or a configured root cannot be read at all.
    """
    csr, leaf = load_request(csr_pem), load_certificate(leaf_pem)
    replaced = load_stored(replaces_pem) if replaces_pem else None
    roots = [load_certificate(pem) for pem in roots_pem]
    findings: list[Finding] = []
    pool = _readable(pool_pem, load_certificate, "sent by the authority", findings)
    stored = _readable(trust_pem, load_stored, "in the node's trust store", findings)
    trust = _readable(trust_pem, load_certificate, "in the node's trust store", [])

    findings += judge_request(csr)
    findings += judge_key(csr, leaf)
    findings += judge_signature(leaf)
    findings += judge_names(csr, leaf, usages)
    findings += judge_subject(csr, leaf, usages)
    findings += judge_usages(csr, leaf, usages)
    findings += judge_constraints(leaf, usages)
    findings += judge_validity(leaf, now=now, skew=skew, minimum_lifetime=minimum_lifetime, replaced=replaced)

    path = find_path(leaf, (pool, trust), roots, usages, _moment(leaf, (*pool, *roots), now, skew))
    findings += path.findings
    if path.certificates:
        findings += judge_against_issuers(path.certificates, now, minimum_lifetime)
        findings += judge_room(path.certificates, usages)
        findings += judge_trust_store(path.certificates[1:], stored)
    return Examination(tuple(findings), tuple(to_pem(found) for found in path.certificates))


def _readable(
    pems: Iterable[str], load: Callable[[str], x509.Certificate], where: str, findings: list[Finding]
) -> list[x509.Certificate]:
    found: list[x509.Certificate] = []
    for pem in pems:
        try:
            found += [load(block) for block in read_bundle(pem.encode("utf-8", "replace"))]
        except StepFailed as error:
            findings.append(warn("unreadable-certificate", f"A certificate {where} was left out of account: {error}"))
    return found


def _moment(leaf: x509.Certificate, others: Iterable[x509.Certificate], now: datetime, skew: timedelta) -> datetime:
    """When the path is judged: now, but within the leaf's own validity, which has findings of its own."""
    fresh = [found.not_valid_before_utc for found in others if now < found.not_valid_before_utc <= now + skew]
    at = max([now, leaf.not_valid_before_utc, *fresh])
    return max(min(at, leaf.not_valid_after_utc), leaf.not_valid_before_utc)
