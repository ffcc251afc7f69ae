"""A fake cluster with trust stores, and everything that takes stock of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from certrenew.app.expiry import DigestItem, Warner
from certrenew.app.rounds import Rounds
from certrenew.app.sessions import Sessions
from certrenew.app.stocktaking import Stocktaker
from certrenew.domain.model import Cluster
from certrenew.store.inventory import InventoryStore
from certrenew.testing import hierarchy
from certrenew.testing.bench import Bench
from certrenew.testing.fakes import FakeCluster, FakeClusterSession

WARN_DAYS = (60, 30, 14, 7, 1)


@dataclass
class Wall:
    """Implements `Digest`: what was posted. `broken` is raised instead, as long as it is set."""

    posts: list[tuple[str, str, list[DigestItem]]] = field(default_factory=list)
    broken: Exception | None = None

    def post(self, channel: str, text: str, items: Sequence[DigestItem]) -> None:
        if self.broken:
            raise self.broken
        self.posts.append((channel, text, list(items)))


@dataclass
class Fakes:
    """Implements `Clusters` for several of them."""

    fakes: Mapping[str, FakeCluster]

    def open(self, cluster: Cluster) -> FakeClusterSession:
        return self.fakes[cluster.name].open(cluster)


class Stocked:
    """One process of the bot on the bench's database; make another for a restart."""

    def __init__(
        self, bench: Bench, wall: Wall | None = None, *, holder: str = "one", clusters: Sequence[FakeCluster] = ()
    ) -> None:
        fakes = {fake.cluster.name: fake for fake in clusters or [bench.cluster]}
        self.bench = bench
        self.clock = bench.clock
        self.wall = wall or Wall()
        self.shelf = InventoryStore(bench.engine, bench.clock.now)
        self.sessions = Sessions(Fakes(fakes), {name: fake.cluster for name, fake in fakes.items()})
        self.stocktaker = Stocktaker(sessions=self.sessions, shelf=self.shelf, clock=bench.clock)
        self.warner = Warner(
            shelf=self.shelf,
            told=self.shelf,
            digest=self.wall,
            channel=lambda cluster: f"#{cluster}",
            renewable={"CallManager": "callmanager"},
            warn_days=WARN_DAYS,
            clock=bench.clock,
        )
        self.rounds = Rounds(
            units=bench.store,
            shelf=self.shelf,
            stocktaker=self.stocktaker,
            warner=self.warner,
            clusters=list(fakes),
            clock=bench.clock,
            holder=holder,
            every=timedelta(hours=24),
        )

    def trust(self, name: str, *, days: float, store: str = "tomcat", nodes: Sequence[str] = ("cucm-pub",)) -> str:
        """Put a certificate into trust stores that ends in `days`; returns it."""
        start = self.clock.now() - timedelta(days=400)
        pem = hierarchy.self_signed(name, hierarchy.new_key(), start=start, days=400 + days)
        for node in nodes:
            self.bench.cluster.nodes[node].trust.setdefault(store, []).append(pem)
        return pem

    def hold(self, node: str, purpose: str, *, days: float) -> None:
        """Give a node an identity that ends in `days`."""
        start = self.clock.now() - timedelta(days=400)
        pem = hierarchy.self_signed(f"{node}.example.com", hierarchy.new_key(), start=start, days=400 + days)
        self.bench.cluster.nodes[node].stored[purpose] = pem

    def logins(self) -> list[str]:
        return [call for call in self.bench.cluster.trouble.calls if call.startswith("certificates")]
