"""The adapter against a lab cluster with IM and Presence nodes: what the purposes beside CallManager need."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from certrenew.cucm import CucmClusters, RememberedKeys, check
from certrenew.cucm.node import CucmNode
from certrenew.domain.errors import AccessDenied, StepFailed
from certrenew.domain.model import Member, RequestOptions, Role
from certrenew.testing import hierarchy
from certrenew.x509 import names_of, read_certificate, serial_of

from .lab_cluster import Lab, scenario


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    nodes = (
        scenario.NodeScenario("cucm-pub", "publisher"),
        scenario.NodeScenario("cucm-sub1"),
        scenario.NodeScenario("imp1", "presence-publisher"),
        scenario.NodeScenario("imp2", "presence-subscriber"),
    )
    started = Lab(nodes=nodes, mixed_mode=True)
    yield started
    started.stop()


def test_the_cluster_lists_its_members(lab: Lab) -> None:
    session = lab.session()
    found = session.members()
    assert {member.name.split(".")[0] for member in found} == {"cucm-pub", "cucm-sub1", "imp1", "imp2"}
    by_line: tuple[Member, ...] = session.node("cucm-pub").upkeep.members()
    assert [member.role for member in by_line] == [
        Role.PUBLISHER,
        Role.SUBSCRIBER,
        Role.PRESENCE_PUBLISHER,
        Role.PRESENCE_SUBSCRIBER,
    ]


def test_a_check_of_all_nodes_finds_nothing(lab: Lab) -> None:
    assert check(lab.access()) == ()


@pytest.mark.parametrize("name", ["imp1", "imp2"])
def test_a_presence_node_tells_its_certificates_and_services(lab: Lab, name: str) -> None:
    node = lab.session().node(name)
    assert set(node.identities(("cup", "cup-xmpp", "tomcat", "CallManager"))) == {"cup", "cup-xmpp", "tomcat"}
    assert "Cisco XCP Router" in node.services()
    assert node.registered_phones() == 0
    assert node.running_for("Cisco XCP Router") is not None


@pytest.mark.parametrize("name", ["cucm-pub", "imp1"])
def test_stock_over_both_transports_is_the_same(lab: Lab, name: str) -> None:
    rest, line = (lab.session(use_rest=way).node(name).certificates() for way in ("always", "never"))
    assert rest.problems == line.problems == ()
    assert set(rest.held) == set(line.held)
    assert rest.held


def test_a_shared_request_names_every_server(lab: Lab) -> None:
    csr = lab.session(use_rest="always").node("cucm-pub").generate_csr("tomcat", RequestOptions(multi_server=True))
    named = {name.removeprefix("DNS:").split(".")[0] for name in names_of(csr)}
    assert {"cucm-pub", "cucm-sub1", "imp1", "imp2"} <= named


@pytest.mark.parametrize("options", [RequestOptions(key_length=384, hash_algorithm="sha384"), RequestOptions()])
def test_an_elliptic_request_is_made(lab: Lab, options: RequestOptions) -> None:
    assert lab.session(use_rest="always").node("cucm-sub1").generate_csr("CallManager-ECDSA", options)


def test_a_request_may_name_the_organizational_unit(lab: Lab) -> None:
    node = lab.session().node("cucm-sub1")
    assert node.generate_csr("TVS", RequestOptions(organizational_unit=True))


def test_a_trust_certificate_is_deleted_and_those_of_nodes_stay(lab: Lab, certificate_of) -> None:
    node = lab.session().node("cucm-sub1")
    node.upload_trust("tomcat", certificate_of("Spare Root")[0])
    (spare,) = [one for one in node.trust_files("tomcat") if "Spare" in one.file]
    assert spare.certificate.subject == "CN=Spare Root"
    node.delete_trust("tomcat", spare.file)
    assert spare.file not in [one.file for one in node.trust_files("tomcat")]
    own = [one.file for one in node.trust_files("ipsec") if one.file.startswith("cucm-sub1")]
    assert own
    for file in own:
        with pytest.raises(StepFailed, match="must stay"):
            node.delete_trust("ipsec", file)


def test_the_trust_lists_verify_and_name_what_is_stored(lab: Lab) -> None:
    node = lab.session().node("cucm-pub")
    assert node.trust_list_problems() == ()
    signers = {serial_of(node.identity(purpose)) for purpose in ("ITLRecovery", "CallManager")}
    assert node.trust_list_signer("ITL") in signers  # the second one after a reset of the local key
    assert {
        serial_of(node.identity(purpose)) for purpose in ("CallManager", "ITLRecovery", "TVS")
    } <= node.itl_serials()


def test_the_recovery_certificate_is_regenerated_and_the_files_signed_anew(lab: Lab) -> None:
    node = lab.session().node("cucm-pub")
    before = read_certificate(node.identity("ITLRecovery"))
    node.regenerate("ITLRecovery")
    after = read_certificate(node.identity("ITLRecovery"))
    assert after.serial != before.serial
    node.reset_itl_key()
    node.reset_ctl_key()
    assert after.serial in node.itl_serials() | node.ctl_serials()
    node.update_ctl()
    with pytest.raises(StepFailed):
        lab.session().node("cucm-sub1").reset_itl_key()


def test_single_sign_on_is_off(lab: Lab) -> None:
    assert lab.session().node("cucm-pub").single_sign_on() is False


def test_a_backup_runs_and_is_in_the_history(lab: Lab) -> None:
    node = lab.session().node("cucm-pub")
    before = node.backup_history()
    node.start_backup("nightly", "UCM,CDR_CAR")
    deadline = time.monotonic() + 20
    while node.backup_running():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    after = node.backup_history()
    assert len(after) == len(before) + 1
    assert abs(after[-1] - datetime.now(UTC)) < timedelta(days=1)


@pytest.mark.parametrize("name", ["cucm-pub", "imp1"])
def test_the_rsa_certificate_of_the_web_port_is_told_apart(lab: Lab, name: str) -> None:
    node = lab.session().node(name)
    assert node.served(8443, elliptic=False) == node.identity("tomcat")
    assert node.served(8443, elliptic=True) in (None, node.identity("tomcat-ECDSA"))


def test_https_works_before_during_and_after_the_nodes_own_certificate_changes(lab: Lab) -> None:
    """The second session is another process: it has the configuration's old pin, and what the first one learned."""
    access, known = lab.access(use_rest="always"), RememberedKeys()
    first = CucmClusters((access,), known).open(access.cluster)
    node = first.node("cucm-sub1")
    root, issuing = hierarchy.signers()
    leaf = hierarchy.issue(node.generate_csr("tomcat"), now=datetime.now(UTC))
    for authority in (root, issuing):
        node.upload_trust("tomcat", authority.pem)
    node.upload_identity("tomcat", leaf, (issuing.pem, root.pem))
    assert node.identity("tomcat") == leaf  # while the old certificate is still served
    node.restart("Cisco Tomcat")
    first.close()
    forgetful, second = (CucmClusters((access,), keys).open(access.cluster) for keys in (None, known))
    until_served(second.node("cucm-sub1"), leaf)
    assert second.node("cucm-sub1").identity("tomcat") == leaf
    with pytest.raises(AccessDenied, match="not trusted"):
        forgetful.node("cucm-sub1").identity("tomcat")
    for session in (forgetful, second):
        session.close()


def until_served(node: CucmNode, leaf: str) -> None:
    deadline = time.monotonic() + 30
    while node.served(8443, elliptic=False) != leaf:
        assert time.monotonic() < deadline
        time.sleep(0.2)
