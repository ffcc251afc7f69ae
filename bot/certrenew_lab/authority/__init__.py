"""The lab's certificate authority, compatible with the PKI engine of Vault and OpenBao."""

from certrenew_lab.authority.server import LabAuthority

__all__ = ["LabAuthority"]
