"""A running lab cluster, and real clients to drive it with."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from certrenew_lab.cucm import LabCucm
from certrenew_lab.cucm import x509 as certificates
from certrenew_lab.cucm.authority import LabAuthority
from certrenew_lab.cucm.x509 import PrivateKey
from certrenew_lab.scenario import ClusterScenario, SshManners

# Tests are imported by path, so their shared clients are found by name.
sys.path.insert(0, str(Path(__file__).parent))

_KEYS: list[PrivateKey] = []


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """RSA keys are slow to make, so each test process draws them from one growing pool; within a lab all differ."""
    used = 0
    make = certificates.new_rsa_key

    def draw(bits: int = 2048) -> PrivateKey:
        nonlocal used
        if bits != 2048:
            return make(bits)
        used += 1
        mine = used
        while len(_KEYS) < mine:
            _KEYS.append(make(bits))
        return _KEYS[mine - 1]

    monkeypatch.setattr(certificates, "new_rsa_key", draw)


@pytest.fixture
def scenario() -> ClusterScenario:
    """A small, fast cluster: one real second is two lab minutes; tests may replace it."""
    return ClusterScenario(speed=120.0, phones=60, ssh=SshManners(banner_delay=1.0))


@pytest_asyncio.fixture
async def lab(scenario: ClusterScenario) -> AsyncIterator[LabCucm]:
    """A started cluster."""
    async with LabCucm(scenario) as running:
        yield running


@pytest.fixture
def new_ca() -> LabAuthority:
    """The authority that signs the renewed certificates: a root and an issuing CA."""
    return LabAuthority.root("New Lab Root CA").intermediate("New Lab Issuing CA")
