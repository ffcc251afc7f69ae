"""One node behind the domain's port: certificates by REST or SSH, the rest over the transport that can do it."""

from collections.abc import Mapping
from datetime import datetime

from certrenew.cucm.backups import Backups
from certrenew.cucm.cli import CommandLine
from certrenew.cucm.https import Https
from certrenew.cucm.known_keys import KnownKeys
from certrenew.cucm.presented import presented
from certrenew.cucm.realtime import Realtime
from certrenew.cucm.rest import Rest
from certrenew.cucm.settings import ClusterAccess, NodeAddress
from certrenew.cucm.shell import Shell
from certrenew.cucm.stored import StoredCertificates
from certrenew.cucm.tls import NodeTrust
from certrenew.cucm.trust_lists import TrustLists
from certrenew.cucm.trust_stores import TrustStores
from certrenew.cucm.upkeep import Upkeep
from certrenew.domain.errors import AnswerLost, StepFailed, Unreachable
from certrenew.domain.model import Service


class CucmNode(StoredCertificates):
    """Implements `NodeSession`."""

    def __init__(
        self,
        access: ClusterAccess,
        address: NodeAddress,
        trust: NodeTrust,
        realtime: Realtime,
        known_keys: KnownKeys,
    ) -> None:
        limits = access.timeouts
        self._realtime = realtime
        self._limits = limits
        self._shell = Shell(address, access.platform, limits)
        self._https = Https(address, address.rest_port, trust, access.platform, limits, "certificate REST")
        self._lists = TrustLists(self._shell, limits)
        self._backups = Backups(self._shell, limits)
        self.upkeep = Upkeep(self._shell, limits)
        super().__init__(
            access,
            address,
            Rest(self._https, address.node.fqdn, access.rest),
            CommandLine(self._shell, limits),
            TrustStores(self._shell, limits),
            known_keys,
        )

    def close(self) -> None:
        self._shell.close()
        self._https.close()

    def transcript(self) -> str:
        """What was said over SSH in this session, without secrets and certificates."""
        return self._shell.transcript.text()

    def version(self) -> str:
        return self._cli.version()

    def privilege_problems(self) -> tuple[str, ...]:
        return self._cli.privilege_problems()

    # ---- services ---------------------------------------------------------------------------------------------

    def services(self) -> Mapping[str, Service]:
        return self.upkeep.services()

    def restart(self, service: str) -> None:
        self.upkeep.restart(service)

    def running_for(self, service: str) -> float | None:
        """By Control Center of the node itself; a presence node may have none that answers, which is StepFailed."""
        try:
            return self._realtime.running_for(service)
        except AnswerLost:
            raise
        except Unreachable as error:
            if not self._address.node.role.presence:
                raise
            problem = str(error)
        raise StepFailed(f"{self.name} did not tell since when {service!r} runs: {problem}")

    def served(self, port: int, *, elliptic: bool | None = None) -> str | None:
        address = self._address
        return presented(
            self.name, address.node.fqdn, address.host, address.port(port), self._limits.handshake, elliptic
        )

    def registered_phones(self) -> int:
        """By PerfMon; a presence node has no phones and is not asked."""
        node = self._address.node
        if node.role.presence:
            return 0
        return self._realtime.registered((node.name, node.fqdn, self._address.host))

    def replication_problems(self) -> tuple[str, ...]:
        return self.upkeep.replication_problems()

    def single_sign_on(self) -> bool:
        return self.upkeep.single_sign_on()

    # ---- backups ----------------------------------------------------------------------------------------------

    def backup_running(self) -> bool:
        return self._backups.running()

    def backup_history(self) -> tuple[datetime, ...]:
        return self._backups.history()

    def start_backup(self, device: str, features: str) -> None:
        self._backups.start(device, features)

    # ---- trust lists ------------------------------------------------------------------------------------------

    def itl_serials(self) -> frozenset[str]:
        return self._lists.itl_serials()

    def trust_list_signer(self, kind: str) -> str:
        return self._lists.signer(kind)

    def trust_list_problems(self) -> tuple[str, ...]:
        return self._lists.problems()

    def reset_itl_key(self) -> None:
        self._lists.reset_key("ITL")

    def reset_ctl_key(self) -> None:
        self._lists.reset_key("CTL")

    def ctl_serials(self) -> frozenset[str]:
        return self._lists.ctl_serials()

    def ctl_problems(self) -> tuple[str, ...]:
        return self._lists.ctl_problems()

    def update_ctl(self) -> None:
        self._lists.update_ctl()
