"""Runs a plan step by step without a runner, to see what each step promises the ones after it."""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from certrenew.app.context import Context
from certrenew.app.inventory import read_snapshot
from certrenew.certificates import CertificateType, Options
from certrenew.domain.plan import Done, Ready, Satisfied, Waiting
from certrenew.domain.ports import Pace
from certrenew.domain.renewal import Renewal, State, StepRecord, StepState
from certrenew.testing.bench import ALICE
from certrenew.testing.fakes import FakeAuthority, FakeCluster


class Rehearsal:
    """Runs a plan without a runner: each step is checked again after its act, as after a crash."""

    def __init__(self, kind: CertificateType, fake: FakeCluster, asked: Options) -> None:
        self.fake = fake
        self.authority = FakeAuthority(clock=fake.clock)
        self.session = fake.open(fake.cluster)
        plan = kind.plan(read_snapshot(self.session, [kind]), asked)
        now = fake.clock.now()
        self.renewal = Renewal(
            id="0" * 32, plan=plan, state=State.RUNNING, requester=ALICE, created_at=now, approve_by=now
        )

    def run(self) -> None:
        for number, step in enumerate(self.renewal.plan.steps, start=1):
            output: Mapping[str, Any]
            ctx = self._context()
            check = step.check(ctx)
            while isinstance(check, Waiting):
                self.fake.clock.advance(check.seconds)
                ctx = dataclasses.replace(
                    ctx, waiting_since=ctx.waiting_since or ctx.clock.now(), progress=check.progress
                )
                check = step.check(ctx)
            if isinstance(check, Ready):
                began = self.fake.clock.now()
                outcome = step.act(ctx)
                assert isinstance(outcome, Done), f"step {number} ({step.kind}) did not end: {outcome}"
                output = outcome.output
                again = step.check(dataclasses.replace(self._context(), attempted=began))
                if not step.traceless:
                    assert isinstance(again, Satisfied), f"step {number} ({step.kind}) would act twice: {again}"
                    assert again.output == outcome.output, (
                        f"step {number} ({step.kind}) is satisfied with another output"
                    )
            else:
                assert isinstance(check, Satisfied), f"step {number} ({step.kind}): {check}"
                output = check.output
            assert step.makes <= output.keys(), f"step {number} ({step.kind}) does not leave what it makes"
            json.dumps(dict(output))
            json.dumps(dict(step.verify(self._context())))
            done = StepRecord(number=number, kind=step.kind, node=step.node, state=StepState.DONE, output=output)
            self.renewal = dataclasses.replace(self.renewal, steps=(*self.renewal.steps, done))

    def _context(self) -> Context:
        return Context(
            renewal=self.renewal,
            clock=self.fake.clock,
            pace=Pace(),
            session_of=lambda: self.session,
            authority_of=lambda: self.authority,
            pause=self.fake.clock.advance,
            say=lambda _: None,
            own=lambda: True,
        )
