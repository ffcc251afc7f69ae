"""The contract classes: a good authority passes them, and the plugins they are made to catch do not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import pytest

from certrenew.certificates import CertificateType, Options, standard
from certrenew.domain.model import SecurityMode, Snapshot
from certrenew.domain.plan import Check, Phase, Ready, Risk, Step
from certrenew.domain.ports import Authority, SigningRequest, StepContext
from certrenew.steps import UploadIdentity
from certrenew.testing import hierarchy
from certrenew.testing.contract import AuthorityContract, CertificateTypeContract, MakeBench
from certrenew.testing.fakes import FakeAuthority
from certrenew_plugins.callmanager import CALLMANAGER


class TestFakeAuthority(AuthorityContract):
    @pytest.fixture
    def opened(self) -> FakeAuthority:
        return FakeAuthority()

    @pytest.fixture
    def csr(self) -> Callable[[], str]:
        return lambda: hierarchy.signing_request("a.example.com", ["a.example.com"], CALLMANAGER.usages, _key())

    def lose_next_answer(self, opened: Authority) -> None:
        assert isinstance(opened, FakeAuthority)
        opened.trouble.lose_answer("submit")

    def refuse_next(self, opened: Authority) -> None:
        assert isinstance(opened, FakeAuthority)
        opened.refuses = "The subject is not allowed."


def _key() -> hierarchy.ec.EllipticCurvePrivateKey:
    return hierarchy.new_key()


@dataclass(frozen=True, kw_only=True)
class UploadTwice(UploadIdentity):
    """A step that does not look whether its act went through."""

    kind: ClassVar[str] = "upload_identity"
    phase: ClassVar[Phase] = Phase.INSTALL
    risk: ClassVar[Risk] = Risk.OUTAGE

    def check(self, ctx: StepContext) -> Check:
        return Ready()


def careless(kind: CertificateType, snapshot: Snapshot, options: Options) -> "list[Step]":
    return [
        UploadTwice(node=step.node, purpose=step.purpose) if isinstance(step, UploadIdentity) else step
        for step in standard(kind, snapshot, options)
    ]


def variant(**changed: object) -> CertificateType:
    fields = {name: getattr(CALLMANAGER, name) for name in CALLMANAGER.__dataclass_fields__}
    return CertificateType(**(fields | changed))


class OneMode(CertificateTypeContract):
    __test__ = False
    modes = (SecurityMode.NON_SECURE,)


def test_a_check_that_does_not_look_is_caught() -> None:
    class Careless(OneMode):
        kind = variant(recipe=careless)

    with pytest.raises(AssertionError, match="would act twice"):
        Careless().test_a_satisfied_check_returns_what_the_act_left()


def test_a_purpose_that_restarts_the_wrong_service_is_caught(make_bench: MakeBench) -> None:
    class Forgetful(OneMode):
        kind = variant(restarts=CALLMANAGER.restarts[:1], ports=(5061,))
        cluster: ClassVar = {"phones": 0}

    bench = Forgetful().bench(make_bench, SecurityMode.NON_SECURE)
    for node in bench.cluster.nodes.values():
        node.ports = {5061: ("Cisco CallManager", "CallManager")}
    renewal = bench.run(bench.approved())
    assert "does not serve it" in renewal.reason


def test_a_purpose_without_an_impact_is_caught() -> None:
    class Silent(OneMode):
        kind = variant(impact="")

    with pytest.raises(AssertionError):
        Silent().test_the_people_who_approve_are_told_the_impact_and_the_source()


def test_a_key_that_was_never_seen_is_not_found() -> None:
    csr = hierarchy.signing_request("a.example.com", ["a.example.com"], CALLMANAGER.usages, _key())
    request = SigningRequest(key="0" * 64, csr_pem=csr, purpose="CallManager", node="cucm-pub")
    assert FakeAuthority().find(request) is None
