"""What people can ask for: one frozen dataclass each, in the imperative."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Renew:
    """Plan a renewal and offer it for approval. An empty `authority` takes the configured one."""

    purpose: str
    cluster: str
    authority: str = ""
    change_number: str = ""
    replace_csr: bool = False


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
    """The identity certificates that the nodes of a cluster store now."""

    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """The whole language."""


Change: TypeAlias = Renew | Approve | Reject | Release | Retry | Skip | Abandon | Pause | Resume
Question: TypeAlias = Status | ListRenewals | Certificates | Help
Command: TypeAlias = Change | Question
