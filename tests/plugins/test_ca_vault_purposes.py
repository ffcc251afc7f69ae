"""Every purpose's request, signed by a real OpenBao, comes back as a certificate that the gatekeeper lets through."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from certrenew.certificates import CertificateType
from certrenew.domain.model import Usages
from certrenew.domain.ports import Issued, Refused, SigningRequest
from certrenew.registry import Plugins
from certrenew.testing.hierarchy import key_usage, to_pem
from certrenew.x509 import Examination, examine, key_hash, names_of, read_certificate
from certrenew_plugins.ca_vault.authority import VaultAuthority

from .conftest import KEY_USAGE, OpenBao, issued

P256, P384 = ec.SECP256R1(), ec.SECP384R1()
SIGNED_ELSEWHERE = [kind for kind in Plugins().certificate_types.values() if not kind.self_signed]
NODES = tuple(f"cucm-{number:02}.example.com" for number in range(24))


@dataclass(frozen=True)
class Case:
    """One purpose with one kind of key, asked for one node or for all."""

    kind: CertificateType
    usages: Usages
    curve: ec.EllipticCurve | None = None
    shared: bool = False

    @property
    def label(self) -> str:
        words = [self.kind.name, self.curve.name if self.curve else "", "multi-server" if self.shared else ""]
        words += ["on presence nodes"] if self.usages is self.kind.presence_usages else []
        return " ".join(word for word in words if word)

    def request(self) -> SigningRequest:
        """As a node makes it: several nodes share a common name that is no host, with 25 names beside it."""
        suffix = ("-EC" if self.curve else "") + ("-ms" if self.shared else "")
        common = "CAPF-1234abcd" if self.usages.certificate_authority else f"cucm-00{suffix}.example.com"
        names = [*(NODES if self.shared else NODES[:1]), "example.com"]
        names += ["*.example.com"] if self.usages.wildcard else []
        builder = x509.CertificateSigningRequestBuilder().subject_name(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
        )
        san = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        extended = x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in sorted(self.usages.extended)])
        for extension in (san, key_usage(self.usages.key), extended):
            builder = builder.add_extension(extension, critical=False)
        key = (
            ec.generate_private_key(self.curve)
            if self.curve
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )
        csr = to_pem(builder.sign(key, hashes.SHA384() if self.curve else hashes.SHA256()))
        return SigningRequest(key=key_hash(csr), csr_pem=csr, purpose=self.kind.purpose, node="cucm-00")


def cases() -> Iterator[Case]:
    for kind in SIGNED_ELSEWHERE:
        for curve in (P256, P384) if kind.elliptic else (None,):
            for shared in (False, True) if kind.shared_by else (False,):
                yield Case(kind, kind.usages, curve, shared)
            if kind.presence_usages:
                yield Case(kind, kind.presence_usages, curve)


CASES = tuple(cases())


def judged(authority: VaultAuthority, case: Case, request: SigningRequest, found: Issued) -> Examination:
    return examine(
        csr_pem=request.csr_pem,
        leaf_pem=found.leaf_pem,
        pool_pem=found.pool_pem,
        roots_pem=authority.roots(),
        usages=case.usages,
        now=datetime.now(UTC),
        replaces_pem=None,
        trust_pem=(),
    )


@pytest.fixture(scope="session")
def role(openbao: OpenBao) -> str:
    """One role that is good for all purposes."""
    wanted: dict[str, Any] = {
        "allowed_domains": "example.com",
        "allow_subdomains": True,
        "allow_bare_domains": True,
        "key_type": "any",
        "signature_bits": 384,
        "key_usage": KEY_USAGE,
        "ext_key_usage": "ServerAuth,ClientAuth",
        "ext_key_usage_oids": "1.3.6.1.5.5.7.3.5",  # ipsecEndSystem
        "ttl": "4752h",
        "max_ttl": "8760h",
    }
    openbao.ask("POST", "pki_int/roles/every-purpose", wanted)
    return "every-purpose"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_one_role_serves_every_purpose_without_a_single_complaint(
    make: Callable[..., VaultAuthority], role: str, case: Case
) -> None:
    authority, request = make(role=role), case.request()
    found = issued(authority.submit(request))
    examination = judged(authority, case, request, found)
    assert examination.findings == ()
    assert len(examination.chain) == 3
    assert found.warnings == ()
    assert names_of(found.leaf_pem) == names_of(request.csr_pem)
    assert authority.find(request) == authority.collect(found.reference, request) == found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_signing_verbatim_serves_every_purpose_too(make: Callable[..., VaultAuthority], case: Case) -> None:
    authority, request = make(sign="verbatim", role=None), case.request()
    examination = judged(authority, case, request, issued(authority.submit(request)))
    assert examination.passed, examination.findings
    assert {finding.code for finding in examination.findings} <= {"hash-below-key"}  # no role, no signature_bits


def test_a_role_for_rsa_alone_says_what_to_set_for_the_other_keys(make: Callable[..., VaultAuthority]) -> None:
    elliptic = next(case for case in CASES if case.curve)
    answer = make(role="cucm").submit(elliptic.request())
    assert isinstance(answer, Refused)
    assert "key_type=any" in answer.reason


def test_a_role_without_the_ipsec_usage_is_stopped_with_the_field_to_set(make: Callable[..., VaultAuthority]) -> None:
    case = next(case for case in CASES if case.kind.purpose == "ipsec")
    authority, request = make(role="cucm"), case.request()
    examination = judged(authority, case, request, issued(authority.submit(request)))
    assert not examination.passed
    assert any("ext_key_usage_oids=1.3.6.1.5.5.7.3.5" in finding.sentence for finding in examination.findings)


def test_a_short_hash_over_a_long_key_names_the_roles_field(
    make: Callable[..., VaultAuthority], openbao: OpenBao, role: str
) -> None:
    careless = openbao.ask("GET", f"pki_int/roles/{role}")["data"] | {"signature_bits": 256}
    openbao.ask("POST", "pki_int/roles/short-hash", careless)
    case = next(case for case in CASES if case.curve is P384)
    authority, request = make(role="short-hash"), case.request()
    examination = judged(authority, case, request, issued(authority.submit(request)))
    assert examination.passed
    assert [finding.code for finding in examination.findings] == ["hash-below-key"]
    assert "signature_bits=384" in examination.findings[0].sentence


def test_what_is_issued_outside_capf_is_never_an_authority(make: Callable[..., VaultAuthority], role: str) -> None:
    capf = next(case for case in CASES if case.usages.certificate_authority)
    asked = capf.request()
    disguised = SigningRequest(key=asked.key, csr_pem=asked.csr_pem, purpose="tomcat", node=asked.node)
    verbatim = issued(make(sign="verbatim", role=None).submit(disguised))
    certificate = x509.load_pem_x509_certificate(verbatim.leaf_pem.encode())
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.BasicConstraints)
    assert isinstance(make(role=role).submit(disguised), Refused)
    assert read_certificate(verbatim.leaf_pem).subject == "CN=CAPF-1234abcd"
