"""The contract holds for every purpose that ships with certrenew."""

from typing import Any

import pytest

from certrenew.registry import Plugins
from certrenew.testing.contract import CertificateTypeContract

KINDS = Plugins(()).certificate_types
OF_THEIR_OWN = {"callmanager"} | {name for name, kind in KINDS.items() if kind.self_signed}  # have suites elsewhere
PRESENCE = {name for name in KINDS if name.startswith("cup")}


def _contract(name: str) -> type[CertificateTypeContract]:
    changes: dict[str, Any] = {"kind": KINDS[name]}
    if name in PRESENCE:
        changes["cluster"] = {"presence": 2}
    return type(f"Test{name}", (CertificateTypeContract,), changes)


for _name in KINDS:
    if _name not in OF_THEIR_OWN:
        globals()[f"Test{_name.title().replace('-', '')}"] = _contract(_name)


def test_trust_anchors_exclude_each_other() -> None:
    anchors = {name for name, kind in KINDS.items() if kind.excludes}
    assert anchors == {"callmanager", "callmanager-ecdsa", "tvs", "capf", "itlrecovery"}
    for name in anchors:
        assert set(KINDS[name].excludes) == anchors - {name}


@pytest.mark.parametrize("name", KINDS)
def test_every_runbook_names_its_document(name: str) -> None:
    for runbook in KINDS[name].all_runbooks:
        assert runbook.name
        assert runbook.source
    names = [runbook.name for runbook in KINDS[name].all_runbooks]
    assert len(names) == len(set(names))
