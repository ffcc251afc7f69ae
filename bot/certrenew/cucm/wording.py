"""Recognise why CUCM refused a certificate, in its many wordings, and say what a person can do about it."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """A family of messages with its likely cause and the way out."""

    pattern: re.Pattern[str]
    cause: str
    remedy: str


def _refusal(pattern: str, cause: str, remedy: str) -> Refusal:
    return Refusal(re.compile(pattern, re.IGNORECASE | re.DOTALL), cause, remedy)


NO_CHAIN = _refusal(
    r"CA\s+certificate\s+is\s+not\s+available|error\s+in\s+CA\s+certificate|not\s+available\s+in\s+the\s+trust"
    r"|CA\s+(?:certificate\s+)?(?:is\s+)?not\s+(?:found\s+)?in\s+(?:the\s+)?trust",
    "the root or an intermediate of the certificate is missing in the trust store of this purpose",
    "upload the whole chain to that trust store first, then the certificate again",
)
NO_REQUEST = _refusal(
    r"\.csr\s+does\s+not\s+exist|CSR\s+(?:does\s+not|doesn.t)\s+exist|no\s+(?:pending\s+)?CSR|\.der\s+could\s+not\s+be\s+uploaded",
    "no signing request is waiting for this purpose on this node: it was used up, replaced, or made elsewhere",
    "make a new signing request and have it signed again",
)
WRONG_KEY = _refusal(
    r"CSR\s+public\s+key\s+and\s+certificate\s+public\s+key|public\s+key.{0,40}(?:do\s+not|does\s+not|doesn.t)\s+match"
    r"|does\s+not\s+match\s+the\s+(?:pending\s+)?CSR",
    "the certificate was issued for another key: another node's, or a request that was replaced meanwhile",
    "have the request that is waiting now signed, and upload that certificate",
)
WRONG_NAMES = _refusal(
    r"CSR\s+(?:SAN|Subject\s+Alternate?(?:ive)?\s+Names?(?:\s*\(SAN\))?)\s+and\s+certificate\s+SAN|SAN.{0,30}(?:do|does)(?:\s+not|n't)\s+match",
    "the authority added or removed names compared with the request",
    "have it issued again with exactly the names of the request",
)
MULTI_SERVER = _refusal(
    r"multi-?\s*(?:server\s*)?SAN|multi-?server",
    "this release takes multi-server certificates only over REST or the web page, not over the command line",
    "use REST for this node (it needs release 14 or later), or upload it on the web page",
)
EXPIRED = _refusal(
    r"expired|not\s+yet\s+valid|validity|not\s+valid\s+(?:before|after|yet)",
    "the certificate is outside its validity, judged by the node's clock",
    "check the node's clock and the certificate's dates, then have a new one issued",
)
UNREADABLE = _refusal(
    r"error\s+(?:occurred\s+while\s+)?reading\s+the\s+certificate|not\s+in\s+PEM\s+format|invalid\s+certificate(?:\s+file)?|unable\s+to\s+parse|malformed",
    "CUCM could not read it as one PEM certificate",
    "check that the authority sent a single base64 certificate and no bundle",
)
TOO_LARGE = _refusal(
    r"4096|key\s+(?:size|length)",
    "CUCM takes keys up to 4096 bits",
    "have it issued with a shorter key",
)
WILDCARD = _refusal(r"wild\s*-?card", "CUCM takes no wildcard certificates", "have it issued for the node's own names")
UPGRADE = _refusal(r"upgrade", "an upgrade is in progress on this node", "wait for the upgrade to end, then retry")
PRIVILEGE = _refusal(
    r"privilege|not\s+authorized|permission",
    "the platform account lacks the privilege for it (certificates need level 1)",
    "give the account that level, then retry",
)
LICENCE = _refusal(
    r"export|licen[cs]e|smart",
    "the cluster's Smart Licensing registration does not allow export-controlled functionality",
    "register it with export-controlled functionality allowed, then retry",
)

_ALL = (
    NO_CHAIN,
    WRONG_KEY,
    WRONG_NAMES,
    NO_REQUEST,
    MULTI_SERVER,
    WILDCARD,
    TOO_LARGE,
    EXPIRED,
    UNREADABLE,
    UPGRADE,
    PRIVILEGE,
    LICENCE,
)


def explain(said: str) -> str:
    """The likely cause and the way out as a sentence; empty when the message is not a known one."""
    for refusal in _ALL:
        if refusal.pattern.search(said):
            return f"Likely {refusal.cause}; {refusal.remedy}."
    return ""
