"""Look at nodes without changing them: what to pin before the first login, and what is wrong with an access."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from certrenew.cucm import hostkeys, pem, ssh
from certrenew.cucm.presented import presented
from certrenew.cucm.session import CucmClusters, CucmSession
from certrenew.cucm.settings import ClusterAccess, NodeAddress, Timeouts
from certrenew.domain.errors import AccessDenied, CertrenewError


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a node shows to anybody; compare it on the node's console before it is pinned.

    A port may hold an RSA and an elliptic certificate, and whoever connects may get either: `elliptic_` is the second.
    """

    ssh_keys: tuple[str, ...]
    ssh_fingerprints: tuple[str, ...]
    certificate_pem: str
    certificate_fingerprint: str
    certificate_key: str
    elliptic_fingerprint: str = ""
    elliptic_key: str = ""

    @property
    def certificates(self) -> tuple[tuple[str, str], ...]:
        """The fingerprint of each certificate, and that of its key."""
        shown = (
            (self.certificate_fingerprint, self.certificate_key),
            (self.elliptic_fingerprint, self.elliptic_key),
        )
        return tuple(pair for pair in shown if any(pair))


def discover(address: NodeAddress, timeouts: Timeouts | None = None) -> Discovery:
    """Fetch host keys and the HTTPS certificate without logging in; raises Unreachable when nothing answers."""
    limits = timeouts or Timeouts()
    keys = ssh.host_keys(address, limits)
    name, fqdn, port = address.node.name, address.node.fqdn, address.https_port
    found = presented(name, fqdn, address.host, port, limits.handshake) or ""
    second = (presented(name, fqdn, address.host, port, limits.handshake, elliptic=True) or "") if found else ""
    first, other = (pem.der(text) if text else b"" for text in (found, "" if second == found else second))
    return Discovery(
        ssh_keys=keys,
        ssh_fingerprints=tuple(hostkeys.pinned_fingerprint(key) for key in keys),
        certificate_pem=found,
        certificate_fingerprint=pem.fingerprint(first) if first else "",
        certificate_key=pem.key_of_certificate(first) if first else "",
        elliptic_fingerprint=pem.fingerprint(other) if other else "",
        elliptic_key=pem.key_of_certificate(other) if other else "",
    )


def check(access: ClusterAccess, clusters: CucmClusters | None = None) -> Sequence[str]:
    """Sentences on what is wrong with the access to a cluster; empty when all is well. Nothing is changed.

    Each account logs in once; after a refused password nothing more is tried with it. Nodes of the IM and Presence
    Service are asked for their command line and certificates only.
    """
    session = (clusters or CucmClusters((access,))).open(access.cluster)
    problems: list[str] = []
    try:
        for node in access.cluster.in_restart_order:
            problems += _node(access, session, node.name)
        problems += _said("AXL on the publisher", session.axl_version)
        problems += _said("RISPort70", lambda: session.registrations(("SEP000000000000",)))
    finally:
        session.close()
    return tuple(dict.fromkeys(problems))


def _node(access: ClusterAccess, session: CucmSession, name: str) -> list[str]:
    node = session.node(name)
    told: list[str] = []
    problems = _said(f"SSH to {name}", lambda: told.append(node.version()))
    if not problems:
        problems += _said(f"reading certificates of {name}", node.command_line.pending)
    if access.may_have_rest and (access.use_rest == "always" or not _before_rest(told)):
        problems += _said(f"certificate REST of {name}", lambda: _raise(node.check_rest()))
    if not access.cluster.node(name).role.presence:
        problems += _said(f"PerfMon of {name}", node.registered_phones)
    return problems


def _before_rest(told: Sequence[str]) -> bool:
    """Whether the node told a release below 14, where the certificate REST interface is not missed."""
    major = told[0].split(".")[0] if told else ""
    return major.isdigit() and int(major) < 14


class _Noted(CertrenewError):
    """A remark that is a sentence already."""


def _raise(sentence: str) -> None:
    if sentence:
        raise _Noted(sentence)


def _said(what: str, ask: Callable[[], object]) -> list[str]:
    try:
        ask()
    except (AccessDenied, _Noted) as error:
        return [str(error)]
    except CertrenewError as error:
        return [f"{what}: {error}"]
    return []
