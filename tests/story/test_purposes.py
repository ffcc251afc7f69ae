"""Every purpose on every release that has it, over each transport: from the typed words to the proof, on one cluster.

The table at the end of the output says what ran where.
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from certrenew.domain.renewal import State

from .inside import Inside, cluster

RELEASES = {
    "12.5": "12.5.1.14900-11",
    "14": "14.0.1.10000-20",
    "14SU2": "14.0.1.12900-161",
    "15": "15.0.1.12900-234",
}
PURPOSES = (
    "tomcat",
    "tomcat-ecdsa",
    "ipsec",
    "cup",
    "cup-ecdsa",
    "cup-xmpp",
    "cup-xmpp-ecdsa",
    "cup-xmpp-s2s",
    "cup-xmpp-s2s-ecdsa",
    "capf",
    "callmanager",
    "callmanager-ecdsa",
    "tvs",
    "itlrecovery",
    "trust",
)
SHARED = ("tomcat", "callmanager", "tvs", "cup-xmpp")


def _stage(directory: Path, release: str, transport: str) -> Inside:
    scenario = cluster(RELEASES[release], presence=1, mixed_mode=transport == "REST", expired_trust=1)
    return Inside(directory, scenario, settings='use_rest = "never"' if transport == "SSH" else "")


def _run(stage: Inside, words: str, tell: Callable[[str, str], None]) -> str:
    """An empty string, or what went wrong."""
    began = time.monotonic()
    renewal = stage.renew(words)
    seen = stage.state()
    wrong = [f"{renewal.state}: {renewal.reason}"] if renewal.state is not State.SUCCEEDED else []
    wrong += [f"stranded {seen['stranded']}"] if seen["stranded"] else []
    wrong += [f"rules broken {seen['violations']}"] if seen["violations"] else []
    shared = " (shared)" if "--multi-server" in words else ""
    tell(words.split()[0] + shared, "; ".join(wrong) or f"{len(renewal.steps)}, {time.monotonic() - began:.0f} s")
    return f"{words}: {'; '.join(wrong)}" if wrong else ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("transport", ["SSH", "REST"])
@pytest.mark.parametrize("release", RELEASES)
def test_every_purpose_of_a_release_ends_with_its_proof(
    release: str, transport: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    if transport == "REST" and release == "12.5":
        pytest.skip("release 12.5 has no certificate REST interface")
    stage = _stage(tmp_path, release, transport)

    def tell(purpose: str, outcome: str) -> None:
        record_property("table", (purpose, f"{release} {transport}", outcome))

    try:
        words = [f'{purpose} cluster-a --force "the table"' for purpose in PURPOSES]
        if release == "12.5":
            words.append('capf-subscriber cluster-a --force "the table"')
        if transport == "REST":
            words += [f'{purpose} cluster-a --multi-server --force "the table"' for purpose in SHARED]
        wrong = [found for each in words if (found := _run(stage, each, tell))]
        assert not wrong, "\n".join(wrong)
        assert stage.audit_is_whole()
    finally:
        stage.stop()
