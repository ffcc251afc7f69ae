"""A Cisco CUCM cluster on loopback, with real SSH, real TLS and real certificates."""

from .lab import LabCucm

__all__ = ["LabCucm"]
