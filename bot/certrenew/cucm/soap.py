"""Build SOAP 1.1 requests and read the answers by local name, whatever their namespaces, wrappers or encodings."""

import re
from collections.abc import Iterator
from functools import lru_cache
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.sax.saxutils import escape

import requests

from certrenew.cucm.parse import words
from certrenew.domain.errors import AccessDenied, StepFailed, Unreachable

_ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:ns0="{namespace}">'
    "<soapenv:Header/><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
)
_PORTION = 65_536  # characters read at once: 900 phones are a megabyte, and other threads must get their turn


class Fault(Exception):
    """A SOAP fault in the node's own words."""

    def __init__(self, code: str, text: str, axl_code: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.axl_code = axl_code

    @property
    def rate(self) -> bool:
        """Whether too many requests were sent in this minute. The misspelling of "Realtime" is Cisco's."""
        return "ratecontrol" in self.code.lower() or bool(
            re.search(r"exceeded\s+allowed\s+rate", self.text, re.IGNORECASE)
        )


def tag(name: str, value: str) -> str:
    return f"<{name}>{escape(value)}</{name}>"


def envelope(namespace: str, body: str) -> bytes:
    return _ENVELOPE.format(namespace=namespace, body=body).encode()


def local(element: Element) -> str:
    """The element's name without its namespace, in lower case."""
    return _plain(element.tag) if isinstance(element.tag, str) else ""


@lru_cache(maxsize=1024)
def _plain(name: str) -> str:
    return name.rpartition("}")[2].rpartition(":")[2].lower()


def each(element: Element, name: str) -> Iterator[Element]:
    """Every element of that local name beneath `element`, however deep."""
    return (found for found in element.iter() if found is not element and local(found) == name.lower())


def children(element: Element, name: str) -> Iterator[Element]:
    return (found for found in element if local(found) == name.lower())


def value(element: Element, name: str) -> str:
    """The text of the first direct child of that name; empty when there is none."""
    return next(((child.text or "").strip() for child in children(element, name)), "")


def parse(content: bytes, content_type: str) -> Element | None:
    """The envelope in an answer; None when it is not XML. The charset of the header counts, as CUCM omits the other."""
    charset = re.search(r"charset=\"?([\w-]+)", content_type, re.IGNORECASE)
    try:
        text = content.decode(charset[1] if charset else "utf-8")
    except (LookupError, UnicodeDecodeError):
        text = content.decode("iso-8859-1")
    text = re.sub(r"^\s*<\?xml[^>]*\?>", "", text.lstrip("\ufeff"))
    start = text.find("<")
    if start < 0 or re.search(r"<!(?:DOCTYPE|ENTITY)", text[:4096], re.IGNORECASE):
        return None
    parser = XMLParser(target=TreeBuilder())  # noqa: S314 - no document type is let through, so nothing expands
    try:
        for begin in range(start, len(text), _PORTION):
            parser.feed(text[begin : begin + _PORTION])
        return parser.close()
    except ParseError:
        return None


def fault_in(root: Element) -> Fault | None:
    fault = next(each(root, "Fault"), None)
    if fault is None:
        return None
    text = value(fault, "faultstring") or next((("".join(t.itertext())).strip() for t in each(fault, "Text")), "")
    error = next(each(fault, "axlError"), None)
    axl_code = value(error, "axlcode") if error is not None else ""
    message = value(error, "axlmessage") if error is not None else ""
    return Fault(value(fault, "faultcode"), text or message or "no reason given", axl_code)


def read(answer: requests.Response, where: str, needs: str) -> Element:
    """The envelope of a good answer; raises Fault for a fault, or the fitting error of the ports."""
    root = parse(answer.content, answer.headers.get("Content-Type", ""))
    if root is not None and local(root) == "envelope":
        fault = fault_in(root)
        if fault is not None:
            raise fault
        if answer.status_code == 200:
            return root
    match answer.status_code:
        case 403:
            raise AccessDenied(
                f"{where} answered 403: the application account lacks {needs}. Give it that role, then retry."
            )
        case 404 | 502 | 503 | 504:
            raise Unreachable(
                f"{where} answered {answer.status_code}: the service is not there; it starts, is busy or not active. "
                "Nothing was changed; retry later, and check that the service is activated if it stays so."
            )
    said = words(re.sub(r"<(style|script|head)\b.*?</\1>|<[^>]*>", " ", answer.text, flags=re.DOTALL | re.IGNORECASE))
    raise StepFailed(
        f"{where} gave an answer that is not understood: {answer.status_code} {said!r}. Nothing was changed."
    )


def failed(fault: Fault, where: str, what: str) -> StepFailed:
    code = f" (code {fault.axl_code})" if fault.axl_code else ""
    return StepFailed(f"{where} did not {what}. It said: {words(fault.text)!r}{code}. Nothing was changed.")
