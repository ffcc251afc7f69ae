"""The CallManager plugin fulfils what every certificate type must, on clusters of every shape."""

from dataclasses import replace

from certrenew.certificates import Options
from certrenew.domain.model import PhoneInteraction, SecurityMode
from certrenew.steps import AwaitPhonesAfterUpload, RestartService, UpdateCtl, UploadIdentity
from certrenew.testing.contract import CertificateTypeContract
from certrenew_plugins.callmanager import CALLMANAGER


class TestCallManager(CertificateTypeContract):
    kind = CALLMANAGER


class TestCallManagerWhenUploadsResetPhones(CertificateTypeContract):
    kind = CALLMANAGER
    modes = (SecurityMode.NON_SECURE,)
    cluster = {"nodes": ("cucm-pub",), "phone_interaction": PhoneInteraction.AUTOMATIC}

    def test_the_next_upload_waits_until_the_phones_are_back(self) -> None:
        kinds = [type(step) for step in self.plans()[0].steps]
        assert kinds.index(UploadIdentity) < kinds.index(AwaitPhonesAfterUpload)


def test_the_ctl_is_updated_before_any_service_restarts() -> None:
    contract = TestCallManager()
    plan = CALLMANAGER.plan(contract.snapshot(SecurityMode.MIXED), Options(authority="lab-ca"))
    kinds = [type(step) for step in plan.steps]
    assert kinds.index(UpdateCtl) < kinds.index(RestartService)
    assert kinds.index(UpdateCtl) > max(n for n, kind in enumerate(kinds) if kind is UploadIdentity)


def test_without_mixed_mode_there_is_no_ctl_to_update() -> None:
    plan = CALLMANAGER.plan(TestCallManager().snapshot(SecurityMode.NON_SECURE), Options(authority="lab-ca"))
    assert UpdateCtl not in [type(step) for step in plan.steps]


def test_services_restart_on_the_publisher_first_in_the_order_of_the_runbook() -> None:
    plan = CALLMANAGER.plan(TestCallManager().snapshot(SecurityMode.NON_SECURE), Options(authority="lab-ca"))
    restarts = [(step.service, step.node) for step in plan.steps if isinstance(step, RestartService)]
    order = [restart.service for restart in CALLMANAGER.restarts]
    assert restarts == [(service, node) for service in order for node in ("cucm-pub", "cucm-sub1")]


def test_an_old_release_is_not_said_to_reset_phones_by_a_parameter_that_it_does_not_have() -> None:
    snapshot = TestCallManager().snapshot(SecurityMode.NON_SECURE)
    unread = replace(snapshot, phone_interaction=PhoneInteraction.UNKNOWN)
    old = replace(unread, nodes=tuple(replace(node, version="12.5.1.14900-63") for node in unread.nodes))
    told = [" ".join(CALLMANAGER.plan(seen, Options(authority="lab-ca")).cautions) for seen in (unread, old)]
    assert ["Phone Interaction" in cautions for cautions in told] == [True, False]
