"""SOAP envelopes as a node sends them."""

import re

XML = {"Content-Type": "text/xml;charset=UTF-8"}


def body(text: str, headers=XML, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    soap = "http://schemas.xmlsoap.org/soap/envelope/"
    return status, headers, f"<s:Envelope xmlns:s='{soap}'><s:Body>{text}</s:Body></s:Envelope>".encode("iso-8859-1")


def fault(text: str, code: str = "soapenv:Server", detail: str = "") -> tuple[int, dict[str, str], bytes]:
    return body(
        f"<s:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring>{detail}</s:Fault>", status=500
    )


def operation(request) -> str:
    return re.search(rb"<ns0:(\w+)", request.body)[1].decode()
