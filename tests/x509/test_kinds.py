"""What the gatekeeper knows of particular purposes: federation's wildcards, ECDSA, several nodes, and CAPF."""

from dataclasses import replace
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from certrenew.domain.model import Usages
from certrenew.x509 import Examination

from .conftest import NAMES, USAGES, Pki, key_usage, make_ca, pem

FEDERATION = replace(USAGES, wildcard=True)
CAPF = Usages(
    key=frozenset({"digital_signature", "key_cert_sign"}), extended=USAGES.extended, certificate_authority=True
)
WILD = (*NAMES, "*.example.com")
SIGNS = key_usage("digital_signature", "key_cert_sign")


def codes(examination: Examination, *, stops: bool = True) -> set[str]:
    return {finding.code for finding in examination.findings if finding.stops is stops}


def authority(length: int | None) -> x509.BasicConstraints:
    return x509.BasicConstraints(ca=True, path_length=length)


def test_a_wildcard_that_federation_asked_for_passes(pki: Pki) -> None:
    found = pki.examine(pki.leaf(names=WILD), csr_pem=pki.csr(WILD), usages=FEDERATION)
    assert found.passed
    assert found.findings == ()


def test_a_wildcard_that_federation_did_not_ask_for_is_stopped(pki: Pki) -> None:
    found = pki.examine(pki.leaf(names=WILD), usages=FEDERATION)
    assert codes(found) == {"name-added", "wildcard"}
    other = pki.examine(pki.leaf(names=WILD), csr_pem=pki.csr((*NAMES, "*.example.org")), usages=FEDERATION)
    assert "wildcard" in codes(other)


def test_a_wildcard_in_the_common_name_passes_only_where_it_was_asked_for(pki: Pki) -> None:
    leaf = pki.leaf(names=WILD, common_name="*.example.com")
    asked = pki.csr(WILD, common_name="*.example.com")
    assert pki.examine(leaf, csr_pem=asked, usages=FEDERATION).passed
    assert "wildcard" in codes(pki.examine(leaf, csr_pem=pki.csr(WILD), usages=FEDERATION))
    assert "wildcard" in codes(pki.examine(leaf, csr_pem=asked))


@pytest.mark.parametrize(
    "common_name", ["cucm-pub-ms.example.com", "cucm-pub-EC-ms.example.com", "cucm-pub-EC.example.com", "cucm-pub-ms"]
)
def test_a_common_name_that_cucm_makes_up_is_no_complaint(pki: Pki, common_name: str) -> None:
    found = pki.examine(pki.leaf(common_name=common_name), csr_pem=pki.csr(common_name=common_name))
    assert found.findings == ()


def test_a_common_name_that_the_authority_made_up_is_still_mentioned(pki: Pki) -> None:
    found = pki.examine(pki.leaf(common_name="other-ms.example.com"))
    assert codes(found, stops=False) == {"subject-rewritten", "common-name-not-a-name"}


@pytest.mark.parametrize(
    ("curve", "algorithm", "short"),
    [
        (ec.SECP256R1(), hashes.SHA256(), False),
        (ec.SECP256R1(), hashes.SHA512(), False),
        (ec.SECP384R1(), hashes.SHA256(), True),
        (ec.SECP384R1(), hashes.SHA384(), False),
        (ec.SECP521R1(), hashes.SHA384(), True),
        (ec.SECP521R1(), hashes.SHA512(), False),
    ],
)
def test_a_hash_shorter_than_the_curve_is_a_warning(
    pki: Pki, curve: ec.EllipticCurve, algorithm: Any, short: bool
) -> None:
    key = ec.generate_private_key(curve)
    found = pki.examine(pki.leaf(key=key, algorithm=algorithm), csr_pem=pki.csr(key=key))
    assert found.passed
    assert codes(found, stops=False) == ({"hash-below-key"} if short else set())


def test_another_curve_than_the_requests_is_another_key(pki: Pki) -> None:
    asked, given = ec.generate_private_key(ec.SECP384R1()), ec.generate_private_key(ec.SECP256R1())
    found = pki.examine(pki.leaf(key=given), csr_pem=pki.csr(key=asked))
    assert codes(found) == {"another-key"}
    assert "EC secp256r1" in found.findings[0].sentence
    assert "EC secp384r1" in found.findings[0].sentence


def test_capf_may_not_make_further_authorities_without_a_word(pki: Pki) -> None:
    closed = pki.examine(pki.leaf(usage=SIGNS, basic=authority(0)), usages=CAPF)
    assert codes(closed, stops=False) == {"usage-dropped"}
    opened = pki.examine(pki.leaf(usage=SIGNS, basic=authority(None)), usages=CAPF)
    assert opened.passed
    assert "path-length-open" in codes(opened, stops=False)


def test_capf_without_key_cert_sign_is_stopped_with_the_authoritys_path(pki: Pki) -> None:
    found = pki.examine(pki.leaf(basic=authority(0)), usages=CAPF)
    assert codes(found) == {"key-usage-missing"}
    assert "root/sign-intermediate" in next(one.sentence for one in found.findings if one.stops)


def test_an_issuer_without_room_below_it_is_stopped_because_phones_would_be_next(pki: Pki) -> None:
    full = make_ca("Servers CA", pki.root, basic=authority(0))
    leaf = pki.leaf(issuer=full, usage=SIGNS, basic=authority(0))
    found = pki.examine(leaf, pool_pem=(pem(full.certificate),), usages=CAPF)
    assert codes(found) == {"issuer-without-room"}
    server = pki.examine(pki.leaf(issuer=full), pool_pem=(pem(full.certificate),))
    assert server.passed


def test_room_is_counted_over_the_whole_chain(pki: Pki) -> None:
    def judged(length: int) -> set[str]:
        root = make_ca("Narrow Root", basic=authority(length))
        issuing = make_ca("Issuing", root, basic=authority(1))
        leaf = pki.leaf(issuer=issuing, usage=SIGNS, basic=authority(0))
        pool, roots = (pem(issuing.certificate),), (pem(root.certificate),)
        return codes(pki.examine(leaf, pool_pem=pool, roots_pem=roots, usages=CAPF))

    assert judged(1) == {"issuer-without-room"}
    assert judged(2) == set()
