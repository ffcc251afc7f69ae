"""The unused CAPF certificates of subscribers: regenerated where they exist, refused where they do not."""

import pytest

from certrenew.certificates import Options
from certrenew.domain.errors import PlanRefused
from certrenew.domain.model import SecurityMode, Snapshot
from certrenew.testing.contract import CertificateTypeContract
from certrenew_plugins.capf_subscriber import CAPF_SUBSCRIBER


class TestCapfOfSubscribers(CertificateTypeContract):
    kind = CAPF_SUBSCRIBER
    cluster = {"nodes": ("cucm-pub", "cucm-sub1", "cucm-sub2"), "version": "12.5.1.18900-40"}


class TestNewer(TestCapfOfSubscribers):
    __test__ = False
    cluster = {"version": "14.0.1.12900-161"}


def snapshot() -> Snapshot:
    return TestCapfOfSubscribers().snapshot(SecurityMode.NON_SECURE)


def test_nothing_restarts_and_no_phone_is_reset() -> None:
    changing = [step.kind for step in CAPF_SUBSCRIBER.plan(snapshot(), Options()).steps if step.risk != "read"]
    assert changing == ["regenerate_certificate", "regenerate_certificate"]


def test_since_release_14_there_is_nothing_to_regenerate() -> None:
    with pytest.raises(PlanRefused, match="CAPF of a subscriber exists only before release 14, and every node"):
        CAPF_SUBSCRIBER.plan(TestNewer().snapshot(SecurityMode.NON_SECURE), Options())


def test_only_what_is_due_is_regenerated() -> None:
    long_before = Options(as_of="2000-01-01")
    with pytest.raises(PlanRefused, match="is not due"):
        CAPF_SUBSCRIBER.plan(snapshot(), long_before)


def test_the_publisher_is_never_regenerated() -> None:
    with pytest.raises(PlanRefused, match="not on cucm-pub"):
        CAPF_SUBSCRIBER.plan(snapshot(), Options(nodes=("cucm-pub",)))
