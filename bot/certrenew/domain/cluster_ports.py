"""What the core asks of a cluster. The adapter implements these protocols, tests fake them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from certrenew.domain.model import (
    PLAIN,
    Cluster,
    Member,
    Phone,
    PhoneInteraction,
    Registration,
    RequestOptions,
    SecurityMode,
    Service,
    Stock,
    TrustFile,
)


class NodeSession(Protocol):
    """One node of a cluster, whatever the transport. Purposes and services are spelt as the CLI spells them.

    Errors: Unreachable (nothing happened), AnswerLost (sent, then cut off), AccessDenied, StepFailed.
    """

    def version(self) -> str: ...

    def identity(self, purpose: str) -> str:
        """PEM of the stored identity certificate; raises StepFailed when there is none."""
        ...

    def identities(self, purposes: Sequence[str]) -> Mapping[str, str]:
        """PEM of the stored identity certificates of these purposes; a purpose without one is left out."""
        ...

    def trust(self, purpose: str) -> tuple[str, ...]:
        """PEM of every certificate in `<purpose>-trust`; raises Unreadable where they are listed but not shown."""
        ...

    def certificates(self) -> Stock:
        """Every identity and trust certificate, whatever its purpose; what is listed but not shown is a problem."""
        ...

    def pending_csrs(self) -> frozenset[str]:
        """The purposes with a signing request waiting on this node."""
        ...

    def pending_csr(self, purpose: str) -> str | None:
        """PEM of the waiting signing request, or None."""
        ...

    def generate_csr(self, purpose: str, options: RequestOptions = PLAIN) -> str:
        """Make a new key and request; the key of a waiting request is lost. Returns the PEM.

        Raises StepFailed, with nothing sent, for options that this node's interfaces cannot carry.
        """
        ...

    def regenerate(self, purpose: str) -> None:
        """Replace the certificate by a self-signed one at once; only ITLRecovery, and CAPF of a subscriber."""
        ...

    def upload_trust(self, purpose: str, certificate_pem: str) -> None:
        """Add one CA certificate to `<purpose>-trust`; a duplicate is not an error."""
        ...

    def trust_files(self, store: str) -> tuple[TrustFile, ...]:
        """Every entry of `<store>-trust` with its file name; raises Unreadable where one is listed but not shown."""
        ...

    def delete_trust(self, store: str, file: str) -> None:
        """Remove one entry of `<store>-trust`; CUCM may remove it on the other nodes too."""
        ...

    def upload_identity(self, purpose: str, leaf_pem: str, chain_pem: Sequence[str]) -> None:
        """Install the signed certificate; `chain_pem` is intermediates then root. Consumes the request."""
        ...

    def services(self) -> Mapping[str, Service]: ...

    def restart(self, service: str) -> None:
        """Ask for a restart and return when the node's prompt is back; the service may still be starting."""
        ...

    def running_for(self, service: str) -> float | None:
        """Seconds since the service last started; None when it is not running. Raises StepFailed if untold."""
        ...

    def served(self, port: int, *, elliptic: bool | None = None) -> str | None:
        """PEM of the certificate presented in a TLS handshake on `port`; None when nothing listens there.

        `elliptic` asks for the elliptic-curve or the RSA one of a port that has both; None when it is not offered.
        """
        ...

    def registered_phones(self) -> int:
        """Registered devices on this node by PerfMon: hardware phones and other stations."""
        ...

    def replication_problems(self) -> tuple[str, ...]:
        """Sentences for every server whose database replication is not "(2) Setup Completed"."""
        ...

    def privilege_problems(self) -> tuple[str, ...]:
        """Sentences when the account may log in, but may not see certificates on the command line (level 1)."""
        ...

    def backup_running(self) -> bool:
        """Whether a disaster recovery backup or restore is active."""
        ...

    def backup_history(self) -> tuple[datetime, ...]:
        """When each successful disaster recovery backup ended, as the node's own clock tells it; newest last."""
        ...

    def start_backup(self, device: str, features: str) -> None:
        """Start a disaster recovery backup to a configured network device; returns when it has begun."""
        ...

    def single_sign_on(self) -> bool:
        """Whether SAML single sign-on is enabled on this node; raises StepFailed when it does not tell."""
        ...

    def itl_serials(self) -> frozenset[str]:
        """Serial numbers (as `ctl_serials`) in the ITL file, its signer's among them; raises StepFailed if untold."""
        ...

    def trust_list_signer(self, kind: str) -> str:
        """Serial number (as `ctl_serials`) of the signer of the "ITL" or "CTL" file; empty when that is not told."""
        ...

    def trust_list_problems(self) -> tuple[str, ...]:
        """Sentences when the ITL file of this node, or its CTL file where it has one, does not verify."""
        ...

    def reset_itl_key(self) -> None:
        """`utils itl reset localkey`: sign the ITL with the CallManager key; only on the publisher, level 4."""
        ...

    def reset_ctl_key(self) -> None:
        """`utils ctl reset localkey`: the same for the CTL file in mixed mode."""
        ...

    def ctl_serials(self) -> frozenset[str]:
        """Serial numbers (lower-case hexadecimal, no leading zeros) of the certificates in the CTL file."""
        ...

    def ctl_problems(self) -> tuple[str, ...]:
        """Sentences on why the CTL could not be updated (no CTL file, licence without export-controlled functions)."""
        ...

    def update_ctl(self) -> None:
        """`utils ctl update CTLFile`; only on the publisher in mixed mode."""
        ...


class ClusterSession(Protocol):
    """A cluster for the length of one phase: one login per node, closed together."""

    @property
    def cluster(self) -> Cluster: ...

    def node(self, name: str) -> NodeSession: ...

    def security_mode(self) -> SecurityMode: ...

    def phone_interaction(self) -> PhoneInteraction: ...

    def phones(self) -> tuple[Phone, ...]: ...

    def registrations(self, names: Sequence[str]) -> Mapping[str, Registration]:
        """What RISPort70 knows of these phones; a phone that it does not know is left out."""
        ...

    def reset_device_pool(self, name: str) -> None: ...

    def reset_phone(self, name: str) -> None: ...

    def members(self) -> tuple[Member, ...]:
        """Every server of the cluster as its own database lists it; raises Unreadable where that is not told."""
        ...

    def close(self) -> None: ...


class Clusters(Protocol):
    """Opens sessions; the adapter for Cisco Unified Communications Manager implements it."""

    def open(self, cluster: Cluster) -> ClusterSession: ...
