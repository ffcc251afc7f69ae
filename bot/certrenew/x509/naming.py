"""Judging the names, the subject and the public key of a signed certificate against its request."""

from collections.abc import Iterable, Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certrenew.x509.findings import Finding, stop, warn
from certrenew.x509.reading import common_name, key_description, key_digest, names, shown, shown_name

SMALLEST_RSA, LARGEST_RSA = 2048, 4096  # bits; more than 4096 is refused by CUCM (Security Guide 12.5(1)SU6)
CURVES = ("secp256r1", "secp384r1", "secp521r1")
STRONG = ("sha256", "sha384", "sha512")


def judge_request(csr: x509.CertificateSigningRequest) -> Iterator[Finding]:
    try:
        valid = csr.is_signature_valid
    except (UnsupportedAlgorithm, ValueError, TypeError):
        valid = False
    if not valid:
        yield stop(
            "request-damaged", "The signing request's own signature is not valid; make a new request on the node."
        )


def judge_key(csr: x509.CertificateSigningRequest, leaf: x509.Certificate) -> Iterator[Finding]:
    """The key must be the request's own, and one that CUCM takes."""
    key = leaf.public_key()
    if key_digest(csr) != key_digest(leaf):
        yield stop(
            "another-key",
            f"The certificate ({key_description(key)}) is for another key than the signing request "
            f"({key_description(csr.public_key())}): it was signed for another node or an older request, and CUCM "
            "would "
            "refuse it. Have the node's current request signed.",
        )
    match key:
        case rsa.RSAPublicKey() if not SMALLEST_RSA <= key.key_size <= LARGEST_RSA:
            yield stop(
                "key-size",
                f"The key has {key.key_size} bits; only {SMALLEST_RSA} to {LARGEST_RSA} bits are accepted for RSA. "
                "Make a new request with another key length.",
            )
        case rsa.RSAPublicKey():
            pass
        case ec.EllipticCurvePublicKey() if key.curve.name in CURVES:
            pass
        case _:
            yield stop(
                "key-type", f"The key is {key_description(key)}; CUCM takes RSA, or EC on the curves P-256 to P-521."
            )


def judge_signature(leaf: x509.Certificate) -> Iterator[Finding]:
    try:
        algorithm = leaf.signature_hash_algorithm
    except UnsupportedAlgorithm:
        algorithm = None
    name = algorithm.name if algorithm else "an algorithm without a known hash"
    if name not in STRONG:
        yield stop(
            "weak-signature",
            f"The certificate is signed with {name}; the authority must sign with SHA-256 or stronger.",
        )


def judge_names(csr: x509.CertificateSigningRequest, leaf: x509.Certificate) -> Iterator[Finding]:
    """The names must be the same set in both: one more or one fewer makes CUCM refuse the upload (Cisco 217138)."""
    asked, given = names(csr), names(leaf)
    asked_folded, given_folded = {_folded(name) for name in asked}, {_folded(name) for name in given}
    added = sorted(name for name in given if _folded(name) not in asked_folded)
    removed = sorted(name for name in asked if _folded(name) not in given_folded)
    if added:
        yield stop(
            "name-added",
            f"The authority added {_listed(added)} to the subject alternative names, which the request does not have; "
            f"CUCM would refuse the certificate. {_advice(added, csr, leaf)}",
        )
    if removed:
        what = (
            "all subject alternative names" if not given else f"{_listed(removed)} from the subject alternative names"
        )
        yield stop(
            "name-removed",
            f"The authority removed {what}; CUCM would refuse the certificate. Let the authority take the names from "
            "the request (Vault and OpenBao: the role's use_csr_sans=true and allowed_domains), or ask for fewer "
            "names.",
        )
    if not added and not removed and asked != given:
        yield warn(
            "name-case",
            f"The names differ from the request in letter case only: {_listed(sorted(given - asked))} instead of "
            f"{_listed(sorted(asked - given))}; whether CUCM minds is not documented.",
        )
    wildcards = sorted(name for name in given if "*" in name)
    if wildcards or "*" in common_name(leaf.subject):
        yield stop(
            "wildcard",
            f"The certificate has a wildcard ({_listed(wildcards) or shown(common_name(leaf.subject))}), which "
            "CUCM does "
            "not accept; have the full host names signed.",
        )


def judge_subject(csr: x509.CertificateSigningRequest, leaf: x509.Certificate) -> Iterator[Finding]:
    if csr.subject != leaf.subject:
        yield warn(
            "subject-rewritten",
            f"The authority changed the subject from {shown_name(csr.subject)} to {shown_name(leaf.subject)} "
            "(Vault and "
            "OpenBao keep only the common name unless the role sets organization, ou, country, province and locality).",
        )
    name = common_name(leaf.subject)
    if name and f"dns:{name.lower()}" not in {_folded(found) for found in names(leaf)}:
        yield warn(
            "common-name-not-a-name",
            f"The common name {shown(name)} is not among the subject alternative names, so clients that look for it "
            "there do not find it.",
        )


def _advice(added: list[str], csr: x509.CertificateSigningRequest, leaf: x509.Certificate) -> str:
    common = {common_name(csr.subject).lower(), common_name(leaf.subject).lower()} - {""}
    values = [_folded(name).partition(":")[2] for name in added]
    if any(value in common for value in values):
        return (
            "It is the common name: set exclude_cn_from_sans=true (Vault and OpenBao add the common name by default), "
            "or turn off adding the common name at your authority."
        )
    if any(value.startswith("www.") for value in values):
        return "Turn off the authority's option or product that adds the www. name."
    return "Let the authority take the names only from the request."


def _folded(name: str) -> str:
    return name.lower()


def _listed(found: Iterable[str]) -> str:
    values = [shown(name) for name in found]
    return ", ".join(values[:8]) + (f" and {len(values) - 8} more" if len(values) > 8 else "")
