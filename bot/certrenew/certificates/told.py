"""The cautions of a plan: what whoever approves must know, and sees only here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from certrenew.certificates.declared import Options, Phones, release_of
from certrenew.domain.model import PhoneInteraction, SecurityMode, Snapshot

if TYPE_CHECKING:
    from certrenew.certificates.kind import CertificateType


def cautions(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[str]:
    """The purpose's own, then what this cluster and this request add."""
    yield from kind.cautions
    if caution := kind.runbook(options).caution:
        yield caution
    if kind.remarks is not None:
        yield from kind.remarks(kind, snapshot, options)
    yield from _left_out(kind, snapshot, options)
    if kind.phones is Phones.RESET_AND_WAIT and not kind.self_signed:
        if snapshot.phone_interaction is PhoneInteraction.AUTOMATIC:
            yield "Each upload by itself resets phones (“Phone Interaction on Certificate Update” is automatic)."
        elif snapshot.phone_interaction is PhoneInteraction.UNKNOWN and _may_have_phone_interaction(snapshot):
            yield "Each upload may reset phones (“Phone Interaction on Certificate Update” cannot be read)."
    if kind.in_ctl and snapshot.security_mode is SecurityMode.MIXED:
        yield "The cluster is in mixed mode: the CTL file is updated before any service restarts."
    if options.single_sign_on:
        yield (
            "Single sign-on is on: switch it off before you release the installation, which stops otherwise. A person"
            " switches it on again afterwards; nobody can do that from the command line."
        )
    if options.request.multi_server:
        yield "It is one certificate for all its nodes: one upload changes all of them."
    if options.members_untold:
        yield "The cluster did not list its servers: make sure that the configuration names all of them."
    if options.force and not kind.reads_trust:
        yield f"It is renewed before it is due, because: {options.force}"
    if options.replace_csr:
        yield "A signing request that waits on a node is replaced; a certificate issued for it becomes useless."


def _may_have_phone_interaction(snapshot: Snapshot) -> bool:
    """Releases before 14 have no such parameter, and no upload resets a phone there."""
    releases = [release_of(found.version) for found in snapshot.nodes]
    return not all(release and release < (14,) for release in releases)


def _left_out(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[str]:
    for found in snapshot.nodes:
        service = found.services.get(kind.runs)
        if found in kind.holders(snapshot):
            continue
        if service is not None and not service.active and "not activated" not in service.note.lower():
            yield (
                f"{found.node.name} is left out: {kind.runs} is activated there, but {service.state}. It keeps its"
                f" old {kind.purpose} certificate."
            )
    chosen = {found.node.name for found in kind.targets(snapshot, options)}
    for found in kind.holders(snapshot):
        stored = found.identities.get(kind.purpose)
        if stored is not None and found.node.name not in chosen:
            why = "was not asked for" if options.nodes and found.node.name not in options.nodes else "is not due"
            yield f"{found.node.name} {why}: its {kind.purpose} certificate ends on {stored.not_after:%Y-%m-%d}."
