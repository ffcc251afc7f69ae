"""AXL, RIS, PerfMon and Control Center answer as published, limits included."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import requests
from lab_cucm_clients import AST, axl, call, soap, until

from certrenew_lab.cucm import LabCucm
from certrenew_lab.scenario import ClusterScenario, SoapManners, SshManners

RIS = "/realtimeservice2/services/RISService70"
PERFMON = "/perfmonservice2/services/PerfmonService"
CCS = "/controlcenterservice2/services/ControlCenterServices"


def select(operation: str, *names: str, state: str = "", maximum: int = 1000) -> str:
    items = "".join(f"<n:item><n:Item>{name}</n:Item></n:item>" for name in names)
    return (
        f'<n:{operation} xmlns:n="{AST}"><n:StateInfo>{state}</n:StateInfo><n:CmSelectionCriteria>'
        f"<n:MaxReturnedDevices>{maximum}</n:MaxReturnedDevices><n:DeviceClass>Phone</n:DeviceClass>"
        "<n:Model>255</n:Model><n:Status>Any</n:Status><n:NodeName></n:NodeName><n:SelectBy>Name</n:SelectBy>"
        f"<n:SelectItems>{items}</n:SelectItems><n:Protocol>Any</n:Protocol>"
        f"<n:DownloadStatus>Any</n:DownloadStatus></n:CmSelectionCriteria></n:{operation}>"
    )


def counters(host: str) -> str:
    return (
        f'<n:perfmonCollectCounterData xmlns:n="{AST}"><n:Host>{host}</n:Host>'
        "<n:Object>Cisco CallManager</n:Object></n:perfmonCollectCounterData>"
    )


def status(*names: str) -> str:
    asked = "".join(f"<n:ServiceStatus>{name}</n:ServiceStatus>" for name in names)
    return f'<n:soapGetServiceStatus xmlns:n="{AST}">{asked}</n:soapGetServiceStatus>'


def control(name: str, node: str = "cucm-pub") -> str:
    return (
        f'<n:soapDoControlServices xmlns:n="{AST}"><n:ControlServiceRequest><n:NodeName>{node}</n:NodeName>'
        f"<n:ControlType>Restart</n:ControlType><n:ServiceList><n:item>{name}</n:item></n:ServiceList>"
        "</n:ControlServiceRequest></n:soapDoControlServices>"
    )


def values(answer: requests.Response, name: str) -> list[str]:
    return re.findall(rf"<(?:\w+:)?{name}(?: [^>]*)?>([^<]*)</", answer.text)


async def test_axl_has_a_page_and_a_session_cookie(lab: LabCucm, tmp_path: Path) -> None:
    page = await call(lab, "GET", "/axl/", tmp=tmp_path, account="application")
    assert "The AXL Web Service is working and accepting requests" in page.text
    cookie = {"JSESSIONIDSSO": page.cookies["JSESSIONIDSSO"]}
    again = await call(lab, "GET", "/axl/", tmp=tmp_path, auth=None, cookies=cookie)
    assert again.status_code == 200
    assert (await call(lab, "POST", "/axl", tmp=tmp_path, account="application")).status_code == 404
    assert (await call(lab, "GET", "/axl/", node=1, tmp=tmp_path, account="application")).status_code == 404


async def test_axl_refuses_the_platform_account(lab: LabCucm, tmp_path: Path) -> None:
    refused = await call(lab, "GET", "/axl/", tmp=tmp_path, account="platform")
    assert refused.status_code == 401
    assert refused.headers["WWW-Authenticate"] == 'Basic realm="Cisco AXL API"'


async def test_axl_faults_have_their_codes(lab: LabCucm, tmp_path: Path) -> None:
    missing = await axl(lab, "resetPhone", "<name>SEP0</name>", tmp=tmp_path)
    assert (missing.status_code, values(missing, "axlcode")) == (500, ["5007"])
    wrong = await axl(lab, "getCCMVersion", tmp=tmp_path, version="8.5")
    assert "Incorrect axl version" in wrong.text
    unknown = await axl(lab, "doDevicePoolReset", tmp=tmp_path)
    assert "axis2ns2:Client" in unknown.text
    assert "The endpoint reference (EPR) for the Operation not found" in unknown.text
    broken = await call(lab, "POST", "/axl/", tmp=tmp_path, account="application", data="<no")
    assert broken.status_code == 599
    bad_sql = await axl(lab, "executeSQLQuery", "<sql>drop table device</sql>", tmp=tmp_path)
    assert values(bad_sql, "axlcode") == ["-201"]


async def test_axl_lists_nodes_parameters_and_phones(lab: LabCucm, tmp_path: Path) -> None:
    nodes = await axl(
        lab,
        "listProcessNode",
        "<searchCriteria><name>%</name></searchCriteria><returnedTags><name/><nodeUsage/></returnedTags>",
        tmp=tmp_path,
    )
    assert values(nodes, "name") == ["EnterpriseWideData", *(node.fqdn for node in lab.cluster.nodes)]
    assert nodes.headers["Content-Type"] == "text/xml;charset=ISO-8859-1"
    assert nodes.text.endswith("<!--This API has been processed by GAXL not AXL-->")
    mode = await axl(
        lab,
        "getServiceParameter",
        "<processNodeName>EnterpriseWideData</processNodeName><name>ClusterSecurityMode</name>"
        "<service>Enterprise Wide</service>",
        tmp=tmp_path,
    )
    assert values(mode, "value") == ["0"]
    sql = "<sql>select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'</sql>"
    assert values(await axl(lab, "executeSQLQuery", sql, tmp=tmp_path), "paramvalue") == ["0"]
    search = "<searchCriteria><name>SEP%</name></searchCriteria><returnedTags><name/></returnedTags>"
    page = await axl(lab, "listPhone", f"{search}<skip>50</skip><first>10</first>", tmp=tmp_path)
    assert len(values(page, "name")) == 4
    seen = await axl(
        lab,
        "listRegistrationDynamic",
        "<searchCriteria><device>SEP%</device></searchCriteria><returnedTags><device/><risStatus/></returnedTags>",
        tmp=tmp_path,
    )
    assert values(seen, "risStatus") == ["Registered"] * 54


async def test_axl_paging_can_be_ignored(tmp_path: Path) -> None:
    manners = SoapManners(paging_ignored=True)
    async with LabCucm(ClusterScenario(phones=20, soap=manners, ssh=SshManners(banner_delay=0))) as lab:
        search = "<searchCriteria><name>%</name></searchCriteria><returnedTags><name/></returnedTags>"
        page = await axl(lab, "listPhone", f"{search}<skip>10</skip><first>5</first>", tmp=tmp_path)
        assert len(values(page, "name")) == 20


async def test_a_device_pool_reset_reaches_only_its_pool(lab: LabCucm, tmp_path: Path) -> None:
    await axl(lab, "resetDevicePool", "<name>Branch-North</name>", tmp=tmp_path)
    missing = lab.cluster.fleet.missing()
    assert {phone.pool for phone in missing} == {"Branch-North"}
    await until(lambda: not lab.cluster.fleet.missing())
    await axl(lab, "doDeviceReset", "<deviceName>SEP00AB00000000</deviceName>", tmp=tmp_path)
    assert [phone.name for phone in lab.cluster.fleet.missing()] == ["SEP00AB00000000"]


async def test_the_look_alikes_wipe_the_parameters_and_leave_a_trap(lab: LabCucm, tmp_path: Path) -> None:
    await axl(lab, "doEnterpriseParametersReset", tmp=tmp_path)
    assert lab.cluster.parameters_wiped
    assert lab.cluster.journal.acts("trap", what="doEnterpriseParametersReset")


async def test_ris_names_the_phones_and_uses_nil_for_nothing(lab: LabCucm, tmp_path: Path) -> None:
    found = await soap(lab, RIS, select("selectCmDeviceExt", "SEP00AB00000000", "SEPFFFFFFFFFFFF"), tmp=tmp_path)
    assert values(found, "TotalDevicesFound") == ["1"]
    assert "<ns1:Status>Registered</ns1:Status><ns1:StatusReason>0</ns1:StatusReason>" in found.text
    nothing = await soap(lab, RIS, select("selectCmDeviceExt", "SEP*"), tmp=tmp_path)
    assert '<ns1:CmNodes xsi:nil="1"/>' in nothing.text
    wild = await soap(lab, RIS, select("selectCmDevice", "SEP*"), tmp=tmp_path)
    assert values(wild, "TotalDevicesFound") == ["54"]
    cut = await soap(lab, RIS, select("selectCmDevice", "*", maximum=10), tmp=tmp_path)
    assert values(cut, "TotalDevicesFound") == ["10"]


async def test_ris_state_info_is_a_change_token(lab: LabCucm, tmp_path: Path) -> None:
    first = await soap(lab, RIS, select("selectCmDevice", "SEP*"), tmp=tmp_path)
    token = re.search(r"<ns1:StateInfo>(.*)</ns1:StateInfo>", first.text)
    assert token
    second = await soap(lab, RIS, select("selectCmDevice", "SEP*", state=token[1]), tmp=tmp_path)
    assert set(values(second, "NoChange")) == {"true"}
    assert "SEP00AB00000000" not in second.text


async def test_ris_lists_a_moved_phone_under_two_nodes(lab: LabCucm, tmp_path: Path) -> None:
    task = lab.cluster.publisher.services.start_restart("Cisco CallManager", "test")
    await until(lambda: lab.cluster.fleet.phones["SEP00AB00000000"].node == "cucm-sub1")
    away = await soap(lab, RIS, select("selectCmDevice", "SEP00AB00000000"), tmp=tmp_path)
    assert "NodeNotResponding" in values(away, "ReturnCode")
    await task
    await until(lambda: lab.cluster.fleet.phones["SEP00AB00000000"].node == "cucm-pub")
    moved = await soap(lab, RIS, select("selectCmDevice", "SEP00AB00000000"), tmp=tmp_path)
    assert values(moved, "TotalDevicesFound") == ["2"]
    latest = await soap(lab, RIS, select("selectCmDeviceExt", "SEP00AB00000000"), tmp=tmp_path)
    assert values(latest, "TotalDevicesFound") == ["1"]


async def test_ris_and_control_center_share_fifteen_requests_a_minute(tmp_path: Path) -> None:
    async with LabCucm(ClusterScenario(phones=4, speed=1, ssh=SshManners(banner_delay=0))) as lab:
        for _ in range(7):
            assert (await soap(lab, RIS, select("selectCmDevice", "*"), tmp=tmp_path)).status_code == 200
            assert (await soap(lab, CCS, status("Cisco Tftp"), tmp=tmp_path, node=1)).status_code == 200
        assert (await soap(lab, RIS, select("selectCmDevice", "*"), tmp=tmp_path)).status_code == 200
        over = await soap(lab, CCS, status("Cisco Tftp"), tmp=tmp_path)
        assert over.status_code == 500
        assert values(over, "faultcode") == ["ns1:Server.RateControl"]
        assert values(over, "faultstring")[0].startswith("Exceeded allowed rate for Reatime information")
        assert (await soap(lab, PERFMON, counters("cucm-pub"), tmp=tmp_path)).status_code == 200


async def test_perfmon_counts_per_node_and_echoes_the_host(lab: LabCucm, tmp_path: Path) -> None:
    total = 0
    for node in lab.cluster.nodes:
        answer = await soap(lab, PERFMON, counters(node.address), tmp=tmp_path)
        named = dict(zip(values(answer, "Name"), values(answer, "Value"), strict=True))
        total += int(named[f"\\\\{node.address}\\Cisco CallManager\\RegisteredHardwarePhones"])
        total += int(named[f"\\\\{node.address}\\Cisco CallManager\\RegisteredOtherStationDevices"])
    assert total == lab.cluster.fleet.baseline == 60


async def test_control_center_answers_before_the_restart_is_done(lab: LabCucm, tmp_path: Path) -> None:
    answer = await soap(lab, CCS, control("Cisco Tftp"), tmp=tmp_path)
    assert values(answer, "ServiceStatus") == ["Stopping"]
    assert values(answer, "UpTime") == ["-1"]
    tftp = lab.cluster.publisher.services.services["Cisco Tftp"]
    await until(lambda: tftp.state == "STARTED")
    settled = await soap(lab, CCS, status("Cisco Tftp"), tmp=tmp_path)
    assert values(settled, "ServiceStatus") == ["Started"]
    assert int(values(settled, "UpTime")[0]) < 5


@pytest.mark.parametrize(
    ("name", "node", "reason"),
    [("Cisco Tomcat", "cucm-pub", "-1045"), ("Cisco TFTP", "cucm-pub", "-1010"), ("Cisco Tftp", "cucm-sub1", "-1012")],
)
async def test_control_center_refuses_with_reason_codes(
    lab: LabCucm, tmp_path: Path, name: str, node: str, reason: str
) -> None:
    answer = await soap(lab, CCS, control(name, node), tmp=tmp_path)
    assert values(answer, "ReasonCode")[0] == reason
    assert not lab.cluster.journal.acts("service_restarted")


async def test_control_center_shows_why_a_service_is_stopped(lab: LabCucm, tmp_path: Path) -> None:
    answer = await soap(lab, CCS, status("Cisco WebDialer Web Service", "Cisco DRF Master"), node=1, tmp=tmp_path)
    assert values(answer, "ReasonCode")[1:] == ["-1068", "-1069"]
    assert values(answer, "ServiceStatus") == ["Stopped", "Stopped"]


async def test_an_idle_session_cookie_expires_as_404_and_an_unknown_one_as_401(lab: LabCucm, tmp_path: Path) -> None:
    page = await call(lab, "GET", "/axl/", tmp=tmp_path, account="application")
    token = page.cookies["JSESSIONIDSSO"]
    username, _ = lab.cluster.publisher.cookies[token]
    lab.cluster.publisher.cookies[token] = (username, lab.cluster.clock.now() - 1801)
    cookie = {"JSESSIONIDSSO": token}
    assert (await call(lab, "GET", "/axl/", tmp=tmp_path, auth=None, cookies=cookie)).status_code == 404
    assert (await call(lab, "GET", "/axl/", tmp=tmp_path, auth=None, cookies=cookie)).status_code == 401
