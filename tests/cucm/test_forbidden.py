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
        "set cert delete tomcat-trust x.pem",
        "utils ctl reset localkey",
        "utils itl reset localkey",
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
    ["set csr gen tomcat", "utils service restart Cisco Tomcat", "utils ctl update CTLFile", "show cert own TVS"],
)
def test_what_a_renewal_needs_is_allowed(command: str) -> None:
    assert command_allowed(command) == command
