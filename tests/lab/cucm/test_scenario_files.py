"""A scenario file sets any field of the lab and says what goes wrong; a mistake in it is told in one sentence."""

from __future__ import annotations

import asyncio
import dataclasses
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from lab_cucm_clients import on_cli, until

from certrenew.cli.lab import lab as lab_command
from certrenew_lab import lab as laboratory
from certrenew_lab import scenario_file
from certrenew_lab.cucm import LabCucm
from certrenew_lab.scenario import ClusterScenario
from certrenew_lab.scenario_file import ScenarioError, read

EXAMPLE = Path(__file__).parents[3] / "deploy" / "lab-scenario.toml"


async def test_the_example_is_a_lab_that_starts_and_where_its_faults_happen() -> None:
    scenario = dataclasses.replace(scenario_file.load(EXAMPLE), phones=20, speed=600.0)
    assert [node.name for node in scenario.nodes] == ["cucm-pub", "cucm-sub1", "cucm-sub2"]
    assert scenario.mixed_mode
    assert scenario.phone.lsc_share == 0.2
    assert scenario.restart_seconds["Cisco Tftp"] == 20
    async with LabCucm(scenario) as lab:
        await until(lambda: lab.cluster.journal.acts("backup_started", via="behind the back"))
        await lab.cluster.nodes[2].services.start_restart("Cisco Tftp", "test")
        assert lab.cluster.nodes[2].services.services["Cisco Tftp"].state == "STARTING"
        lab.cluster.journal.record("cucm-sub2", "identity_uploaded", unit="ipsec")
        lab.cluster.journal.record("cucm-sub1", "identity_uploaded", unit="ipsec")
        await until(lambda: lab.cluster.nodes[1].unreachable)
        assert not lab.cluster.nodes[2].unreachable


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ({"phnes": 3}, "unknown key 'phnes'; did you mean 'phones'?"),
        ({"phone": {"straglers": 1}}, "unknown key 'straglers' in [phone]; did you mean 'stragglers'?"),
        ({"nodes": [{"name": "a", "role": "publsher"}]}, "did you mean 'publisher'?"),
        ({"nodes": [{"name": "a"}]}, "must have role = 'publisher'"),
        ({"speed": True}, "speed must be a number"),
        ({"phones": 1.5}, "phones must be a whole number"),
        ({"phone": {"failover": [1]}}, "phone.failover must have 2 values"),
        ({"nodes": "cucm-pub"}, "nodes must be a list"),
        ({"faults": [{"kind": "restart_hang"}]}, "did you mean 'restart_hangs'?"),
        ({"faults": [{"kind": "backup", "featurs": "UCM"}]}, "no key 'featurs'; did you mean 'features'?"),
        ({"faults": [{"kind": "unreachable", "node": "cucm-sub9"}]}, "did you mean 'cucm-sub"),
        ({"faults": [{"kind": "condition", "name": "drs"}]}, "unknown condition 'drs'"),
        ({"faults": [{"kind": "backup", "after_seconds": 1, "at_act": "login"}]}, "give one of them"),
    ],
)
def test_a_mistake_is_told_in_one_sentence(document: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScenarioError) as told:
        read(document)
    assert sentence in str(told.value)
    assert "\n" not in str(told.value)


def test_an_empty_file_is_the_default_scenario(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("")
    assert scenario_file.load(path) == ClusterScenario()


def test_the_command_names_the_file_that_cannot_be_used(tmp_path: Path) -> None:
    for text in ("phones = ", "phoness = 3"):
        path = tmp_path / "lab.toml"
        path.write_text(text)
        result = CliRunner().invoke(lab_command, ["--scenario", str(path)])
        assert result.exit_code != 0
        assert str(path) in str(result.exception) + result.output
    both = CliRunner().invoke(lab_command, ["--scenario", str(EXAMPLE), "--phones", "3"])
    assert "--phones or --scenario, not both" in str(both.exception) + both.output


async def test_a_person_is_told_how_to_reach_the_lab(tmp_path: Path) -> None:
    told: list[str] = []
    scenario = ClusterScenario(phones=2, nodes=ClusterScenario().nodes[:1])
    serving = asyncio.create_task(laboratory.serve(tmp_path, scenario, announce=told.append))
    try:
        await until(lambda: told)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
    for piece in ("cucm-pub.lab.example", "labadmin / Platform-Lab-1", "certrenew-axl", "POST /fault", "lab.json"):
        assert piece in told[0]


async def test_every_cisco_word_of_the_example_exists(lab: LabCucm) -> None:
    listed = await on_cli(lab, "utils service list")
    for name in scenario_file.load(EXAMPLE).restart_seconds:
        assert name in listed
