"""Recognise why CUCM refused a certificate, in its many wordings, and say what a person can do about it."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """A family of messages with its likely cause and the way out."""

    pattern: re.Pattern[str]
    cause: str
    remedy: str


def _refusal(pattern: str, cause: str, remedy: str, codes: str = "") -> Refusal:
    """`codes` are those of Cisco's own certificate automation for hosted clusters, joined by "|"."""
    numbered = rf"|(?:HCS|code|error)\W{{0,4}}(?:{codes})\b" if codes else ""
    return Refusal(re.compile(pattern + numbered, re.IGNORECASE | re.DOTALL), cause, remedy)


NO_CHAIN = _refusal(
    r"CA\s+certificate\s+is\s+not\s+available|error\s+in\s+CA\s+certificate|not\s+available\s+in\s+the\s+trust"
    r"|CA\s+(?:certificate\s+)?(?:is\s+)?not\s+(?:found\s+)?in\s+(?:the\s+)?trust|find\s+(?:the\s+)?issuer",
    "the root or an intermediate of the certificate is missing in the trust store of this purpose",
    "upload the whole chain to that trust store first, then the certificate again",
    "1018|1019",
)
NO_REQUEST = _refusal(
    r"\.csr\s+(?:does\s+not|doesn.t)\s+exist|CSR\s+(?:does\s+not|doesn.t)\s+exist|no\s+(?:pending\s+)?CSR",
    "no signing request is waiting for this purpose on this node: it was used up, replaced, or made elsewhere",
    "make a new signing request and have it signed again",
    "1017|1023",
)
NO_OR_OTHER_REQUEST = _refusal(
    r"\.(?:der|pem)\s+could\s+not\s+be\s+uploaded",
    "no signing request is waiting for this purpose on this node, or the certificate was issued for another key",
    "compare its key with the request that waits; if they differ or none waits, make a new signing request",
)
WRONG_KEY = _refusal(
    r"CSR\s+public\s+key\s+and\s+certificate\s+public\s+key|public\s+key.{0,40}(?:do\s+not|does\s+not|doesn.t)\s+match"
    r"|does\s+not\s+match\s+the\s+(?:pending\s+)?CSR|public[\s-]*key\s+mismatch",
    "the certificate was issued for another key: another node's, or a request that was replaced meanwhile",
    "have the request that is waiting now signed, and upload that certificate",
    "1015",
)
WRONG_NAMES = _refusal(
    r"CSR\s+(?:SAN|Subject\s+Alternate?(?:ive)?\s+Names?(?:\s*\(SAN\))?)\s+and\s+certificate\s+SAN|SAN.{0,30}(?:do|does)(?:\s+not|n't)\s+match"
    r"|SAN\s+mismatch",
    "the authority added or removed names compared with the request",
    "have it issued again with exactly the names of the request",
    "1016",
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
    r"error\s+(?:occurred\s+while\s+)?reading\s+the\s+certificate|not\s+(?:in\s+)?PEM|invalid\s+(?:certificate\s+)?file|invalid\s+certificate(?!\s+type)|unable\s+to\s+parse|malformed",
    "CUCM could not read it as one PEM certificate",
    "check that the authority sent a single base64 certificate and no bundle",
    "1020|1021|1022",
)
SAME_NAME = _refusal(
    r"same\s+(?:subject\s+|common\s+)?name|already\s+(?:exists?|present)|later\s+(?:start|validity)|duplicate",
    "the trust store keeps a certificate of the same name, and replaces it only by one that starts later",
    "look which one the store holds; if it is the older one, delete it by hand, then upload again",
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

NO_SUCH_PURPOSE = _refusal(
    r"invalid\s+certificate\s+type|(?:cannot|can\s*not|could\s+not|unable\s+to|failed\s+to)\s+generate\s+(?:a\s+|the\s+)?CSR",
    "this node does not make or take certificates of this purpose",
    "compare its list of certificates with the purpose, and the role of the node with where that purpose lives",
    "1014|1025",
)
NOT_CONNECTED = _refusal(
    r"SSH\s+(?:connect|session)|session\s+time\s*-?out|CLI\s+(?:command\s+)?execution|PAWS|ControlCenter|\bRIS\b",
    "one of the node's own interfaces did not answer or refused the account",
    "check the account and that the node's services run; look at what it stores before anything is repeated",
    "1011|1084|1075|1076|1077|1078",
)
INTERNAL = _refusal(
    r"internal\s+(?:server\s+)?error|upload(?:ing)?\s+failed|failed\s+to\s+upload",
    "an error inside CUCM, which mostly means that no signing request is waiting or that it is for another key",
    "look at what the node stores and which request waits before anything is repeated",
    "1026|1027",
)

_ALL = (
    NO_CHAIN,
    WRONG_KEY,
    WRONG_NAMES,
    NO_REQUEST,
    NO_OR_OTHER_REQUEST,
    MULTI_SERVER,
    WILDCARD,
    TOO_LARGE,
    EXPIRED,
    UNREADABLE,
    UPGRADE,
    PRIVILEGE,
    LICENCE,
    NO_SUCH_PURPOSE,
    SAME_NAME,
    NOT_CONNECTED,
    INTERNAL,
)


def explain(said: str) -> str:
    """The likely cause and the way out as a sentence; empty when the message is not a known one."""
    for refusal in _ALL:
        if refusal.pattern.search(said):
            return f"Likely {refusal.cause}; {refusal.remedy}."
    return ""
