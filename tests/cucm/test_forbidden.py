"""Destructive look-alikes never leave this program."""

import pytest

from certrenew.cucm.forbidden import command_allowed, operation_allowed
from certrenew.domain.errors import StepFailed


@pytest.mark.parametrize(
    "command",
    [
        "utils system restart",
        "utils  system   shutdown",
        "UTILS SYSTEM switch-version",
        " utils system restart",
        "set cert regen tomcat",
        "set  cert regen CallManager",
        "set web-security a b c d",
        "set cert regen tomcat-ECDSA",
        "set cert regen capf",
        "set cert regen CAPF tomcat",
        "set cert regen ITLRecovery\n",
        "set cert delete tomcat tomcat.pem",
        "set cert delete CallManager CallManager.pem",
        "set cert delete tomcat-trust",
        "set cert delete tomcat-trust *",
        "set cert delete tomcat-trust old.pem other.pem",
        "set cert delete tomcat-trust ../tomcat/tomcat.pem",
        "set cert delete tomcat-trust old.pem;utils system restart",
        "set cert delete -trust old.pem",
        "set cert bulk export all",
        "utils ctl reset",
        "utils ctl set-cluster non-secure-mode",
        "utils itl reset remotekey server file",
        "utils sso disable",
        "utils sso enable",
        "utils disaster_recovery backup tape UCM",
        "utils disaster_recovery backup network UCM",
        "utils disaster_recovery backup network UCM device;x",
        "utils disaster_recovery restore network host 2026.tar device",
        "utils disaster_recovery history restore",
        "utils fips enable",
        "utils service stop Cisco Tomcat",
        "run sql update processconfig set paramvalue='1'",
        "show version active\nutils system restart",
        "file delete activelog x",
        "anything else",
        "",
    ],
)
def test_a_dangerous_or_unknown_command_is_refused(command: str) -> None:
    with pytest.raises(StepFailed, match="Nothing was sent"):
        command_allowed(command)


@pytest.mark.parametrize(
    "operation",
    [
        "doEnterpriseParametersReset",
        "doServiceParametersReset",
        "resetEnterpriseParameters",
        "executeSQLUpdate",
        "removePhone",
    ],
)
def test_a_dangerous_or_unknown_operation_is_refused(operation: str) -> None:
    with pytest.raises(StepFailed, match="Nothing was sent"):
        operation_allowed(operation)


@pytest.mark.parametrize(
    "command",
    [
        "set csr gen tomcat",
        "utils service restart Cisco Tomcat",
        "utils ctl update CTLFile",
        "show cert own TVS",
        "set cert regen ITLRecovery",
        "set cert regen CAPF",
        "set cert delete CallManager-trust Old_Root_4f3a.pem",
        "set cert delete cup-xmpp-trust Zürich_CA(2).der",
        "utils itl reset localkey",
        "utils ctl reset localkey",
        "utils sso status",
        "utils disaster_recovery history backup",
        "utils disaster_recovery backup network UCM,CDR_CAR nightly-1",
    ],
)
def test_what_a_renewal_needs_is_allowed(command: str) -> None:
    assert command_allowed(command) == command
