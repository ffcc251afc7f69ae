"""The part of a fake node's session that is not about certificates: services, trust lists, backups."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from certrenew.domain.errors import StepFailed
from certrenew.domain.model import Role, SecurityMode, Service

if TYPE_CHECKING:
    from certrenew.testing.fakes import FakeCluster
    from certrenew.testing.nodes import FakeNode, FakeService

STARTS_IN = 4.0  # seconds from the start of a service until it says STARTED
BACKUP_TAKES = 60.0


class FakeUpkeep:
    """The services, trust lists and backups of one fake node; `FakeNodeSession` adds its certificates."""

    def __init__(self, cluster: "FakeCluster", node: "FakeNode") -> None:
        self._cluster = cluster
        self._node = node
        self._name = node.node.name
        self._call = cluster.trouble.call

    def version(self) -> str:
        with self._call(f"version {self._name}"):
            return self._node.version

    def privilege_problems(self) -> tuple[str, ...]:
        return ()

    # ---- services --------------------------------------------------------------------------------------------

    def services(self) -> Mapping[str, Service]:
        with self._call(f"services {self._name}"):
            return {name: self._state(name, service) for name, service in self._node.services.items()}

    def restart(self, service: str) -> None:
        with self._call(f"restart {self._name} {service}", act=True):
            if service not in self._node.services:
                raise StepFailed(f"{self._name} has no service {service!r}.")
            self._node.start(service, self._cluster.clock.now())
            self._cluster.restarted(self._name, service)

    def running_for(self, service: str) -> float | None:
        with self._call(f"running_for {self._name} {service}"):
            found = self._node.services[service]
            if not self._state(service, found).started:
                return None
            return (self._cluster.clock.now() - found.started_at).total_seconds()

    def registered_phones(self) -> int:
        with self._call(f"registered_phones {self._name}"):
            return self._cluster.phones.on(self._name)

    def replication_problems(self) -> tuple[str, ...]:
        with self._call(f"replication_problems {self._name}"):
            return self._node.replication_problems

    def single_sign_on(self) -> bool:
        with self._call(f"single_sign_on {self._name}"):
            return self._node.single_sign_on

    def _state(self, name: str, service: "FakeService") -> Service:
        if not service.active:
            return Service(name, "STOPPED", "Service Not Activated")
        started = self._cluster.clock.now() >= service.started_at + timedelta(seconds=STARTS_IN)
        return Service(name, "STARTED" if started else "STARTING")

    # ---- backups ---------------------------------------------------------------------------------------------

    def backup_running(self) -> bool:
        with self._call(f"backup_running {self._name}"):
            return self._node.backup_running or any(end > self._cluster.clock.now() for end in self._cluster.backups)

    def backup_history(self) -> tuple[datetime, ...]:
        with self._call(f"backup_history {self._name}"):
            return tuple(end for end in sorted(self._cluster.backups) if end <= self._cluster.clock.now())

    def start_backup(self, device: str, features: str) -> None:
        with self._call(f"start_backup {self._name} {device}", act=True):
            self._only_publisher()
            now = self._cluster.clock.now()
            if any(end > now for end in self._cluster.backups):
                raise StepFailed(f"{self._name} runs a backup already.")
            self._cluster.backups.append(now + timedelta(seconds=BACKUP_TAKES))

    # ---- trust lists -----------------------------------------------------------------------------------------

    def itl_serials(self) -> frozenset[str]:
        with self._call(f"itl_serials {self._name}"):
            itl = self._cluster.trust_lists.itl
            return itl.serials | itl.signers

    def trust_list_signer(self, kind: str) -> str:
        with self._call(f"trust_list_signer {self._name} {kind}"):
            found = self._cluster.trust_lists.itl if kind == "ITL" else self._cluster.trust_lists.ctl
            return next(iter(found.signers)) if len(found.signers) == 1 else ""

    def trust_list_problems(self) -> tuple[str, ...]:
        with self._call(f"trust_list_problems {self._name}"):
            return self._node.trust_list_problems

    def reset_itl_key(self) -> None:
        with self._call(f"reset_itl_key {self._name}", act=True):
            self._only_publisher()
            self._cluster.trust_lists.write_itl("CallManager")

    def reset_ctl_key(self) -> None:
        with self._call(f"reset_ctl_key {self._name}", act=True):
            self._only_in_mixed_mode()
            self._cluster.trust_lists.write_ctl("CallManager")

    def ctl_serials(self) -> frozenset[str]:
        with self._call(f"ctl_serials {self._name}"):
            return self._cluster.trust_lists.ctl.serials

    def ctl_problems(self) -> tuple[str, ...]:
        with self._call(f"ctl_problems {self._name}"):
            return self._cluster.ctl_problems

    def update_ctl(self) -> None:
        with self._call(f"update_ctl {self._name}", act=True):
            self._only_in_mixed_mode()
            self._cluster.trust_lists.write_ctl()

    def _only_publisher(self) -> None:
        if self._node.node.role is not Role.PUBLISHER:
            raise StepFailed("Command failed: this is not the publisher.")

    def _only_in_mixed_mode(self) -> None:
        if self._cluster.security_mode is not SecurityMode.MIXED:
            raise StepFailed("Command failed: the cluster is not in mixed mode.")
        self._only_publisher()
