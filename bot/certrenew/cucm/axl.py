"""AXL on the publisher: parameters, phones, resets."""

import re
import time
from collections.abc import Callable, Mapping
from xml.etree.ElementTree import Element

from certrenew.cucm import members, soap
from certrenew.cucm.forbidden import operation_allowed
from certrenew.cucm.https import Https
from certrenew.cucm.parse import mode_of
from certrenew.cucm.soap import Fault, tag
from certrenew.domain.errors import AccessDenied, StepFailed, Unreachable
from certrenew.domain.model import Member, Phone, PhoneInteraction, SecurityMode

_NEEDS = 'the roles "Standard CCM Admin Users" and "Standard AXL API Access"'
_ENTERPRISE = "EnterpriseWideData"
_TRIES = 4


class Axl:
    """Calls to one publisher. A Fault is turned into StepFailed with CUCM's words."""

    def __init__(
        self,
        https: Https,
        version: str,
        wait: float = 5.0,
        sleep: Callable[[float], None] = time.sleep,
        interactions: Mapping[str, PhoneInteraction] | None = None,
    ) -> None:
        self._interactions = interactions or {}
        self._https = https
        self._version = version
        self._wait = wait
        self._sleep = sleep

    def version(self) -> str:
        """The release as AXL tells it: the cheapest call that proves the account."""
        root = self._asked("getCCMVersion", "", "tell its version")
        return next((soap.value(found, "version") for found in soap.each(root, "componentVersion")), "")

    def security_mode(self) -> SecurityMode:
        """From the parameter, else by SQL; raises StepFailed when neither tells."""
        query = (
            tag("processNodeName", _ENTERPRISE) + tag("name", "ClusterSecurityMode") + tag("service", "Enterprise Wide")
        )
        said = ""
        try:
            root = self._call("getServiceParameter", query)
            for found in soap.each(root, "serviceParameter"):
                mode = mode_of(soap.value(found, "value"))
                if mode is not None:
                    return mode
        except Fault as fault:
            said = fault.text
        sql = "select paramname,paramvalue from processconfig where paramname='ClusterSecurityMode'"
        root = self._asked("executeSQLQuery", tag("sql", sql), "tell the security mode")
        for row in soap.each(root, "row"):
            mode = mode_of(soap.value(row, "paramvalue"))
            if mode is not None:
                return mode
        raise StepFailed(f"{self._https.where} did not tell the security mode. {said}".strip())

    def phone_interaction(self) -> PhoneInteraction:
        """ "Phone Interaction on Certificate Update", whose internal name is not published: found by its words."""
        criteria = tag("processNodeName", _ENTERPRISE) + tag("service", "Enterprise Wide")
        body = f"<searchCriteria>{criteria}</searchCriteria><returnedTags><name/><value/></returnedTags>"
        try:
            root = self._call("listServiceParameter", body)
        except Fault:
            return PhoneInteraction.UNKNOWN
        for found in soap.each(root, "serviceParameter"):
            if _is_phone_interaction(soap.value(found, "name")):
                setting = soap.value(found, "value")
                return self._interactions.get(setting) or _interaction(setting)
        return PhoneInteraction.UNKNOWN

    def phones(self) -> tuple[Phone, ...]:
        """Every configured phone. Paging is not to be trusted: a page that brings nothing new is the last."""
        found: dict[str, Phone] = {}
        size, skip = 1000, 0
        while True:
            body = (
                "<searchCriteria><name>%</name></searchCriteria><returnedTags><name/><devicePoolName/></returnedTags>"
                f"<skip>{skip}</skip><first>{size}</first>"
            )
            try:
                root = self._call("listPhone", body)
            except Fault as fault:
                fewer = re.search(r"suggest\w*\s+row\s+fetch\s*:?\s*less\s+than\s+(\d+)", fault.text, re.IGNORECASE)
                if fewer and 1 < int(fewer[1]) <= size:
                    size = int(fewer[1]) - 1
                    continue
                raise soap.failed(fault, self._https.where, "list its phones") from None
            page = [
                Phone(soap.value(phone, "name"), soap.value(phone, "devicePoolName"))
                for phone in soap.each(root, "phone")
            ]
            fresh = [phone for phone in page if phone.name and phone.name not in found]
            found.update((phone.name, phone) for phone in fresh)
            if not fresh or len(page) < size:
                return tuple(found.values())
            skip += len(page)

    def members(self) -> tuple[Member, ...]:
        """Every server of the cluster, under the name that its database has for it."""
        names = "<name/><nodeUsage/><processNodeRole/>"
        body = f"<searchCriteria><name>%</name></searchCriteria><returnedTags>{names}</returnedTags>"
        return members.from_axl(self._asked("listProcessNode", body, "list its servers"))

    def reset_device_pool(self, name: str) -> None:
        self._asked("resetDevicePool", tag("name", name), f"reset the device pool {name!r}", changes=True)

    def reset_phone(self, name: str) -> None:
        self._asked("resetPhone", tag("name", name), f"reset the phone {name!r}", changes=True)

    # ---- transport ----------------------------------------------------------------------------------------------

    def _asked(self, operation: str, body: str, what: str, *, changes: bool = False) -> Element:
        try:
            return self._call(operation, body, changes=changes)
        except Fault as fault:
            failure = soap.failed(fault, self._https.where, what)
        raise failure

    def _call(self, operation: str, body: str, *, changes: bool = False) -> Element:
        operation_allowed(operation)
        for attempt in range(1, _TRIES + 1):
            try:
                return self._once(operation, body, changes)
            except Fault as fault:
                version = _supported(fault.text, self._version)
                if version is not None:
                    self._version = version
                elif "memory allocation" not in fault.text.lower() or attempt == _TRIES:
                    raise
                else:
                    self._sleep(self._wait)
            except _Throttled:
                self._sleep(self._wait)
        raise Unreachable(
            f"{self._https.where} is too busy: it answered 503 {_TRIES} times. Nothing was changed; retry later."
        )

    def _once(self, operation: str, body: str, changes: bool) -> Element:
        request = soap.envelope(
            f"http://www.cisco.com/AXL/API/{self._version}", f"<ns0:{operation}>{body}</ns0:{operation}>"
        )
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "Accept": "text/xml",
            "SOAPAction": f'"CUCM:DB ver={self._version} {operation}"',
        }
        answer = None
        if self._https.has_cookie:
            answer = self._https.send_with_cookie("POST", "/axl/", body=request, headers=headers, changes=changes)
            if answer.status_code in (401, 404):  # the cookie is too old: 404 is how AXL says so
                self._https.forget_cookies()
                answer = None
        if answer is None:
            answer = self._https.send("POST", "/axl/", body=request, headers=headers, changes=changes)
        if answer.status_code == 503:
            raise _Throttled
        if answer.status_code == 403:
            raise AccessDenied(
                f"{self._https.where} answered 403: the application account lacks {_NEEDS}. Nothing was changed; give "
                "it these roles, then retry."
            )
        return soap.read(answer, self._https.where, _NEEDS)


class _Throttled(Exception):
    """AXL asked to come back in several seconds."""


def _supported(text: str, used: str) -> str | None:
    """Another version to speak, when the fault says that ours is not spoken."""
    if not re.search(r"incorrect\s+axl\s+version", text, re.IGNORECASE):
        return None
    others = [found for found in re.findall(r"\d+\.\d+", text) if found != used]

    def number(version: str) -> tuple[int, int]:
        major, minor = version.split(".")
        return int(major), int(minor)

    older = (
        [version for version in others if number(version) < number(used)] if re.fullmatch(r"\d+\.\d+", used) else others
    )
    return max(older or others, key=number, default=None)


def _is_phone_interaction(name: str) -> bool:
    plain = re.sub(r"[^a-z]", "", name.lower())
    return (
        "phone" in plain and ("interact" in plain or "cert" in plain) and ("cert" in plain or "phoneinteract" in plain)
    )


def _interaction(setting: str) -> PhoneInteraction:
    plain = setting.lower()
    if "manual" in plain:
        return PhoneInteraction.MANUAL
    if "auto" in plain:
        return PhoneInteraction.AUTOMATIC
    return PhoneInteraction.UNKNOWN
