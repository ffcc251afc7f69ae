"""What this program never sends, whoever asks: no setting opens this list.

A few dangerous commands are open in one exact form, spelt out below; every other form of them stays closed.
"""

import re

from certrenew.domain.errors import StepFailed

_DENIED_COMMANDS = (
    "utils system",
    "utils fips",
    "utils remote_account",
    "utils ctl set-cluster",
    "utils ctl reset",
    "utils itl",
    "utils sso",
    "utils disaster_recovery backup",
    "utils disaster_recovery restore",
    "utils service stop",
    "utils service deactivate",
    "set cert regen",
    "set cert delete",
    "set cert bulk",
    "set web-security",
    "set password",
    "set account",
    "set network",
    "delete",
    "file delete",
    "run sql update",
    "run sql delete",
    "run sql insert",
)
_ALLOWED_COMMANDS = (
    "show ",
    "set cli pagination off",
    "set csr gen ",
    "set cert import own ",
    "set cert import trust ",
    "utils service list",
    "utils service restart ",
    "utils ctl update ctlfile",
    "utils dbreplication runtimestate",
    "utils disaster_recovery status ",
    "run sql select ",
)
_ALLOWED_FORMS = tuple(
    re.compile(form)
    for form in (
        # Any other identity certificate would be replaced by a self-signed one, whoever had signed it.
        r"set cert regen (?:ITLRecovery|CAPF)",
        # Only entries of a trust store: a base certificate that is deleted takes its service down.
        r"""set cert delete [A-Za-z][A-Za-z0-9-]*-trust [^\s/\\*?;|&$<>"'`!-][^\s/\\*?;|&$<>"'`!]*\.(?:pem|der)""",
        r"utils disaster_recovery backup network [A-Za-z_]+(?:,[A-Za-z_]+)* [\w.][\w.-]*",
        r"utils disaster_recovery history backup",
        r"utils sso status",
        r"utils (?:itl|ctl) reset localkey",
    )
)
_DENIED_OPERATIONS = ("doenterpriseparametersreset", "doserviceparametersreset", "resetenterpriseparameters")
_ALLOWED_OPERATIONS = frozenset(
    {
        "getCCMVersion",
        "getServiceParameter",
        "listServiceParameter",
        "executeSQLQuery",
        "listPhone",
        "listProcessNode",
        "resetDevicePool",
        "resetPhone",
        "selectCmDeviceExt",
        "perfmonCollectCounterData",
        "soapGetServiceStatus",
    }
)


def command_allowed(command: str) -> str:
    """Return `command` unchanged, or raise StepFailed before anything is sent."""
    single = re.sub(r"\s+", " ", command).strip()
    plain = single.lower()
    if any(ord(sign) < 32 or ord(sign) == 127 for sign in command):
        raise StepFailed(f"Refused to send a command with control characters: {plain!r}. Nothing was sent.")
    if any(form.fullmatch(single) for form in _ALLOWED_FORMS):
        return command
    if any(plain == denied or plain.startswith(denied + " ") for denied in _DENIED_COMMANDS):
        raise StepFailed(f"Refused to send {plain!r}: this program never runs it. Nothing was sent; do it by hand.")
    if not any((plain + " ").startswith(allowed) for allowed in _ALLOWED_COMMANDS):
        raise StepFailed(f"Refused to send {plain!r}: it is not a command this program needs. Nothing was sent.")
    return command


def operation_allowed(operation: str) -> str:
    """Return the SOAP operation unchanged, or raise StepFailed before anything is sent."""
    if operation.lower() in _DENIED_OPERATIONS or operation not in _ALLOWED_OPERATIONS:
        raise StepFailed(f"Refused to call {operation}: this program never calls it. Nothing was sent.")
    return operation
