"""The words of the language, each with what it does: the one table that parsing and the help text are drawn from."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verb:
    """A word of the language: how it is written after the slash command, and what it does, in a sentence."""

    usage: str
    does: str


VERBS: Mapping[str, Verb] = {
    "status": Verb("status [cluster or renewal]", "Show what is open, or one renewal with its steps."),
    "list": Verb("list [cluster]", "Show the newest renewals."),
    "certs": Verb("certs <cluster> [--trust]", "Read the certificates of each node, and show when they expire."),
    "expiring": Verb("expiring [60d] [cluster]", "Show what expires soon, as it was last read."),
    "approve": Verb("approve <renewal> [reason]", "Approve a plan: an approver, and not whoever asked for it."),
    "reject": Verb("reject <renewal> <reason>", "Reject a plan."),
    "release": Verb("release <renewal> [reason]", "Let a prepared renewal install: phones are affected from here."),
    "retry": Verb("retry <renewal>", "Try the step once more at which a renewal stopped."),
    "skip": Verb("skip <renewal> <reason>", "Go on without the step at which a renewal stopped (approvers only)."),
    "skip-part": Verb(
        "skip-part <renewal> <purpose> <reason>", "Leave a whole purpose of a campaign out (approvers only)."
    ),
    "pause": Verb("pause <renewal>", "Stop before the next step, until somebody resumes."),
    "resume": Verb("resume <renewal>", "Go on after a pause."),
    "abandon": Verb("abandon <renewal> <reason>", "End a renewal for good; what is done stays done."),
    "done": Verb("done <renewal> <task> [note]", "Tick off what only a person can do after a renewal."),
    "settle": Verb(
        "settle <renewal> <reason>",
        "Let the next trust anchor be renewed although phones of an ended renewal are missing (approvers only).",
    ),
    "help": Verb("help", "Show this."),
}
REASONED = ("approve", "reject", "release", "skip", "skip-part", "done", "settle", "abandon")  # a reason may follow
NAMING = ("skip-part", "done")  # what of the renewal is meant stands before the reason
RENEW = Verb(
    "<purpose> <cluster> [options]",
    "Plan a renewal and offer it for approval; nothing changes before somebody else approves. The purpose “all” plans"
    " everything that is due, in safe order.",
)
OPTIONS: Mapping[str, str] = {  # each with what stands for its value; without one it is a switch
    "authority": "NAME",
    "change": "NUMBER",
    "force": "WHY",
    "node": "NAME",
    "runbook": "NAME",
    "replace-csr": "",
    "multi-server": "",
    "key-length": "BITS",
    "hash": "NAME",
    "common-name": "NAME",
    "name": "NAME",
    "ou": "",
}
KEY_LENGTHS = ("2048", "3072", "4096", "256", "384")  # RSA, then elliptic curves (Security Guide for CUCM 14)
HASHES = ("sha256", "sha384", "sha512")
SEVERAL = ("node", "name")  # may be given more than once, or with commas

FILLERS = ("renew", "plan")  # words that people write before the purpose, and that say nothing
