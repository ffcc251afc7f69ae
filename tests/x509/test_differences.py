"""The two sides of a mismatch, as the sentence about a refused upload shows them."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from certrenew.domain.errors import StepFailed
from certrenew.x509 import differences, key_hash

from .conftest import NAMES, Pki


def test_a_certificate_for_this_request_has_none(pki: Pki) -> None:
    assert differences(*pki.good) == ()


def test_names_are_shown_by_the_side_that_has_them_alone(pki: Pki) -> None:
    leaf = pki.leaf(names=(*NAMES[:2], "www.example.com"))
    assert differences(pki.csr(), leaf) == (
        "names only in the request: example.com; only in the certificate: www.example.com",
    )
    assert differences(pki.csr(), pki.leaf(names=NAMES[:2])) == ("names only in the request: example.com",)


def test_letter_case_counts_because_the_node_may_count_it(pki: Pki) -> None:
    leaf = pki.leaf(names=("CUCM-PUB.example.com", *NAMES[1:]))
    assert differences(pki.csr(), leaf) == (
        "names only in the request: cucm-pub.example.com; only in the certificate: CUCM-PUB.example.com",
    )


def test_many_names_are_counted_so_that_a_sentence_can_carry_them(pki: Pki) -> None:
    many = [f"cucm-{number:02}.example.com" for number in range(25)]
    (line,) = differences(pki.csr(many), pki.leaf(names=()))
    assert line.endswith("cucm-07.example.com and 17 more")


def test_keys_are_shown_with_kind_and_fingerprint(pki: Pki) -> None:
    csr, leaf = pki.csr(), pki.leaf(key=ec.generate_private_key(ec.SECP256R1()))
    assert differences(csr, leaf) == (
        f"key of the request RSA 2048, SHA-256 {key_hash(csr)[:16]}…, "
        f"of the certificate EC secp256r1, SHA-256 {key_hash(leaf)[:16]}…",
    )


def test_subjects_are_shown_side_by_side(pki: Pki) -> None:
    assert differences(pki.csr(), pki.leaf(common_name="other.example.com")) == (
        "subject of the request CN=cucm-pub.example.com, of the certificate CN=other.example.com",
    )


def test_what_cannot_be_read_ends_in_a_sentence(pki: Pki) -> None:
    with pytest.raises(StepFailed, match="cannot be read"):
        differences("junk", pki.leaf())
    with pytest.raises(StepFailed, match="cannot be read"):
        differences(pki.csr(), "junk")
