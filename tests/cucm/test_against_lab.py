"""The adapter against the lab cluster, which was written from the same reference by other hands."""

from collections.abc import Iterator

import pytest

from certrenew.cucm import check
from certrenew.domain.errors import AccessDenied, StepFailed
from certrenew.domain.model import SecurityMode

from .lab_cluster import Lab


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    started = Lab(mixed_mode=True)
    yield started
    started.stop()


@pytest.fixture
def session_with(lab: Lab):
    return lab.session


@pytest.mark.parametrize("use_rest", ["always", "never"])
def test_both_transports_read_the_same_store(session_with, use_rest: str) -> None:
    node, other = session_with(use_rest=use_rest).node("cucm-pub"), session_with().node("cucm-pub")
    purposes = ("tomcat", "CallManager", "CAPF", "TVS", "ipsec")
    assert dict(node.identities(purposes)) == dict(other.identities(purposes))
    assert set(node.identities(purposes)) == set(purposes)
    assert set(node.trust("tomcat")) == set(other.trust("tomcat"))


@pytest.mark.parametrize(("use_rest", "purpose"), [("always", "TVS"), ("never", "ipsec")])
def test_a_request_waits_after_it_was_made(session_with, use_rest: str, purpose: str) -> None:
    node = session_with(use_rest=use_rest).node("cucm-sub1")
    made = node.generate_csr(purpose)
    assert purpose in node.pending_csrs()
    assert node.pending_csr(purpose) == made


@pytest.mark.parametrize("use_rest", ["always", "never"])
def test_a_certificate_for_another_key_is_refused(session_with, certificate_of, use_rest: str) -> None:
    node = session_with(use_rest=use_rest).node("cucm-sub2")
    node.generate_csr("TVS")
    with pytest.raises(StepFailed, match=r"cucm-sub2.*Likely"):
        node.upload_identity("TVS", certificate_of("cucm-sub2.lab.example")[0], ())


@pytest.mark.parametrize("use_rest", ["always", "never"])
def test_trust_is_added_once_and_an_older_namesake_is_named(session_with, certificate_of, use_rest: str) -> None:
    node = session_with(use_rest=use_rest).node("cucm-sub2")
    root = certificate_of(f"Root {use_rest}")[0]
    node.upload_trust("TVS", root)
    node.upload_trust("TVS", root)
    assert root in node.trust("TVS")
    with pytest.raises(StepFailed, match="keeps"):
        node.upload_trust("TVS", certificate_of(f"Root {use_rest}", starts=-9)[0])


def test_services_restart_and_their_time_begins_anew(session_with) -> None:
    node = session_with().node("cucm-sub1")
    assert node.services()["Cisco Tftp"].active
    node.restart("Cisco Tftp")
    running = node.running_for("Cisco Tftp")
    assert running is None or running < 3600
    with pytest.raises(StepFailed, match="exact name"):
        node.restart("Cisco Nonexistent")


def test_the_ctl_file_is_read_and_updated(session_with) -> None:
    node = session_with().node("cucm-pub")
    assert node.ctl_serials()
    node.update_ctl()


def test_the_cluster_tells_its_state(session_with) -> None:
    session = session_with()
    node = session.node("cucm-pub")
    assert node.replication_problems() == ()
    assert node.backup_running() is False
    assert node.version().startswith("15.")
    assert session.security_mode() is SecurityMode.MIXED
    names = [phone.name for phone in session.phones()]
    assert 20 < len(names) <= 30  # the rest are soft phones under other names
    assert session.registrations(names)
    assert node.served(8443) == node.identity("tomcat")
    assert node.registered_phones() >= 0


def test_phones_and_pools_are_reset(session_with) -> None:
    session = session_with()
    phone = session.phones()[0]
    session.reset_phone(phone.name)
    session.reset_device_pool(phone.device_pool)
    with pytest.raises(StepFailed):
        session.reset_phone("SEPFFFFFFFFFFFF")


def test_a_check_of_a_good_access_finds_nothing(lab: Lab) -> None:
    assert check(lab.access()) == ()


def test_a_wrong_password_is_tried_once_in_the_whole_cluster(session_with) -> None:
    session = session_with(password="wrong")
    for name in ("cucm-pub", "cucm-sub1", "cucm-sub2"):
        with pytest.raises(AccessDenied):
            session.node(name).version()
    assert session_with().node("cucm-pub").version()  # not locked
