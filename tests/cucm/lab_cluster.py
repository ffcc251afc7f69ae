"""A lab cluster in a thread of its own, and sessions of the adapter with it."""

import asyncio
import hashlib
import ssl
import threading
from typing import Any

import pytest

from certrenew.cucm import Account, ClusterAccess, CucmClusters, NodeAddress
from certrenew.cucm.session import CucmSession
from certrenew.domain.model import Cluster, Node, Role

lab_cucm = pytest.importorskip("certrenew_lab.cucm")
scenario = pytest.importorskip("certrenew_lab.scenario")


class Lab:
    """Runs until `stop`; every session it gave out is closed then."""

    def __init__(self, **changes: Any) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()
        self.cluster = lab_cucm.LabCucm(scenario.ClusterScenario(**{"speed": 200, "phones": 30, **changes}))
        asyncio.run_coroutine_threadsafe(self.cluster.start(), self._loop).result(60)
        self._sessions: list[CucmSession] = []

    def stop(self) -> None:
        for session in self._sessions:
            session.close()
        asyncio.run_coroutine_threadsafe(self.cluster.stop(), self._loop).result(30)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def access(self, password: str = "", **changes: Any) -> ClusterAccess:
        """How the cluster is reached, with every node's HTTPS certificate pinned as it is now."""
        told = self.cluster.description()
        nodes = tuple(Node(node["name"], node["fqdn"], Role(node["role"])) for node in told["nodes"])
        addresses = tuple(
            NodeAddress(
                node=node,
                host=found["address"],
                ssh_port=found["ssh_port"],
                https_port=found["https_port"],
                rest_port=found["rest_port"],
                ssh_keys=(found["ssh_host_key"],),
                certificate_pins=(hashlib.sha256(ssl.PEM_cert_to_DER_cert(found["tomcat_certificate"])).hexdigest(),),
            )
            for node, found in zip(nodes, told["nodes"], strict=True)
        )
        platform, application = told["platform"], told["application"]
        return ClusterAccess(
            cluster=Cluster(told["cluster"], nodes),
            nodes=addresses,
            platform=Account(platform["username"], lambda: password or platform["password"], "platform account"),
            application=Account(application["username"], lambda: application["password"], "application account"),
            **changes,
        )

    def session(self, password: str = "", **changes: Any) -> CucmSession:
        access = self.access(password, **changes)
        self._sessions.append(CucmClusters((access,)).open(access.cluster))
        return self._sessions[-1]
