"""Judging the names, the subject and the public key of a signed certificate against its request."""

import re
from collections.abc import Iterator

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from certrenew.domain.model import Usages
from certrenew.x509.findings import Finding, stop, warn
from certrenew.x509.reading import common_name, key_description, key_digest, listed, names, shown, shown_name

SMALLEST_RSA, LARGEST_RSA = 2048, 4096  # bits; more than 4096 is refused by CUCM (Security Guide 12.5(1)SU6)
CURVES = {"secp256r1": 256, "secp384r1": 384, "secp521r1": 512}  # the hash that is as strong, in bits
STRONG = ("sha256", "sha384", "sha512")
OF_NO_HOST = re.compile(r"^[^.]+-(ec|(ec-)?ms)(\.|$)", re.IGNORECASE)  # CUCM's own: host-ms.domain, host-EC.domain


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
    """The hash must be one in use today, and should be no shorter than an elliptic-curve key is strong."""
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
        return
    key = leaf.public_key()
    wanted = CURVES.get(key.curve.name, 0) if isinstance(key, ec.EllipticCurvePublicKey) else 0
    if algorithm and algorithm.digest_size * 8 < wanted:
        yield warn(
            "hash-below-key",
            f"The certificate's key is {key_description(key)}, for which Cisco names SHA-{wanted} or stronger, but the "
            f"authority signed it with {name} (Vault and OpenBao role: signature_bits={wanted}).",
        )


def judge_names(csr: x509.CertificateSigningRequest, leaf: x509.Certificate, usages: Usages) -> Iterator[Finding]:
    """The names must be the same set in both: one more or one fewer makes CUCM refuse the upload (Cisco 217138).

    A wildcard passes only for a purpose that may have one, and only if the node itself asked for that very wildcard.
    """
    asked, given = names(csr), names(leaf)
    asked_folded, given_folded = {_folded(name) for name in asked}, {_folded(name) for name in given}
    added = sorted(name for name in given if _folded(name) not in asked_folded)
    removed = sorted(name for name in asked if _folded(name) not in given_folded)
    if added:
        yield stop(
            "name-added",
            f"The authority added {listed(added)} to the subject alternative names, which the request does not have; "
            f"CUCM would refuse the certificate. {_advice(added, csr, leaf)}",
        )
    if removed:
        what = "all subject alternative names" if not given else f"{listed(removed)} from the subject alternative names"
        yield stop(
            "name-removed",
            f"The authority removed {what}; CUCM would refuse the certificate. Let the authority take the names from "
            "the request (Vault and OpenBao: the role's use_csr_sans=true and allowed_domains), or ask for fewer "
            "names.",
        )
    if not added and not removed and asked != given:
        yield warn(
            "name-case",
            f"The names differ from the request in letter case only: {listed(sorted(given - asked))} instead of "
            f"{listed(sorted(asked - given))}; whether CUCM minds is not documented.",
        )
    common = common_name(leaf.subject)
    may = usages.wildcard
    wildcards = sorted(name for name in given if "*" in name and not (may and _folded(name) in asked_folded))
    if wildcards or ("*" in common and not (may and common.lower() == common_name(csr.subject).lower())):
        yield stop(
            "wildcard",
            f"The certificate has a wildcard ({listed(wildcards) or shown(common)}), which "
            + ("the request does not have" if may else "CUCM does not accept")
            + "; have the full host names signed.",
        )


def judge_subject(csr: x509.CertificateSigningRequest, leaf: x509.Certificate, usages: Usages) -> Iterator[Finding]:
    if csr.subject != leaf.subject:
        yield warn(
            "subject-rewritten",
            f"The authority changed the subject from {shown_name(csr.subject)} to {shown_name(leaf.subject)} "
            "(Vault and "
            "OpenBao keep only the common name unless the role sets organization, ou, country, province and locality).",
        )
    name = common_name(leaf.subject)
    if usages.certificate_authority or (common_name(csr.subject) == name and OF_NO_HOST.match(name)):
        return  # a name that CUCM makes up, of an authority or of several nodes, is no host that anybody looks for
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
