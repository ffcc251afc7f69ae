"""The adapter for Cisco Unified Communications Manager: SSH, certificate REST and SOAP behind the domain's ports."""

from certrenew.cucm.accounts import Account
from certrenew.cucm.doctor import Discovery, check, discover
from certrenew.cucm.known_keys import KnownKeys, RememberedKeys
from certrenew.cucm.session import CucmClusters
from certrenew.cucm.settings import ClusterAccess, NodeAddress, RestDialect, Timeouts

__all__ = [
    "Account",
    "ClusterAccess",
    "CucmClusters",
    "Discovery",
    "KnownKeys",
    "NodeAddress",
    "RememberedKeys",
    "RestDialect",
    "Timeouts",
    "check",
    "discover",
]
