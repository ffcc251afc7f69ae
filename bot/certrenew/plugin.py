"""Everything a plugin author may import. Nothing else is promised to stay.

`steps` is the vocabulary of plans, `parts` are the pieces of the standard recipe, for a recipe of one's own.
"""

from certrenew import steps
from certrenew.authorities import AuthorityType
from certrenew.certificates import (
    CertificateType,
    Options,
    Phones,
    Recipe,
    Restart,
    Runbook,
    Where,
    release_of,
    standard,
)
from certrenew.certificates import recipe as parts
from certrenew.domain.errors import AccessDenied, AnswerLost, ConfigError, PlanRefused, StepFailed, Unreachable
from certrenew.domain.model import Cluster, Node, NodeSnapshot, Role, SecurityMode, Snapshot, TrustFile, Usages
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
    Target,
    Task,
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
from certrenew.x509.anchors import anchors_of

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
    "NodeSnapshot",
    "Options",
    "Outcome",
    "Pending",
    "Phase",
    "Phones",
    "Plan",
    "PlanRefused",
    "Ready",
    "Recipe",
    "Refused",
    "Restart",
    "Risk",
    "Role",
    "Runbook",
    "Satisfied",
    "SecurityMode",
    "SigningRequest",
    "Snapshot",
    "Step",
    "StepContext",
    "StepFailed",
    "Target",
    "Task",
    "TrustFile",
    "Unreachable",
    "Usages",
    "Waiting",
    "Where",
    "anchors_of",
    "hookimpl",
    "key_hash",
    "parts",
    "read_bundle",
    "read_certificate",
    "release_of",
    "standard",
    "steps",
]
