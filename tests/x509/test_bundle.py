"""Certificates are found in whatever an authority sends, and junk ends in a sentence."""

import base64
import time
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from certrenew.domain.errors import StepFailed
from certrenew.x509 import (
    fingerprint_of,
    key_hash,
    names_of,
    read_bundle,
    read_certificate,
    request_facts,
    serial_of,
)

from .conftest import NAMES, Pki, pem


def chain(pki: Pki) -> list[x509.Certificate]:
    leaf = x509.load_pem_x509_certificate(pki.good[1].encode())
    return [leaf, pki.issuing.certificate, pki.root.certificate]


def test_pem_of_any_shape_is_read_once_each(pki: Pki) -> None:
    certificates = [pem(one) for one in chain(pki)]
    text = "subject=whatever\n" + "\n# comment\n".join([*certificates, certificates[0]])
    windows = text.replace("\n", "\r\n")
    for data in (text.encode(), windows.encode(), b"\xef\xbb\xbf" + windows.encode(), windows.encode("utf-16")):
        assert read_bundle(data) == tuple(certificates)


def test_der_bare_base64_and_pkcs7_however_labelled(pki: Pki) -> None:
    certificates = chain(pki)
    texts = {pem(one) for one in certificates}
    der = certificates[0].public_bytes(Encoding.DER)
    assert read_bundle(der) == (pem(certificates[0]),)
    assert read_bundle(base64.encodebytes(der)) == (pem(certificates[0]),)
    bag = pkcs7.serialize_certificates(certificates, Encoding.DER)
    assert set(read_bundle(bag)) == texts
    assert set(read_bundle(pkcs7.serialize_certificates(certificates, Encoding.PEM))) == texts
    body = base64.encodebytes(bag).decode()
    for label in ("CERTIFICATE", "CMS", "PKCS #7 SIGNED DATA"):
        mislabelled = f"-----BEGIN {label}-----\n{body}-----END {label}-----\n"
        assert set(read_bundle(mislabelled.encode())) == texts


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"<html>login</html>", "neither"),
        (b"x" * (1024 * 1024 + 1), "larger"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA", "cut off"),
        (b"-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----", "base64"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "neither"),
    ],
)
def test_junk_ends_in_a_sentence(data: bytes, words: str) -> None:
    with pytest.raises(StepFailed, match=words):
        read_bundle(data)


def test_thousands_of_blocks_are_refused_at_once() -> None:
    started = time.monotonic()
    with pytest.raises(StepFailed, match="PEM blocks"):
        read_bundle(b"-----BEGIN A-----" * 60_000)
    assert time.monotonic() - started < 5


def test_a_private_key_is_refused(pki: Pki) -> None:
    key = pki.key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with pytest.raises(StepFailed, match="private key"):
        read_bundle(pki.leaf().encode() + key)


def test_a_request_alone_is_no_certificate(pki: Pki) -> None:
    with pytest.raises(StepFailed, match="no certificate"):
        read_bundle(pki.csr().encode())


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_ever_crash_it(pki: Pki, data: st.DataObject) -> None:
    certificates = chain(pki)
    whole = data.draw(
        st.sampled_from(
            [
                "".join(pem(one) for one in certificates).encode(),
                certificates[0].public_bytes(Encoding.DER),
                pkcs7.serialize_certificates(certificates, Encoding.DER),
                pkcs7.serialize_certificates(certificates, Encoding.PEM),
            ]
        )
    )
    broken = bytearray(whole[data.draw(st.integers(0, 40)) : data.draw(st.integers(0, len(whole)))])
    broken += data.draw(st.binary(max_size=20))
    for _ in range(data.draw(st.integers(0, 4))):
        if broken:
            broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    with suppress(StepFailed):
        assert read_bundle(bytes(broken))


def test_a_request_and_its_certificate_have_the_same_key_and_names(pki: Pki) -> None:
    csr, leaf = pki.csr(), pki.leaf()
    assert key_hash(csr) == key_hash(leaf)
    assert names_of(csr) == names_of(leaf) == {f"DNS:{name}" for name in NAMES}
    facts = request_facts(csr)
    assert (facts.key, facts.key_hash, facts.common_name) == ("RSA 2048", key_hash(leaf), NAMES[0])


def test_a_certificate_is_described(pki: Pki) -> None:
    found = read_certificate(pki.leaf(serial=0x0ABC))
    assert found.serial == "abc"
    assert serial_of(found.pem) == "abc"
    assert found.fingerprint == fingerprint_of(found.pem)
    assert len(found.fingerprint) == 64
    assert (found.subject, found.issuer, found.key) == (f"CN={NAMES[0]}", "CN=Issuing CA", "RSA 2048")
    assert not found.self_signed
    assert read_certificate(pem(pki.root.certificate)).self_signed


@pytest.mark.parametrize("read", [read_certificate, key_hash, names_of, request_facts, serial_of, fingerprint_of])
def test_what_cannot_be_read_ends_in_a_sentence(read: object) -> None:
    assert callable(read)
    with pytest.raises(StepFailed, match="cannot be read"):
        read("junk")
