"""Open clusters: one login per node, rate limits and pins shared by every session of this process."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from certrenew.cucm.axl import Axl
from certrenew.cucm.budget import Budget, CarefulBudget, CommonBudget
from certrenew.cucm.https import Https
from certrenew.cucm.known_keys import KnownKeys, RememberedKeys
from certrenew.cucm.node import CucmNode
from certrenew.cucm.realtime import Realtime, TooManyRequests, batched
from certrenew.cucm.settings import ClusterAccess
from certrenew.cucm.tls import NodeTrust
from certrenew.domain.errors import AccessDenied, AnswerLost, ConfigError, StepFailed, Unreachable, Unreadable
from certrenew.domain.model import Cluster, Member, Phone, PhoneInteraction, Registration, SecurityMode


class _Shared:
    """What outlives a session of one cluster: the budgets of its realtime services and what its nodes must present."""

    def __init__(self, access: ClusterAccess, known_keys: KnownKeys) -> None:
        self.access = access
        self.known_keys = known_keys
        # An IM and Presence node may not know the account: its refusal must not close the account for AXL.
        self.presence_application = replace(access.application)
        self.realtime = Budget(access.realtime_per_minute)
        counters = CommonBudget(access.perfmon_per_minute)
        self.perfmon = {
            address.node.name: CarefulBudget(counters, access.perfmon_per_minute) for address in access.nodes
        }
        self.trust = {
            address.node.name: NodeTrust(
                address.node.name,
                address.node.fqdn,
                address.certificate_pins,
                access.ca_bundle,
                partial(known_keys.keys, access.cluster.name, address.node.name),
            )
            for address in access.nodes
        }


class CucmSession:
    """Implements `ClusterSession`. Nothing is opened before it is needed."""

    def __init__(self, shared: _Shared) -> None:
        self._shared = shared
        self._access = shared.access
        self._lock = threading.RLock()
        self._nodes: dict[str, CucmNode] = {}
        self._soap: dict[str, Https] = {}
        self._axl: Axl | None = None

    @property
    def cluster(self) -> Cluster:
        return self._access.cluster

    def node(self, name: str) -> CucmNode:
        address = self._access.address(name)
        key = address.node.name
        with self._lock:
            if key not in self._nodes:
                shared = self._shared
                self._nodes[key] = CucmNode(
                    self._access, address, shared.trust[key], self._realtime(key), shared.known_keys
                )
            return self._nodes[key]

    def security_mode(self) -> SecurityMode:
        """From AXL; where AXL does not tell, from the publisher's command line."""
        try:
            return self._publisher().security_mode()
        except AccessDenied:
            raise
        except (StepFailed, Unreachable):
            return self.node(self.cluster.publisher.name).upkeep.security_mode()

    def phone_interaction(self) -> PhoneInteraction:
        return self._publisher().phone_interaction()

    def phones(self) -> tuple[Phone, ...]:
        return self._publisher().phones()

    def registrations(self, names: Sequence[str]) -> Mapping[str, Registration]:
        """Asked of the publisher, or of the next node when that one does not answer: each knows the cluster.

        What one node has told is not asked of the next: 40,000 names are three minutes of the whole cluster's limit,
        and a node that refuses because of that limit is not left for another. Nodes of the IM and Presence Service
        know of no phones and are not asked.
        """
        found: dict[str, Registration] = {}
        nodes = deque(node.name for node in self.cluster.in_restart_order if not node.role.presence)
        first: Unreachable | None = None
        for portion in batched(names):
            while nodes:
                try:
                    found |= self._realtime(nodes[0]).registrations(portion)
                    break
                except (AnswerLost, TooManyRequests):
                    raise
                except Unreachable as error:
                    first = first or error
                    nodes.popleft()
            else:
                raise first or Unreachable(
                    f"No node of {self.cluster.name} told which phones are registered; retry later."
                )
        known = self._known_names()
        return {name: replace(entry, node=known.get(entry.node.lower(), entry.node)) for name, entry in found.items()}

    def reset_device_pool(self, name: str) -> None:
        self._publisher().reset_device_pool(name)

    def reset_phone(self, name: str) -> None:
        self._publisher().reset_phone(name)

    def members(self) -> tuple[Member, ...]:
        """By AXL, else by the publisher's command line. A name that is an address becomes a configured node's name.

        Of presence nodes AXL may tell the role of a subscriber alone.
        """
        said = ""
        try:
            listed = self._publisher().members()
        except AccessDenied:
            raise
        except (StepFailed, Unreachable) as error:
            listed, said = (), str(error)
        listed = listed or self.node(self.cluster.publisher.name).upkeep.members()
        if not listed:
            raise Unreadable(
                f"Neither AXL nor the command line of {self.cluster.publisher.name} told which servers "
                f"{self.cluster.name} has. {said}".strip()
            )
        return tuple(self._known(member) for member in listed)

    def axl_version(self) -> str:
        """The release as AXL tells it."""
        return self._publisher().version()

    def close(self) -> None:
        with self._lock:
            for node in self._nodes.values():
                node.close()
            for https in self._soap.values():
                https.close()
            self._nodes.clear()
            self._soap.clear()
            self._axl = None

    # ---- parts --------------------------------------------------------------------------------------------------

    def _https(self, name: str, service: str) -> Https:
        key = f"{name}/{service}"
        with self._lock:
            if key not in self._soap:
                address, access = self._access.address(name), self._access
                trust = self._shared.trust[address.node.name]
                account = self._shared.presence_application if address.node.role.presence else access.application
                self._soap[key] = Https(address, address.https_port, trust, account, access.timeouts, service)
            return self._soap[key]

    def _publisher(self) -> Axl:
        with self._lock:
            if self._axl is None:
                https = self._https(self.cluster.publisher.name, "AXL")
                meanings = self._access.phone_interaction_values
                self._axl = Axl(https, self._access.axl_version, interactions=meanings)
            return self._axl

    def _realtime(self, name: str) -> Realtime:
        https = self._https(name, "realtime services")
        return Realtime(https, self._shared.realtime, self._shared.perfmon[name], self._access.timeouts)

    def _known(self, member: Member) -> Member:
        for address in self._access.nodes:
            if member.name.lower() == address.host.lower() == member.address.lower():
                return Member(address.node.name, member.role, member.address)
        return member

    def _known_names(self) -> Mapping[str, str]:
        """The node behind each name or address under which RIS may tell of it, in lower case."""
        return {
            known.lower(): address.node.name
            for address in reversed(self._access.nodes)
            for known in (address.host, address.node.fqdn, address.node.name)
        }


class CucmClusters:
    """Implements `Clusters`. Make one per process: it holds the rate budgets.

    `known_keys` are what HTTPS may present besides pins and the bundle; without it they are forgotten at the end.
    """

    def __init__(self, accesses: Iterable[ClusterAccess], known_keys: KnownKeys | None = None) -> None:
        known = known_keys or RememberedKeys()
        self._shared = {access.cluster.name: _Shared(access, known) for access in accesses}

    def open(self, cluster: Cluster) -> CucmSession:
        found = self._shared.get(cluster.name)
        if found is None:
            raise ConfigError(
                f"No access to the cluster {cluster.name!r} is set up; there is {', '.join(self._shared) or 'none'}."
            )
        return CucmSession(found)
