"""Certificates and signing requests: reading them, and judging a signed one before it goes to a node."""

from certrenew.x509.bundle import read_bundle
from certrenew.x509.differences import differences
from certrenew.x509.examination import examine
from certrenew.x509.findings import Examination, Finding
from certrenew.x509.reading import (
    RequestFacts,
    fingerprint_of,
    key_hash,
    names_of,
    read_certificate,
    request_facts,
    serial_of,
)

__all__ = [
    "Examination",
    "Finding",
    "RequestFacts",
    "differences",
    "examine",
    "fingerprint_of",
    "key_hash",
    "names_of",
    "read_bundle",
    "read_certificate",
    "request_facts",
    "serial_of",
]
