"""What the core asks of the outside world. Adapters implement these protocols, tests fake them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias

from certrenew.domain.cluster_ports import Clusters as Clusters
from certrenew.domain.cluster_ports import ClusterSession as ClusterSession
from certrenew.domain.cluster_ports import NodeSession as NodeSession
from certrenew.domain.values import Json

# ---- certificate authorities -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningRequest:
    """`key` is the SHA-256 of the request's public key, in hexadecimal: an order made under it is found again."""

    key: str
    csr_pem: str
    purpose: str
    node: str


@dataclass(frozen=True, slots=True)
class Issued:
    """`leaf_pem`, and the other certificates the authority sent: unordered, maybe without the root."""

    leaf_pem: str
    pool_pem: tuple[str, ...] = ()
    reference: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """Not signed yet; ask for `reference` again in `retry_after` seconds."""

    reference: str
    retry_after: float = 60.0
    message: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """Final: a person must act. `reason` is the authority's own words, made safe to show."""

    reason: str


Answer: TypeAlias = Issued | Pending | Refused


class Authority(Protocol):
    """A certificate authority. Errors: Unreachable (nothing happened), AnswerLost, AccessDenied, StepFailed."""

    def check(self) -> Sequence[str]:
        """Sentences on what is wrong with the settings, the credentials or the connection; no side effect."""
        ...

    def find(self, request: SigningRequest) -> Issued | Pending | None:
        """What was already issued or ordered for this key, after a lost answer; None when there is nothing.

        Raises StepFailed when the authority cannot tell, so that nobody mistakes silence for absence.
        """
        ...

    def submit(self, request: SigningRequest) -> Answer: ...

    def collect(self, reference: str, request: SigningRequest) -> Answer: ...

    def roots(self) -> tuple[str, ...]:
        """PEM of the roots this authority is trusted to chain to (from its configuration)."""
        ...


# ---- what a step sees -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How patiently the bot watches, in seconds. Lab settings shorten it; production keeps the defaults."""

    poll_services: float = 5.0
    service_timeout: float = 900.0
    poll_phones: float = 15.0
    phones_timeout: float = 1800.0
    phones_settle: float = 60.0  # how long after a reset phones may still look registered
    served_timeout: float = 300.0
    phones_threshold: float = 1.0  # the share of the baseline that counts as back


class StepContext(Protocol):
    """Everything a step may touch."""

    @property
    def session(self) -> ClusterSession: ...

    @property
    def authority(self) -> Authority: ...

    @property
    def now(self) -> datetime: ...

    @property
    def pace(self) -> Pace: ...

    @property
    def attempted(self) -> datetime | None:
        """When an earlier attempt of this very step began whose outcome is unknown; None when there is none."""
        ...

    @property
    def waiting_since(self) -> datetime | None:
        """When this step first reported that it waits; None when it has not waited."""
        ...

    @property
    def progress(self) -> Mapping[str, Json]:
        """What this step remembered with its last `Waiting`; empty at its first look."""
        ...

    def output(self, name: str, node: str) -> Json:
        """An output of an earlier step; raises StepFailed when it is missing (its step was skipped)."""
        ...

    def guard(self) -> None:
        """Raise if this run no longer owns the renewal; call it immediately before an irreversible command."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait inside an act, for seconds only; longer waits are `Waiting`."""
        ...

    def notice(self, text: str) -> None:
        """Tell the channel something worth knowing now, such as a count of phones; it is in the audit too."""
        ...


# ---- time -------------------------------------------------------------------------------------------------------


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, in UTC."""
        ...
