"""Showing a signing request and a certificate side by side, where a node says only that they do not match."""

from collections.abc import Iterator

from cryptography import x509

from certrenew.x509.reading import (
    key_description,
    key_digest,
    listed,
    load_certificate,
    load_request,
    names,
    shown_name,
)


def differences(csr_pem: str, leaf_pem: str) -> tuple[str, ...]:
    """What differs in names, key and subject, one line each with both sides; none when these are the same.

    Lines have no capital and no full stop, so that a sentence can carry them. Letter case counts as a difference,
    because CUCM may count it as one. Raises StepFailed when either of the two cannot be read.
    """
    return tuple(_lines(load_request(csr_pem), load_certificate(leaf_pem)))


def _lines(csr: x509.CertificateSigningRequest, leaf: x509.Certificate) -> Iterator[str]:
    asked, given = names(csr), names(leaf)
    sides = (("only in the request", asked - given), ("only in the certificate", given - asked))
    if alone := [f"{where}: {_hosts(found)}" for where, found in sides if found]:
        yield f"names {'; '.join(alone)}"
    if key_digest(csr) != key_digest(leaf):
        yield f"key of the request {_key(csr)}, of the certificate {_key(leaf)}"
    if csr.subject != leaf.subject:
        yield f"subject of the request {shown_name(csr.subject)}, of the certificate {shown_name(leaf.subject)}"


def _hosts(found: frozenset[str]) -> str:
    return listed(sorted(name.removeprefix("DNS:") for name in found))


def _key(found: x509.Certificate | x509.CertificateSigningRequest) -> str:
    return f"{key_description(found.public_key())}, SHA-256 {key_digest(found)[:16]}…"
