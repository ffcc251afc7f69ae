"""The gatekeeper finds each defect that CUCM would refuse or suffer from, and names it."""

import base64
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certrenew.domain.errors import StepFailed
from certrenew.domain.model import Usages
from certrenew.x509 import Examination

from .conftest import CLIENT, NAMES, NOW, SERVER, USAGES, Pki, key_usage, make_ca, pem


def codes(examination: Examination, *, stops: bool = True) -> set[str]:
    return {finding.code for finding in examination.findings if finding.stops is stops}


def sentence(examination: Examination, code: str) -> str:
    return next(finding.sentence for finding in examination.findings if finding.code == code)


def test_a_good_certificate_passes_with_its_chain_in_order(pki: Pki) -> None:
    leaf = pki.leaf()
    issuing, root = pem(pki.issuing.certificate), pem(pki.root.certificate)
    found = pki.examine(leaf, pool_pem=(root, leaf, issuing, issuing))
    assert found.findings == ()
    assert found.chain == (leaf, issuing, root)
    assert found.passed


def test_another_key_is_named(pki: Pki) -> None:
    other = ec.generate_private_key(ec.SECP384R1())
    found = pki.examine(pki.leaf(key=other))
    assert codes(found) == {"another-key"}
    assert "EC secp384r1" in sentence(found, "another-key")


def test_an_added_common_name_names_the_setting(pki: Pki) -> None:
    csr = pki.csr(common_name="cucm-pub-ms.example.com")
    leaf = pki.leaf(common_name="cucm-pub-ms.example.com", names=(*NAMES, "cucm-pub-ms.example.com"))
    found = pki.examine(leaf, csr_pem=csr)
    assert codes(found) == {"name-added"}
    assert "DNS:cucm-pub-ms.example.com" in sentence(found, "name-added")
    assert "exclude_cn_from_sans=true" in sentence(found, "name-added")


def test_a_www_name_and_a_removed_name_are_told_apart(pki: Pki) -> None:
    found = pki.examine(pki.leaf(names=(*NAMES[:2], "www.example.com")))
    assert codes(found) == {"name-added", "name-removed"}
    assert "www." in sentence(found, "name-added")
    assert "DNS:example.com" in sentence(found, "name-removed")


def test_a_certificate_without_any_name_is_stopped(pki: Pki) -> None:
    assert "name-removed" in codes(pki.examine(pki.leaf(names=())))


def test_a_request_without_names_may_have_a_certificate_without_names(pki: Pki) -> None:
    found = pki.examine(pki.leaf(names=()), csr_pem=pki.csr(()))
    assert found.passed
    assert codes(found, stops=False) == {"common-name-not-a-name"}


def test_a_difference_in_letter_case_is_a_warning(pki: Pki) -> None:
    found = pki.examine(pki.leaf(names=("CUCM-PUB.example.com", *NAMES[1:])))
    assert found.passed
    assert "name-case" in codes(found, stops=False)


def test_a_wildcard_is_stopped_even_when_it_was_asked_for(pki: Pki) -> None:
    names = (*NAMES, "*.example.com")
    assert codes(pki.examine(pki.leaf(names=names), csr_pem=pki.csr(names))) == {"wildcard"}


@pytest.mark.parametrize(
    ("changed", "code", "word"),
    [
        ({"extended": (SERVER,)}, "extended-key-usage-missing", "clientAuth"),
        ({"extended": (CLIENT,)}, "extended-key-usage-missing", "serverAuth"),
        ({"extended": None}, "extended-key-usage-absent", "clientAuth, serverAuth"),
        ({"usage": key_usage("digital_signature", "key_encipherment")}, "key-usage-missing", "dataEncipherment"),
        ({"usage": None}, "key-usage-absent", "dataEncipherment"),
        ({"basic": x509.BasicConstraints(ca=True, path_length=None)}, "is-an-authority", "CA:TRUE"),
        ({"days": 0.5}, "too-short", "2026-11-23"),
        ({"start": NOW - timedelta(days=10), "days": 9}, "expired", "2026-11-22"),
        ({"start": NOW + timedelta(hours=1)}, "not-yet-valid", "2026-11-23 13:00"),
    ],
)
def test_each_defect_is_stopped_and_named(pki: Pki, changed: dict[str, Any], code: str, word: str) -> None:
    found = pki.examine(pki.leaf(**changed))
    assert codes(found) == {code}
    assert word in sentence(found, code)
    assert not found.passed


def test_a_missing_client_usage_tells_of_the_public_authorities(pki: Pki) -> None:
    assert "2026" in sentence(pki.examine(pki.leaf(extended=(SERVER,))), "extended-key-usage-missing")


def test_a_dropped_key_encipherment_is_a_warning_unless_it_is_a_must(pki: Pki) -> None:
    leaf = pki.leaf(usage=key_usage("digital_signature", "data_encipherment"))
    assert codes(pki.examine(leaf), stops=False) == {"usage-dropped"}
    must = Usages(key=USAGES.key | {"key_encipherment"}, extended=USAGES.extended)
    assert codes(pki.examine(leaf, usages=must)) == {"key-usage-missing"}


def test_a_purpose_that_signs_needs_an_authority(pki: Pki) -> None:
    capf = Usages(
        key=frozenset({"digital_signature", "key_cert_sign"}), extended=USAGES.extended, certificate_authority=True
    )
    assert "not-an-authority" in codes(pki.examine(usages=capf))
    leaf = pki.leaf(
        usage=key_usage("digital_signature", "key_cert_sign"), basic=x509.BasicConstraints(ca=True, path_length=0)
    )
    found = pki.examine(leaf, usages=capf)
    assert found.passed
    assert len(found.chain) == 3


def test_a_critical_name_extension_is_a_warning(pki: Pki) -> None:
    found = pki.examine(pki.leaf(critical_san=True))
    assert found.passed
    assert codes(found, stops=False) == {"extra-critical"}


def test_a_start_within_the_skew_is_a_warning(pki: Pki) -> None:
    found = pki.examine(pki.leaf(start=NOW + timedelta(minutes=2)))
    assert found.passed
    assert codes(found, stops=False) == {"starts-soon"}


def test_weak_keys_and_signatures_are_stopped(pki: Pki) -> None:
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    assert "key-size" in codes(pki.examine(pki.leaf(key=weak), csr_pem=pki.csr(key=weak)))
    assert "key-type" in codes(pki.examine(pki.leaf(key=ed25519.Ed25519PrivateKey.generate())))
    odd = make_ca("Odd CA", pki.root, key=rsa.generate_private_key(public_exponent=65537, key_size=2048))
    leaf = pki.leaf(issuer=odd, algorithm=hashes.SHA224())
    assert "weak-signature" in codes(pki.examine(leaf, pool_pem=(pem(odd.certificate),)))


def test_a_damaged_request_is_stopped(pki: Pki) -> None:
    lines = pki.csr().strip().splitlines()
    der = bytearray(base64.b64decode("".join(lines[1:-1])))
    der[-1] ^= 1
    csr = f"{lines[0]}\n{base64.encodebytes(bytes(der)).decode()}{lines[-1]}\n"
    assert codes(pki.examine(csr_pem=csr)) == {"request-damaged"}


def test_what_is_installed_is_compared(pki: Pki) -> None:
    leaf = pki.leaf(serial=77)
    assert codes(pki.examine(leaf, replaces_pem=leaf), stops=False) == {"same-certificate"}
    longer = pki.leaf(serial=77, days=700)
    assert codes(pki.examine(leaf, replaces_pem=longer), stops=False) == {"same-serial", "ends-earlier"}


def test_a_rewritten_subject_and_a_common_name_outside_the_names_are_warnings(pki: Pki) -> None:
    found = pki.examine(pki.leaf(common_name="other.example.com"))
    assert found.passed
    assert codes(found, stops=False) == {"subject-rewritten", "common-name-not-a-name"}


def test_a_missing_issuer_is_named(pki: Pki) -> None:
    found = pki.examine(pool_pem=())
    assert codes(found) == {"issuer-missing"}
    assert "CN=Issuing CA" in sentence(found, "issuer-missing")
    assert found.chain == ()


def test_the_trust_store_completes_a_pool(pki: Pki) -> None:
    assert pki.examine(pool_pem=(), trust_pem=(pem(pki.issuing.certificate),)).passed


def test_a_root_that_is_not_configured_is_named(pki: Pki) -> None:
    other = make_ca("Other Root")
    pool = (pem(pki.issuing.certificate), pem(pki.root.certificate))
    found = pki.examine(pool_pem=pool, roots_pem=(pem(other.certificate),))
    assert codes(found) == {"root-not-trusted"}
    assert "CN=Root CA" in sentence(found, "root-not-trusted")


def test_a_root_of_the_same_name_with_another_key_is_not_taken_for_it(pki: Pki) -> None:
    impostor = make_ca("Root CA")
    found = pki.examine(roots_pem=(pem(impostor.certificate),))
    assert codes(found) == {"issuer-key-differs"}


def test_without_a_configured_root_the_sent_one_is_an_anchor_with_a_warning(pki: Pki) -> None:
    found = pki.examine(roots_pem=(), pool_pem=(pem(pki.issuing.certificate), pem(pki.root.certificate)))
    assert found.passed
    assert codes(found, stops=False) == {"no-root-configured"}
    assert codes(pki.examine(roots_pem=())) == {"issuer-missing"}


def test_a_self_signed_leaf_is_never_its_own_anchor(pki: Pki) -> None:
    leaf = pki.leaf(issuer=make_ca(NAMES[0], key=pki.key))
    for roots in ((), (pem(pki.root.certificate),)):
        assert codes(pki.examine(leaf, roots_pem=roots, pool_pem=(leaf,))) == {"self-signed"}


def test_unfit_issuers_are_named(pki: Pki) -> None:
    def judged(**changed: Any) -> set[str]:
        ca = make_ca("Unfit CA", pki.root, **changed)
        return codes(pki.examine(pki.leaf(issuer=ca), pool_pem=(pem(ca.certificate),)))

    assert "issuer-not-an-authority" in judged(basic=None)
    assert "issuer-not-an-authority" in judged(usage=key_usage("digital_signature"))
    assert "issuer-not-valid" in judged(start=NOW - timedelta(days=20), days=10)
    assert "issuer-limited" in judged(extra=((x509.ExtendedKeyUsage([SERVER]), False),))


def test_a_leaf_that_outlives_its_issuer_is_a_warning_and_then_a_stop(pki: Pki) -> None:
    def judged(days: float) -> Examination:
        ca = make_ca("Short CA", pki.root, start=NOW - timedelta(days=1), days=1 + days)  # type: ignore[arg-type]
        return pki.examine(pki.leaf(issuer=ca), pool_pem=(pem(ca.certificate),))

    assert judged(30).passed
    assert codes(judged(30), stops=False) == {"outlives-issuer"}
    assert codes(judged(0.5)) == {"outlives-issuer"}


def test_what_the_verifier_cannot_judge_is_a_stop_that_says_so(pki: Pki) -> None:
    policy = x509.PolicyConstraints(require_explicit_policy=0, inhibit_policy_mapping=None)
    ca = make_ca("Policy CA", pki.root, extra=((policy, True),))
    found = pki.examine(pki.leaf(issuer=ca), pool_pem=(pem(ca.certificate),))
    assert codes(found) == {"chain-not-judged"}
    assert "policy constraints" in sentence(found, "chain-not-judged")


def test_the_trust_store_keeps_an_older_certificate_of_the_same_name(pki: Pki) -> None:
    def judged(start: timedelta, serial: int = 5) -> Examination:
        old = make_ca("Issuing CA", pki.root, start=NOW + start, serial=serial)
        return pki.examine(trust_pem=(pem(old.certificate),))

    newer = judged(timedelta(days=-10))
    assert codes(newer) == {"trust-store-keeps-old"}
    assert "serial 5" in sentence(newer, "trust-store-keeps-old")
    assert codes(judged(timedelta(days=-200)), stops=False) == {"trust-store-replaces"}
    same = judged(timedelta(days=-200), serial=pki.issuing.certificate.serial_number)
    assert codes(same) == {"trust-store-same-serial"}


def test_the_very_same_trust_certificate_is_no_clash(pki: Pki) -> None:
    trust = (pem(pki.issuing.certificate), pem(pki.root.certificate))
    assert pki.examine(trust_pem=trust).findings == ()


def test_an_unreadable_trust_certificate_is_mentioned_and_stops_nothing(pki: Pki) -> None:
    found = pki.examine(trust_pem=("rubbish",))
    assert found.passed
    assert codes(found, stops=False) == {"unreadable-certificate"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_input_ever_crashes_it(pki: Pki, data: st.DataObject) -> None:
    def mutated(text: str) -> str:
        lines = text.strip().splitlines()
        der = bytearray(base64.b64decode("".join(lines[1:-1])))
        for _ in range(data.draw(st.integers(0, 3))):
            der[data.draw(st.integers(0, len(der) - 1))] = data.draw(st.integers(0, 255))
        return f"{lines[0]}\n{base64.encodebytes(bytes(der)).decode()}{lines[-1]}\n"

    (csr, leaf), issuing, root = pki.good, pem(pki.issuing.certificate), pem(pki.root.certificate)
    with suppress(StepFailed):
        found = pki.examine(
            mutated(leaf),
            csr_pem=mutated(csr),
            pool_pem=(mutated(issuing),),
            roots_pem=(root,),
            trust_pem=(mutated(issuing), mutated(root)),
            replaces_pem=data.draw(st.sampled_from([None, leaf])),
        )
        assert all(finding.sentence.endswith((".", ")")) for finding in found.findings)
