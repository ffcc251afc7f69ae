"""What people can ask for: one frozen dataclass each, in the imperative."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew:
    """Plan a renewal and offer it for approval; the purpose "all" stands for everything that is due.

    An empty `authority` or `runbook` takes the configured one. `force` is why something is renewed before it is due.
    What follows it says how the signing request is to be made; empty values leave that to the node.
    """

    purpose: str
    cluster: str
    authority: str = ""
    change_number: str = ""
    replace_csr: bool = False
    nodes: tuple[str, ...] = ()
    runbook: str = ""
    force: str = ""
    multi_server: bool = False
    key_length: int = 0
    hash_algorithm: str = ""
    common_name: str = ""
    names: tuple[str, ...] = ()
    organizational_unit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve:
    """Approve the plan. `digest`, when given, must be that of the plan that was read."""

    renewal: str
    reason: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    renewal: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """Let a prepared renewal install: from here on phones are affected."""

    renewal: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Try the step at which the renewal stopped once more.

    `step` and `attempt` say which stop is meant; 0 for `step` means the one of now, whichever it is.
    """

    renewal: str
    step: int = 0
    attempt: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """Go on without the step at which the renewal stopped. `step` 0 means that step, whichever it is."""

    renewal: str
    reason: str = ""
    step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipPart:
    """Leave a whole purpose of a campaign out, of which nothing was installed yet."""

    renewal: str
    part: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """Say that something is done that only a person can do. `task` is its key in the plan."""

    renewal: str
    task: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Let the next trust anchor be renewed although the phones of an ended renewal were not seen to be back."""

    renewal: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Abandon:
    renewal: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    renewal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    renewal: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """`subject` is a cluster, a renewal, or empty for everything that is open."""

    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListRenewals:
    """The newest renewals, open and ended."""

    cluster: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """The certificates that the nodes of a cluster hold now; `trust` lists those that they only trust."""

    cluster: str
    trust: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Expiring:
    """What ends within `days`, as it was last read; an empty `cluster` stands for all."""

    days: int = 60
    cluster: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """The whole language."""


Decision: TypeAlias = Approve | Reject | Release | Retry | Skip | SkipPart | Tick | Settle | Abandon | Pause | Resume
Change: TypeAlias = Renew | Decision
Question: TypeAlias = Status | ListRenewals | Certificates | Expiring | Help
Command: TypeAlias = Change | Question
