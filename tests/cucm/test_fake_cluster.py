"""The fake cluster of the test kit loses phones where a real one would, and shares what a real one shares."""

import pytest

from certrenew import x509
from certrenew.certificates import CertificateType, Phones, Restart, Where
from certrenew.domain.errors import StepFailed
from certrenew.domain.model import RequestOptions, SecurityMode, Usages
from certrenew.testing import hierarchy
from certrenew.testing.fakes import FakeCluster, FakeClusterSession


def kind(purpose: str, **changes: object) -> CertificateType:
    settings: dict[str, object] = {
        "name": purpose.lower(),
        "title": purpose,
        "purpose": purpose,
        "where": Where.CUCM,
        "trust": (purpose,),
        "usages": Usages(key=frozenset({"digital_signature"}), extended=frozenset()),
        "ports": (),
        "restarts": (),
        "phones": Phones.RESET_AND_WAIT,
    }
    return CertificateType(**{**settings, **changes})  # type: ignore[arg-type]


def restart(*services: str) -> tuple:
    return tuple(Restart(service) for service in services)


CALLMANAGER = kind("CallManager", in_ctl=True, restarts=restart("Cisco Tftp", "Cisco CallManager"), ports=(5061,))
TVS = kind("TVS", restarts=restart("Cisco Tftp", "Cisco Trust Verification Service"), ports=(2445,))
RECOVERY = kind("ITLRecovery", restarts=restart("Cisco Tftp"), trust=())
TOMCAT = kind(
    "tomcat", where=Where.EVERYWHERE, shared_by=Where.EVERYWHERE, ports=(8443,), restarts=restart("Cisco Tomcat")
)
TOMCAT_EC = kind("tomcat-ECDSA", elliptic=True, ports=(8443,), restarts=restart("Cisco Tomcat"))
CUP = kind("cup", where=Where.PRESENCE, ports=(5062,), restarts=restart("Cisco SIP Proxy"), phones=Phones.UNAFFECTED)


def install(session: FakeClusterSession, name: str, purpose: str, **options: object) -> str:
    node = session.node(name)
    leaf = hierarchy.issue(
        node.generate_csr(purpose, RequestOptions(**options)),  # type: ignore[arg-type]
        now=session._fake.clock.now(),
    )
    chain = [signer.pem for signer in hierarchy.signers()]
    for authority in chain:
        node.upload_trust(purpose, authority)
    node.upload_identity(purpose, leaf, chain)
    return leaf


def renewed(session: FakeClusterSession, purpose: str) -> None:
    for node in session.cluster.nodes:
        install(session, node.name, purpose)


def restarted(session: FakeClusterSession, service: str) -> None:
    for node in session.cluster.nodes:
        session.node(node.name).restart(service)


def lost(fake: FakeCluster) -> int:
    fake.clock.advance(3600)
    return len(fake.phones.phones) - sum(fake.phones.on(node) for node in fake.nodes)


@pytest.mark.parametrize("mode", list(SecurityMode))
def test_phones_are_lost_when_callmanager_and_tvs_change_together(mode: SecurityMode) -> None:
    fake = FakeCluster(CALLMANAGER, TVS, security_mode=mode)
    session = fake.open(fake.cluster)
    renewed(session, "CallManager")
    renewed(session, "TVS")
    if mode is SecurityMode.MIXED:
        session.node("cucm-pub").update_ctl()
    for service in ("Cisco Trust Verification Service", "Cisco Tftp", "Cisco CallManager"):
        restarted(session, service)
    assert lost(fake) == 6


@pytest.mark.parametrize("mode", list(SecurityMode))
@pytest.mark.parametrize("order", [("CallManager", "TVS"), ("TVS", "CallManager")])
def test_phones_come_back_when_they_change_one_after_the_other(mode: SecurityMode, order: tuple[str, str]) -> None:
    fake = FakeCluster(CALLMANAGER, TVS, security_mode=mode)
    session = fake.open(fake.cluster)
    for purpose in order:
        renewed(session, purpose)
        if mode is SecurityMode.MIXED:
            session.node("cucm-pub").update_ctl()
        for service in ("Cisco Trust Verification Service", "Cisco Tftp", "Cisco CallManager"):
            restarted(session, service)
        session.reset_device_pool("Default")
        assert lost(fake) == 0


@pytest.mark.parametrize(("first_reset", "away"), [(True, 0), (False, 6)])
def test_a_new_itl_signer_needs_the_reset_of_the_local_key(first_reset: bool, away: int) -> None:
    fake = FakeCluster(CALLMANAGER, RECOVERY)
    session = fake.open(fake.cluster)
    node = session.node("cucm-pub")
    node.regenerate("ITLRecovery")
    if first_reset:
        node.reset_itl_key()
        session.reset_device_pool("Default")
        assert lost(fake) == 0
    restarted(session, "Cisco Tftp")
    session.reset_device_pool("Default")
    assert lost(fake) == away
    assert x509.serial_of(node.identity("ITLRecovery")) in node.itl_serials()


def test_the_ctl_names_the_new_signer_after_the_update() -> None:
    fake = FakeCluster(CALLMANAGER, RECOVERY, security_mode=SecurityMode.MIXED)
    session = fake.open(fake.cluster)
    node = session.node("cucm-pub")
    node.regenerate("ITLRecovery")
    node.reset_ctl_key()
    session.reset_device_pool("Default")
    node.update_ctl()
    session.reset_device_pool("Default")
    assert lost(fake) == 0
    with pytest.raises(StepFailed):
        session.node("cucm-sub1").reset_ctl_key()


def test_one_shared_certificate_goes_to_every_node_that_it_names() -> None:
    fake = FakeCluster(TOMCAT, presence=2)
    session = fake.open(fake.cluster)
    leaf = install(session, "cucm-pub", "tomcat", multi_server=True)
    assert {node.stored["tomcat"] for node in fake.nodes.values()} == {leaf}
    assert fake.nodes["imp1"].served[8443] != leaf
    session.node("imp1").restart("Cisco Tomcat")
    assert fake.nodes["imp1"].served[8443] == leaf


def test_without_rest_only_plain_requests_are_made() -> None:
    fake = FakeCluster(TOMCAT, rest=False)
    node = fake.open(fake.cluster).node("cucm-pub")
    with pytest.raises(StepFailed, match="REST"):
        node.generate_csr("tomcat", RequestOptions(multi_server=True))
    assert node.generate_csr("tomcat")
    assert len(fake.trouble.acts) == 1


def test_a_port_shows_the_family_that_is_asked_for() -> None:
    fake = FakeCluster(TOMCAT, TOMCAT_EC)
    node = fake.open(fake.cluster).node("cucm-pub")
    assert node.served(8443, elliptic=True) == node.identity("tomcat-ECDSA")
    assert node.served(8443) == node.served(8443, elliptic=False) == node.identity("tomcat")


def test_purposes_live_where_they_are_declared() -> None:
    fake = FakeCluster(CALLMANAGER, CUP, presence=2)
    stored = {name: set(node.stored) for name, node in fake.nodes.items()}
    assert stored == {"cucm-pub": {"CallManager"}, "cucm-sub1": {"CallManager"}, "imp1": {"cup"}, "imp2": {"cup"}}
    assert set(fake.nodes["imp1"].services) == {"Cisco SIP Proxy"}
    assert "Cisco SIP Proxy" not in fake.nodes["cucm-pub"].services
    assert [member.role.presence for member in fake.open(fake.cluster).members()] == [False, False, True, True]


def test_a_trust_certificate_is_deleted_everywhere_but_in_ipsec_trust() -> None:
    fake = FakeCluster(TOMCAT)
    session = fake.open(fake.cluster)
    for name in fake.nodes:
        for store in ("tomcat", "ipsec"):
            session.node(name).upload_trust(store, hierarchy.signers()[0].pem)
    node = session.node("cucm-pub")
    (entry,) = node.trust_files("tomcat")
    node.delete_trust("tomcat", entry.file)
    node.delete_trust("ipsec", entry.file)
    assert session.node("cucm-sub1").trust("tomcat") == ()
    assert len(session.node("cucm-sub1").trust("ipsec")) == 1


def test_a_backup_takes_its_time() -> None:
    fake = FakeCluster(TOMCAT)
    node = fake.open(fake.cluster).node("cucm-pub")
    node.start_backup("nightly", "UCM")
    assert node.backup_running()
    assert node.backup_history() == ()
    fake.clock.advance(61)
    assert not node.backup_running()
    assert node.backup_history() == (fake.backups[0],)
