"""Forty thousand phones cost little, and answers about them have the limits of real ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from lab_cucm_clients import axl, until

from certrenew_lab.cucm import LabCucm
from certrenew_lab.scenario import ClusterScenario, PhoneManners, SshManners

PHONES = 40_000


@pytest.fixture
def scenario() -> ClusterScenario:
    """A full fleet on few nodes, in mixed mode."""
    return ClusterScenario(
        speed=600.0, phones=PHONES, mixed_mode=True, ssh=SshManners(banner_delay=0), phone=PhoneManners(lsc_share=0.5)
    )


async def test_too_large_an_answer_says_how_many_rows_to_fetch(lab: LabCucm, tmp_path: Path) -> None:
    criteria = "<searchCriteria><name>%</name></searchCriteria>"
    answer = await axl(lab, "listPhone", criteria, tmp=tmp_path)
    assert answer.status_code == 500
    assert f"Total rows matched: {PHONES} rows. Suggestive Row Fetch: less than" in answer.text
    page = await axl(lab, "listPhone", f"{criteria}<skip>39500</skip><first>1000</first>", tmp=tmp_path)
    assert page.status_code == 200
    assert page.text.count("<phone ") == 500
    rows = await axl(lab, "executeSQLQuery", "<sql>select skip 10 first 20 name from device</sql>", tmp=tmp_path)
    assert rows.text.count("<row>") == 20


async def test_waiting_for_forty_thousand_phones_costs_little(lab: LabCucm) -> None:
    fleet = lab.cluster.fleet
    for node in lab.cluster.nodes:
        await node.services.force("Cisco CallManager", "STOPPED")
    fleet.reset(fleet.phones.values(), "all", "test")
    deadline = time.monotonic() + 10
    while fleet._plans and time.monotonic() < deadline:
        fleet.settle()
    assert len(fleet.missing()) == PHONES
    began = time.process_time()
    for _ in range(200):
        fleet.settle()
        fleet.registered_per_node()
    assert time.process_time() - began < 0.5


async def test_phones_that_began_to_wait_in_a_short_outage_come_back_after_it(lab: LabCucm) -> None:
    fleet = lab.cluster.fleet
    first = next(phone for phone in fleet.phones.values() if phone.secure)
    boards = [node.services for node in lab.cluster.nodes]
    for _ in range(3):
        for board in boards:
            await board.force("Cisco CallManager", "STOPPED")
        fleet.reset([first], "one", "test")
        await until(lambda: not fleet._plans)
        for board in boards:
            await board.force("Cisco CallManager", "STARTED")
        await until(lambda: not fleet.missing())
