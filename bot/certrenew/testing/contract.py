"""What every plugin must fulfil, as test classes: subclass one, say what you made, and pytest runs the rest."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import pytest

from certrenew.app.commands import Retry, Skip
from certrenew.app.inventory import read_snapshot
from certrenew.app.runner import BACKOFF
from certrenew.certificates import CertificateType, Options, Where
from certrenew.domain.errors import AnswerLost, StepFailed
from certrenew.domain.model import SecurityMode, Snapshot
from certrenew.domain.plan import Plan
from certrenew.domain.ports import Authority, Issued, Pending, Refused, SigningRequest
from certrenew.domain.renewal import Renewal, State
from certrenew.steps import plan_from_json
from certrenew.testing import hierarchy
from certrenew.testing.bench import BOB, Bench
from certrenew.testing.fakes import FakeCluster
from certrenew.testing.rehearsal import Rehearsal
from certrenew.x509 import key_hash

MakeBench = Callable[..., Bench]


class CertificateTypeContract:
    """Set `kind` to your certificate type; `cluster` takes options of `FakeCluster` when it needs a special one.

    `others` are purposes that the cluster has as well. Override `arrange` to prepare it, and `renewed` where a renewal
    does not end with new certificates.
    """

    kind: ClassVar[CertificateType]
    others: ClassVar[tuple[CertificateType, ...]] = ()
    cluster: ClassVar[Mapping[str, Any]] = {}
    asked: ClassVar[Options] = Options(authority="lab-ca")
    modes: ClassVar[tuple[SecurityMode, ...]] = (SecurityMode.NON_SECURE, SecurityMode.MIXED)

    def bench(self, make_bench: MakeBench, mode: SecurityMode) -> Bench:
        bench = make_bench(self.kind, *self.others, cluster=self.options(mode))
        self.arrange(bench.cluster)
        return bench

    def fake(self, mode: SecurityMode) -> FakeCluster:
        fake = FakeCluster(self.kind, *self.others, **self.options(mode))
        self.arrange(fake)
        return fake

    def arrange(self, fake: FakeCluster) -> None:
        """Called for every cluster before it is used."""

    def options(self, mode: SecurityMode) -> dict[str, Any]:
        """What the fake cluster is made with: nodes of the IM and Presence Service where only they have the purpose."""
        presence = {"presence": 2} if self.kind.where in (Where.PRESENCE, Where.PRESENCE_PUBLISHER) else {}
        return {"security_mode": mode, **presence, **self.cluster}

    def snapshot(self, mode: SecurityMode) -> Snapshot:
        fake = self.fake(mode)
        return read_snapshot(fake.open(fake.cluster), [self.kind])

    def plans(self) -> list[Plan]:
        return [self.kind.plan(self.snapshot(mode), self.asked) for mode in self.modes]

    def test_the_same_snapshot_makes_the_same_plan(self) -> None:
        for mode in self.modes:
            snapshot = self.snapshot(mode)
            first, second = (self.kind.plan(snapshot, self.asked) for _ in range(2))
            assert first == second
            assert first.digest == second.digest

    def test_a_plan_has_no_faults(self) -> None:
        for plan in self.plans():
            assert list(plan.faults()) == []

    def test_every_step_can_be_stored_and_read_back(self) -> None:
        for plan in self.plans():
            again = plan_from_json(json.loads(json.dumps(plan.to_json())))
            assert again.steps == plan.steps
            assert again.digest == plan.digest

    def test_every_step_says_in_one_line_what_it_does(self) -> None:
        for step in (step for plan in self.plans() for step in plan.steps):
            line = step.summary()
            assert line == line.strip()
            assert line
            assert "\n" not in line
            assert not line.endswith(".")
            assert len(line) <= 150

    def test_the_people_who_approve_are_told_the_impact_and_the_source(self) -> None:
        assert self.kind.impact
        assert all(self.kind.sources)
        assert self.kind.sources

    def test_a_renewal_ends_with_every_node_serving_the_new_certificate(self, make_bench: MakeBench) -> None:
        for mode in self.modes:
            bench = self.bench(make_bench, mode)
            before = {name: dict(node.stored) for name, node in bench.cluster.nodes.items()}
            renewal = bench.run(bench.approved())
            assert renewal.state is State.SUCCEEDED, renewal.reason
            self.renewed(bench, renewal.plan, before)

    def renewed(self, bench: Bench, plan: Plan, before: Mapping[str, Mapping[str, str]]) -> None:
        """What must be true afterwards; `before` is what each node stored."""
        for target in plan.targets:
            node = bench.cluster.nodes[target.node]
            assert node.stored[self.kind.purpose] != before[target.node][self.kind.purpose]
            for port in self.kind.ports:
                shown = node.presents(port, elliptic=self.kind.elliptic)
                assert shown == node.stored[self.kind.purpose], f"{target.node} port {port}"

    def test_a_crash_right_after_an_act_never_repeats_it(self, make_bench: MakeBench) -> None:
        """The bot dies after every act of one renewal, and starts again each time."""
        for mode in self.modes[-1:]:  # the longest plan has every act
            smooth = self.bench(make_bench, mode)
            smooth.run(smooth.approved())
            bench = self.bench(make_bench, mode)
            renewal = bench.approved()
            for act in dict.fromkeys(smooth.acts):
                bench.cluster.trouble.crash_after(act)
            found = bench.run_through_crashes(renewal)
            while found.state is State.STOPPED:
                found = self._a_person_looked(bench, found)
            assert found.state is State.SUCCEEDED, found.reason
            assert sorted(bench.acts) == sorted(smooth.acts)

    def _a_person_looked(self, bench: Bench, renewal: Renewal) -> Renewal:
        """Only a step that leaves no trace may ask a person; it was done, so the person skips it."""
        current = renewal.current
        assert current is not None
        step = renewal.plan.steps[current.number - 1]
        assert step.traceless, f"step {current.number} ({step.kind}) stopped: {renewal.reason}"
        bench.do(Skip(renewal=renewal.id, reason="it went through"), BOB)
        return bench.run_through_crashes(renewal.id)

    def test_a_lost_answer_never_repeats_an_act(self, make_bench: MakeBench) -> None:
        for mode in self.modes[-1:]:  # the longest plan has every act
            smooth = self.bench(make_bench, mode)
            smooth.run(smooth.approved())
            bench = self.bench(make_bench, mode)
            renewal = bench.approved()
            for act in dict.fromkeys(smooth.acts):
                bench.cluster.trouble.lose_answer(act)
            found = bench.run(renewal)
            while found.state is State.STOPPED:
                found = self._a_person_looked(bench, found)
            assert sorted(bench.acts) == sorted(smooth.acts)

    def test_a_satisfied_check_returns_what_the_act_left(self) -> None:
        for mode in self.modes:
            Rehearsal(self.kind, self.fake(mode), self.asked).run()

    def test_a_stopped_renewal_can_be_retried_to_its_end(self, make_bench: MakeBench) -> None:
        """Nothing answers to an act of each kind for so long that the renewal stops; then it does."""
        bench = self.bench(make_bench, self.modes[-1])
        smooth = self.bench(make_bench, self.modes[-1])
        smooth.run(smooth.approved())
        renewal = bench.approved()
        for act in {act.split()[0]: act for act in smooth.acts}.values():
            bench.cluster.trouble.silent(act, times=len(BACKOFF) + 1)
        found = bench.run(renewal)
        stops = 0
        while found.state is State.STOPPED:
            stops += 1
            assert stops <= len(smooth.acts)
            bench.do(Retry(renewal=renewal), BOB)
            found = bench.run(renewal)
        assert found.state is State.SUCCEEDED, found.reason
        assert sorted(bench.acts) == sorted(smooth.acts)


class AuthorityContract:
    """Say how to open your authority against a test instance, and how to make it misbehave.

    Fixtures to provide: `opened`, the authority; `csr`, a function that returns the PEM of a fresh request that it
    signs. Override `lose_next_answer` and `refuse_next` where the test instance can do that; set `secrets` to every
    secret that the authority was given.
    """

    secrets: ClassVar[tuple[str, ...]] = ()
    patience: ClassVar[int] = 20  # how often `collect` is asked

    def lose_next_answer(self, opened: Authority) -> None:
        """The next `submit` goes through and its answer is lost."""
        pytest.skip("this test instance cannot lose an answer")

    def refuse_next(self, opened: Authority) -> None:
        """The next `submit` is refused by the authority's own rules."""
        pytest.skip("this test instance cannot refuse")

    def request(self, csr_pem: str) -> SigningRequest:
        return SigningRequest(key=key_hash(csr_pem), csr_pem=csr_pem, purpose="CallManager", node="cucm-pub")

    def ordered(self, opened: Authority, request: SigningRequest) -> Issued:
        answer = opened.submit(request)
        for _ in range(self.patience):
            if isinstance(answer, Issued):
                return answer
            assert isinstance(answer, Pending), answer
            answer = opened.collect(answer.reference, request)
        raise AssertionError(f"not issued after {self.patience} looks")

    def test_nothing_is_wrong_with_it(self, opened: Authority) -> None:
        assert list(opened.check()) == []

    def test_it_issues_for_the_key_of_the_request(self, opened: Authority, csr: Callable[[], str]) -> None:
        request = self.request(csr())
        assert key_hash(self.ordered(opened, request).leaf_pem) == request.key

    def test_what_it_issued_chains_to_a_configured_root(self, opened: Authority, csr: Callable[[], str]) -> None:
        issued = self.ordered(opened, self.request(csr()))
        assert opened.roots()
        assert hierarchy.chains(issued.leaf_pem, issued.pool_pem, opened.roots())

    def test_it_finds_nothing_for_a_key_it_never_saw(self, opened: Authority, csr: Callable[[], str]) -> None:
        try:
            found = opened.find(self.request(csr()))
        except StepFailed:
            return  # an authority that cannot tell says so
        assert found is None

    def test_an_order_is_found_after_its_answer_was_lost(self, opened: Authority, csr: Callable[[], str]) -> None:
        request = self.request(csr())
        self.lose_next_answer(opened)
        with pytest.raises(AnswerLost):
            opened.submit(request)
        found = opened.find(request)
        assert isinstance(found, Issued | Pending)
        answer = found if isinstance(found, Issued) else opened.collect(found.reference, request)
        assert isinstance(answer, Issued | Pending)

    def test_a_refusal_is_an_answer_in_words(self, opened: Authority, csr: Callable[[], str]) -> None:
        self.refuse_next(opened)
        answer = opened.submit(self.request(csr()))
        assert isinstance(answer, Refused)
        assert answer.reason.strip()
        self._no_secret_in(answer.reason)

    def test_no_secret_is_shown(self, opened: Authority) -> None:
        self._no_secret_in(repr(opened))
        self._no_secret_in(str(opened))
        self._no_secret_in(" ".join(opened.check()))

    def _no_secret_in(self, text: str) -> None:
        assert not [len(secret) for secret in self.secrets if secret in text]
