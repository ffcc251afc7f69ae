"""Faults fire once, where they were aimed, and the journal tells what really happened."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import requests
from lab_cucm_clients import REST, Cli, axl, call, served, until

from certrenew_lab import assumptions
from certrenew_lab.cucm import LabCucm


async def control(lab: LabCucm, path: str, body: dict[str, Any] | None = None) -> Any:
    url = lab.description()["control_url"] + path
    method = "GET" if body is None else "POST"
    answer = await asyncio.to_thread(requests.request, method, url, json=body, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def cut_off(lab: LabCucm, line: str, seconds: float = 20) -> None:
    """Send a command whose connection will be cut."""

    def work() -> None:
        cli = Cli(lab)
        cli.until("admin:")
        try:
            with pytest.raises(EOFError):
                cli.run(line)
        finally:
            cli.close()

    await asyncio.wait_for(asyncio.to_thread(work), seconds)


async def test_the_state_compares_stored_with_served(lab: LabCucm) -> None:
    state = await control(lab, "/state")
    node = state["nodes"]["cucm-sub1"]
    assert node["served"]["sip"]["fingerprint"] == node["stored"]["CallManager"]["fingerprint"]
    assert node["served"]["sip"]["fingerprint"] == await served(lab, "sip", node=1)
    assert node["services"]["Cisco Tftp"] == {"state": "STARTED", "note": ""}
    assert state["registered"] == state["baseline"] == 60
    assert sum(state["registered_per_node"].values()) == 60


async def test_a_connection_dropped_in_a_restart_does_not_stop_the_restart(lab: LabCucm) -> None:
    await control(lab, "/fault", {"kind": "ssh_drop", "node": "cucm-pub", "match": "service restart", "count": 3})
    await cut_off(lab, "utils service restart Cisco Tftp")
    tftp = lab.cluster.publisher.services.services["Cisco Tftp"]
    await until(lambda: tftp.state == "STARTED")
    assert len(lab.cluster.journal.acts("service_restarted", service="Cisco Tftp")) == 1


async def test_a_lost_answer_over_ssh_still_did_the_work(lab: LabCucm) -> None:
    await control(lab, "/fault", {"kind": "ssh_lost_answer", "match": "service restart"})
    await cut_off(lab, "utils service restart Cisco Tftp")
    assert len(lab.cluster.journal.acts("service_restarted", service="Cisco Tftp")) == 1


async def test_a_lost_answer_over_rest_still_did_the_work(lab: LabCucm, tmp_path: Path) -> None:
    await control(lab, "/fault", {"kind": "rest_lost_answer", "match": "POST .*csr"})
    body = {"service": "CallManager", "distribution": "this-server"}
    with pytest.raises(requests.ConnectionError):
        await call(lab, "POST", f"{REST}/csr", tmp=tmp_path, json=body)
    assert len(lab.cluster.journal.acts("csr_generated")) == 1
    assert (await call(lab, "POST", f"{REST}/csr", tmp=tmp_path, json=body)).status_code == 200


async def test_rest_and_axl_can_answer_503_once(lab: LabCucm, tmp_path: Path) -> None:
    await control(lab, "/fault", {"kind": "rest_status", "status": 503})
    assert (await call(lab, "GET", f"{REST}/snapshot/server", tmp=tmp_path)).status_code == 503
    assert (await call(lab, "GET", f"{REST}/snapshot/server", tmp=tmp_path)).status_code == 200
    await control(lab, "/fault", {"kind": "axl_status", "status": 503})
    assert (await axl(lab, "getCCMVersion", tmp=tmp_path)).status_code == 503
    assert (await axl(lab, "getCCMVersion", tmp=tmp_path)).status_code == 200


async def test_an_unreachable_node_comes_back(lab: LabCucm) -> None:
    await control(lab, "/fault", {"kind": "unreachable", "node": "cucm-sub1", "seconds": 60})
    node = lab.cluster.find_node("cucm-sub1")
    assert node
    await until(lambda: node.unreachable)
    for port in ("https", "tftp"):
        with pytest.raises(ConnectionRefusedError):
            await served(lab, port, node=1)
    await until(lambda: not node.unreachable)
    await until(lambda: lab.servers["cucm-sub1"].ssh.listening)
    await asyncio.to_thread(lambda: Cli(lab, 1).close())


async def test_a_second_request_behind_the_back_kills_the_first(lab: LabCucm, tmp_path: Path) -> None:
    body = {"service": "CallManager", "distribution": "this-server"}
    await call(lab, "POST", f"{REST}/csr", tmp=tmp_path, json=body)
    await control(lab, "/fault", {"kind": "csr_overwrite", "node": "cucm-pub", "unit": "CallManager"})
    assert len(lab.cluster.journal.acts("csr_overwritten", via="behind the back")) == 1


async def test_services_and_conditions_can_be_changed(lab: LabCucm) -> None:
    body = {"kind": "service_state", "node": "cucm-sub1", "service": "Cisco Tftp", "state": "STOPPED"}
    await control(lab, "/fault", {**body, "note": "Commanded Out of Service"})
    with pytest.raises(ConnectionRefusedError):
        await served(lab, "tftp", node=1)
    await control(lab, "/fault", {"kind": "condition", "name": "drs_running", "value": True})
    assert lab.cluster.conditions.drs_running


async def test_a_hanging_restart_stays_in_starting(lab: LabCucm) -> None:
    await control(lab, "/fault", {"kind": "restart_hangs", "match": "Tftp"})
    await lab.cluster.publisher.services.start_restart("Cisco Tftp", "test")
    assert lab.cluster.publisher.services.services["Cisco Tftp"].state == "STARTING"
    await lab.cluster.publisher.services.start_restart("Cisco Tftp", "test")
    assert lab.cluster.publisher.services.services["Cisco Tftp"].state == "STARTED"


async def test_phones_may_never_return(lab: LabCucm) -> None:
    await control(lab, "/fault", {"kind": "phones_never_return", "count": 4})
    lab.cluster.fleet.reset(lab.cluster.fleet.phones.values(), "all", "test")
    await until(lambda: len(lab.cluster.fleet.missing()) == 4)
    assert len((await control(lab, "/state"))["stragglers"]) == 4


async def test_an_unknown_fault_is_refused(lab: LabCucm) -> None:
    url = lab.description()["control_url"] + "/fault"
    answer = await asyncio.to_thread(requests.post, url, json={"kind": "earthquake"}, timeout=10)
    assert answer.status_code == 400


async def test_logins_are_journalled(lab: LabCucm) -> None:
    await asyncio.to_thread(lambda: Cli(lab).close())
    journal = await control(lab, "/journal")
    login = next(entry for entry in journal if entry["act"] == "login")
    assert login["detail"] == {"realm": "platform", "account": "labadmin", "ok": True, "locked": False, "via": "ssh"}


async def test_two_labs_run_side_by_side(lab: LabCucm, scenario: Any) -> None:
    async with LabCucm(scenario) as other:
        assert await served(other, "https") != await served(lab, "https")


def test_every_assumption_named_in_the_code_is_in_the_register() -> None:
    import re

    import certrenew_lab.cucm

    folder = Path(certrenew_lab.cucm.__file__).parent.parent
    named = {found for path in folder.rglob("*.py") for found in re.findall(r"ASSUMPTION (A-\d+)", path.read_text())}
    assert named <= {row.id for row in assumptions.REGISTER}
    assert "A-53" in assumptions.as_text()
