"""Builds the rounds: what reads every cluster on its own, and where it says what falls due."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta

from certrenew.app.expiry import TRUST, Digest, Warner
from certrenew.app.rounds import Rounds
from certrenew.app.stocktaking import Stocktaker
from certrenew.app.unit import Units
from certrenew.certificates import CertificateType
from certrenew.domain.model import Cluster
from certrenew.domain.ports import Clock
from certrenew.settings import InventoryTable
from certrenew.store.inventory import InventoryStore


def renewable(types: Iterable[CertificateType]) -> dict[str, str]:
    """By what name a renewal is asked for, by purpose as nodes spell it; the first type of a purpose stands for it."""
    found: dict[str, str] = {}
    for kind in types:
        found.setdefault(TRUST if kind.name == TRUST else kind.purpose, kind.name)
    return found


def rounds(
    table: InventoryTable,
    *,
    units: Units,
    shelf: InventoryStore,
    stocktaker: Stocktaker,
    types: Iterable[CertificateType],
    clusters: Mapping[str, Cluster],
    clock: Clock,
    holder: str,
    digest: Digest,
    channel: Callable[[str], str],
) -> Rounds:
    """Not started yet. `channel` names the channel of a cluster, "" where there is none."""
    warner = Warner(
        shelf=shelf,
        told=shelf,
        digest=digest,
        channel=channel,
        renewable=renewable(types),
        warn_days=table.warn_days,
        clock=clock,
    )
    return Rounds(
        units=units,
        shelf=shelf,
        stocktaker=stocktaker,
        warner=warner,
        clusters=clusters,
        clock=clock,
        holder=holder,
        every=timedelta(hours=table.every_hours),
    )
