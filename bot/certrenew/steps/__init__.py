"""The vocabulary of steps: everything that a plan can consist of, one family a file."""

from collections.abc import Mapping
from typing import Any, cast

from certrenew.domain.errors import StepFailed
from certrenew.domain.plan import Part, Plan, Step, Target, Task
from certrenew.steps.anchors import CheckAnchors, CheckAnchorsNow
from certrenew.steps.backup import AwaitBackup, TakeBackup
from certrenew.steps.install import AwaitDistribution, CheckRequest, UploadChain, UploadIdentity
from certrenew.steps.phones import AwaitPhones, AwaitPhonesAfterUpload, BaselinePhones, ProvePhones, ResetPhones
from certrenew.steps.preflight import (
    CheckCopies,
    CheckCtl,
    CheckCtlNow,
    CheckNoBackup,
    CheckNoBackupNow,
    CheckNode,
    CheckPhoneInteraction,
    CheckReplication,
    CheckReplicationNow,
    CheckSecurityMode,
    CheckSingleSignOn,
)
from certrenew.steps.proof import ProveBackupSystem, ProveServed, ProveServices, ProveStored
from certrenew.steps.recount import RecountPhones
from certrenew.steps.recovery import AwaitRegenerated, RegenerateCertificate
from certrenew.steps.request import Collect, GenerateCsr, Submit, Validate
from certrenew.steps.services import RestartService, UpdateCtl
from certrenew.steps.trust import DeleteTrust, ProveTrust
from certrenew.steps.trust_lists import (
    AwaitNewList,
    CheckBridge,
    CheckTrustLists,
    CheckTrustListsNow,
    ProveTrustLists,
    SignCtl,
    SignWithCallManager,
)

__all__ = [
    "VOCABULARY",
    "AwaitBackup",
    "AwaitDistribution",
    "AwaitNewList",
    "AwaitPhones",
    "AwaitPhonesAfterUpload",
    "AwaitRegenerated",
    "BaselinePhones",
    "CheckAnchors",
    "CheckAnchorsNow",
    "CheckBridge",
    "CheckCopies",
    "CheckCtl",
    "CheckCtlNow",
    "CheckNoBackup",
    "CheckNoBackupNow",
    "CheckNode",
    "CheckPhoneInteraction",
    "CheckReplication",
    "CheckReplicationNow",
    "CheckRequest",
    "CheckSecurityMode",
    "CheckSingleSignOn",
    "CheckTrustLists",
    "CheckTrustListsNow",
    "Collect",
    "DeleteTrust",
    "GenerateCsr",
    "ProveBackupSystem",
    "ProvePhones",
    "ProveServed",
    "ProveServices",
    "ProveStored",
    "ProveTrust",
    "ProveTrustLists",
    "RecountPhones",
    "RegenerateCertificate",
    "ResetPhones",
    "RestartService",
    "SignCtl",
    "SignWithCallManager",
    "Submit",
    "TakeBackup",
    "UpdateCtl",
    "UploadChain",
    "UploadIdentity",
    "Validate",
    "plan_from_json",
]

VOCABULARY: Mapping[str, type[Step]] = {
    step.kind: step
    for step in (
        AwaitBackup,
        AwaitDistribution,
        AwaitNewList,
        AwaitPhones,
        AwaitPhonesAfterUpload,
        AwaitRegenerated,
        BaselinePhones,
        CheckAnchors,
        CheckAnchorsNow,
        CheckBridge,
        CheckCtl,
        CheckCtlNow,
        CheckNoBackup,
        CheckNoBackupNow,
        CheckCopies,
        CheckNode,
        CheckPhoneInteraction,
        CheckReplication,
        CheckReplicationNow,
        CheckRequest,
        CheckSecurityMode,
        CheckSingleSignOn,
        CheckTrustLists,
        CheckTrustListsNow,
        Collect,
        DeleteTrust,
        GenerateCsr,
        ProveBackupSystem,
        ProvePhones,
        ProveServed,
        ProveServices,
        ProveStored,
        ProveTrust,
        ProveTrustLists,
        RecountPhones,
        RegenerateCertificate,
        ResetPhones,
        RestartService,
        SignCtl,
        SignWithCallManager,
        Submit,
        TakeBackup,
        UpdateCtl,
        UploadChain,
        UploadIdentity,
        Validate,
    )
}


def plan_from_json(stored: Mapping[str, Any], vocabulary: Mapping[str, type[Step]] = VOCABULARY) -> Plan:
    """The plan that `Plan.to_json` wrote. Raises StepFailed for a step that this version does not know."""
    steps: list[Step] = []
    for fields in cast("list[Mapping[str, Any]]", stored["steps"]):
        kind = str(fields["kind"])
        if kind not in vocabulary:
            raise StepFailed(f"The stored plan has a step {kind!r} that this version of certrenew does not know.")
        steps.append(vocabulary[kind].from_json(fields))
    return Plan(
        cluster=stored["cluster"],
        purpose=stored["purpose"],
        title=stored["title"],
        authority=stored["authority"],
        profile=stored["profile"],
        targets=tuple(Target(**target) for target in stored["targets"]),
        steps=tuple(steps),
        impact=stored["impact"],
        cautions=tuple(stored["cautions"]),
        sources=tuple(stored["sources"]),
        excludes=tuple(stored["excludes"]),
        options=stored.get("options", {}),
        tasks=tuple(Task(**task) for task in stored.get("tasks", ())),
        parts=tuple(Part(**{**part, "steps": tuple(part["steps"])}) for part in stored.get("parts", ())),
    )
