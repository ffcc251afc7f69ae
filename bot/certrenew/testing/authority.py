"""A certificate authority in memory, with real signatures and faults at every call."""

from collections.abc import Iterable, Sequence

from certrenew.domain.ports import Answer, Issued, Pending, Refused, SigningRequest
from certrenew.testing import hierarchy
from certrenew.testing.clock import FixedClock
from certrenew.testing.trouble import Trouble


class FakeAuthority:
    """Implements `Authority`: a root and an issuing authority that sign what is asked, when the test lets them.

    `pending` is how often `collect` answers "not yet"; `refuses` is a reason to refuse everything; `days` is the
    lifetime of what is issued.
    """

    def __init__(
        self,
        *,
        clock: FixedClock | None = None,
        pending: int = 0,
        retry_after: float = 60.0,
        refuses: str = "",
        days: float = 397,
        problems: Iterable[str] = (),
        trouble: Trouble | None = None,
    ) -> None:
        self.clock = clock or FixedClock()
        self.trouble = trouble or Trouble()
        self.pending = pending
        self.retry_after = retry_after
        self.refuses = refuses
        self.days = days
        self.problems = tuple(problems)
        self.orders: dict[str, str] = {}  # key of a request -> reference
        self.issued: dict[str, Issued] = {}  # reference -> answer

    def check(self) -> Sequence[str]:
        with self.trouble.call("check"):
            return self.problems

    def find(self, request: SigningRequest) -> Issued | Pending | None:
        with self.trouble.call(f"find {request.node}"):
            reference = self.orders.get(request.key)
            if reference is None:
                return None
            return self.issued.get(reference) or Pending(reference, self.retry_after)

    def submit(self, request: SigningRequest) -> Answer:
        with self.trouble.call(f"submit {request.node}", act=True):
            if self.refuses:
                return Refused(self.refuses)
            reference = f"order-{len(self.orders) + 1}"
            self.orders[request.key] = reference
            if self.pending > 0:
                return Pending(reference, self.retry_after)
            return self._issue(reference, request)

    def collect(self, reference: str, request: SigningRequest) -> Answer:
        with self.trouble.call(f"collect {request.node}"):
            if self.refuses:
                return Refused(self.refuses)
            if reference in self.issued:
                return self.issued[reference]
            if self.pending > 0:
                self.pending -= 1
                return Pending(reference, self.retry_after, "waits for an officer")
            return self._issue(reference, request)

    def roots(self) -> tuple[str, ...]:
        return (hierarchy.signers()[0].pem,)

    def _issue(self, reference: str, request: SigningRequest) -> Issued:
        _, issuing = hierarchy.signers()
        leaf = hierarchy.issue(request.csr_pem, now=self.clock.now(), days=self.days)
        self.issued[reference] = Issued(leaf, (issuing.pem,), reference)
        return self.issued[reference]
