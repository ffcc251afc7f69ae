"""Everything a plugin author may import. Nothing else is promised to stay."""

from certrenew.authorities import AuthorityType
from certrenew.certificates import CertificateType, Options, Phones, Recipe, Restart, standard
from certrenew.domain.errors import AccessDenied, AnswerLost, ConfigError, StepFailed, Unreachable
from certrenew.domain.model import Cluster, Node, Role, SecurityMode, Snapshot, Usages
from certrenew.domain.plan import (
    Blocked,
    Check,
    Done,
    Evidence,
    Outcome,
    Phase,
    Plan,
    Ready,
    Risk,
    Satisfied,
    Step,
    Waiting,
)
from certrenew.domain.ports import (
    Answer,
    Authority,
    Issued,
    NodeSession,
    Pending,
    Refused,
    SigningRequest,
    StepContext,
)
from certrenew.hookspecs import hookimpl
from certrenew.x509 import key_hash, read_bundle, read_certificate

__all__ = [
    "AccessDenied",
    "Answer",
    "AnswerLost",
    "Authority",
    "AuthorityType",
    "Blocked",
    "CertificateType",
    "Check",
    "Cluster",
    "ConfigError",
    "Done",
    "Evidence",
    "Issued",
    "Node",
    "NodeSession",
    "Options",
    "Outcome",
    "Pending",
    "Phase",
    "Phones",
    "Plan",
    "Ready",
    "Recipe",
    "Refused",
    "Restart",
    "Risk",
    "Role",
    "Satisfied",
    "SecurityMode",
    "SigningRequest",
    "Snapshot",
    "Step",
    "StepContext",
    "StepFailed",
    "Unreachable",
    "Usages",
    "Waiting",
    "hookimpl",
    "key_hash",
    "read_bundle",
    "read_certificate",
    "standard",
]
