"""SOAP 1.1 envelopes: reading requests by local name, writing answers and faults."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass
from xml.sax.saxutils import escape

from aiohttp import web

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


class MalformedXml(Exception):
    """The request is not an envelope."""


@dataclass(frozen=True)
class Call:
    """One operation: its local name, its namespace and its element."""

    operation: str
    namespace: str
    element: ET.Element

    def texts(self, name: str) -> list[str]:
        """The texts of every descendant with this local name."""
        return [(found.text or "").strip() for found in self.element.iter() if local(found) == name]

    def text(self, name: str, default: str = "") -> str:
        """The text of the first such descendant."""
        found = self.texts(name)
        return found[0] if found else default

    def has(self, name: str) -> bool:
        """Whether such a descendant exists, empty or not."""
        return any(local(found) == name for found in self.element.iter())

    def inside(self, name: str) -> list[str]:
        """The local names of the children of the first such descendant."""
        for found in self.element.iter():
            if local(found) == name:
                return [local(child) for child in found]
        return []


def local(element: ET.Element) -> str:
    """The tag without its namespace."""
    return element.tag.rpartition("}")[2]


def read_call(content: bytes) -> Call:
    """The operation in an envelope; MalformedXml when there is none."""
    try:
        envelope = ET.fromstring(content)
    except ET.ParseError as problem:
        raise MalformedXml(str(problem)) from problem
    body = next((child for child in envelope if local(child) == "Body"), None)
    if local(envelope) != "Envelope" or body is None or len(body) == 0:
        raise MalformedXml("no SOAP body")
    element = body[0]
    namespace = element.tag[1:].partition("}")[0] if element.tag.startswith("{") else ""
    return Call(local(element), namespace, element)


def tag(name: str, value: object = "", prefix: str = "", attributes: str = "") -> str:
    """One leaf element with escaped text."""
    full = f"{prefix}{name}"
    space = f" {attributes}" if attributes else ""
    return f"<{full}{space}>{escape(str(value))}</{full}>"


def answer(body: str, charset: str = "UTF-8", tail: str = "", declaration: bool = True) -> web.Response:
    """A 200 with an envelope around the body."""
    head = f'<?xml version="1.0" encoding="{charset}"?>' if declaration else ""
    text = (
        f'{head}<soapenv:Envelope xmlns:soapenv="{ENVELOPE}"><soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>'
        f"{tail}"
    )
    return web.Response(
        body=text.encode(charset, "xmlcharrefreplace"), headers={"Content-Type": f"text/xml;charset={charset}"}
    )


def fault(code: str, text: str, detail: str = "", namespaces: str = "") -> web.Response:
    """A 500 with a SOAP fault; faults close the connection."""
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}"{namespaces}>'
        f"<soapenv:Body><soapenv:Fault><faultcode>{code}</faultcode><faultstring>{escape(text)}</faultstring>"
        f"<detail>{detail}</detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )
    response = web.Response(
        status=500, body=body.encode(), headers={"Content-Type": "text/xml;charset=UTF-8", "Connection": "close"}
    )
    response.force_close()
    return response
