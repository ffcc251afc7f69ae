"""CAPF on subscribers: before release 14 each has a certificate that nothing uses and that only raises alarms."""

from collections.abc import Iterator

from certrenew.plugin import CertificateType, Options, Snapshot, Step, Usages, Where, hookimpl, parts, steps


def regenerated(kind: CertificateType, snapshot: Snapshot, options: Options) -> Iterator[Step]:
    """Each subscriber makes a new one; nothing restarts, because nothing uses it."""
    targets = kind.targets(snapshot, options)
    yield steps.CheckReplication(node=snapshot.cluster.publisher.name)
    for found in targets:
        yield steps.CheckNode(
            node=found.node.name,
            purpose=kind.purpose,
            serial=found.identities[kind.purpose].serial,
            services=(),
        )
    for found in targets:
        replaced = found.identities[kind.purpose]
        yield steps.RegenerateCertificate(
            node=found.node.name,
            purpose=kind.purpose,
            serial=replaced.serial,
            not_after=replaced.not_after.isoformat(),
        )
    for found in targets:
        yield steps.ProveStored(node=found.node.name, purpose=kind.purpose)
    yield from parts.backed_up(snapshot, options)


CAPF_SUBSCRIBER = CertificateType(
    name="capf-subscriber",
    title="CAPF of a subscriber",
    purpose="CAPF",
    where=Where.SUBSCRIBERS,
    trust=(),
    usages=Usages(key=frozenset(), extended=frozenset()),
    ports=(),
    restarts=(),
    self_signed=True,
    until="14",
    order=0,
    impact="None for phones and calls: CAPF runs on the publisher only, and nothing uses these certificates.",
    cautions=("Only the publisher's CAPF certificate issues for phones; that one is not touched.",),
    profile="cisco-217138",
    sources=("Cisco 217138", "Cisco 214231"),
    recipe=regenerated,
)


@hookimpl
def register_certificate_types() -> list[CertificateType]:
    return [CAPF_SUBSCRIBER]
