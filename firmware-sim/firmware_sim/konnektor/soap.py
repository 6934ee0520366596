"""SOAP 1.1 envelopes, faults and the Status element."""

import uuid
from datetime import datetime

from lxml import etree

from firmware_sim.konnektor.xml import NAMESPACES, Element, XmlError, element, expanded, parse, serialise
from firmware_sim.world.codes import Code, KonnektorError

PRODUCT = "KartenwartSim"


def read_request(data: bytes) -> Element:
    """The body's root element. Raises `KonnektorError` 4000."""
    try:
        root = parse(data)
    except XmlError as error:
        raise KonnektorError(4000, str(error)) from error
    if root.tag != expanded("S:Envelope"):
        raise KonnektorError(4000, "no SOAP 1.1 envelope")
    body = root.find(expanded("S:Body"))
    payload = [child for child in body if isinstance(child.tag, str)] if body is not None else []
    if len(payload) != 1:
        raise KonnektorError(4000, "the SOAP body needs exactly one element")
    return payload[0]


def envelope(payload: Element) -> bytes:
    """A whole SOAP answer."""
    root = etree.Element(expanded("S:Envelope"), nsmap={"S": NAMESPACES["S"]})
    etree.SubElement(root, expanded("S:Body")).append(payload)
    return serialise(root)


def fault(code: Code, detail: str, now: datetime, *, vendor_trace: bool = False) -> bytes:
    """A SOAP fault with the TelematikError in its detail."""
    payload = element(
        "S:Fault",
        _plain("faultcode", "S:Server"),
        _plain("faultstring", code.text),
        _wrapped("detail", error(code, detail, now, vendor_trace=vendor_trace)),
    )
    return envelope(payload)


def error(code: Code, detail: str, now: datetime, *, vendor_trace: bool = False) -> Element:
    """GERROR:Error; a vendor's own trace may precede, the last one always has the gematik code."""
    traces = [_trace(code, detail)]
    if vendor_trace:
        own = Code(number=90000 + code.number, kind=code.kind, severity=code.severity, text="Interne Ursache")
        traces.insert(0, _trace(own, ""))
    return element(
        "GERROR:Error",
        element("GERROR:MessageID", str(uuid.uuid4())),
        element("GERROR:Timestamp", moment(now)),
        *traces,
    )


def _trace(code: Code, detail: str) -> Element:
    return element(
        "GERROR:Trace",
        element("GERROR:EventID", str(uuid.uuid4())),
        element("GERROR:Instance", PRODUCT),
        element("GERROR:LogReference", ""),
        element("GERROR:CompType", "Konnektor"),
        element("GERROR:Code", str(code.number)),
        element("GERROR:Severity", code.severity),
        element("GERROR:ErrorType", code.kind),
        element("GERROR:ErrorText", code.text),
        element("GERROR:Detail", detail, Encoding="UTF-8") if detail else None,
    )


def status(now: datetime, trouble: KonnektorError | None = None) -> Element:
    """CONN:Status: OK, or Warning with the error that goes with it."""
    if trouble is None:
        return element("CONN:Status", element("CONN:Result", "OK"))
    return element("CONN:Status", element("CONN:Result", "Warning"), error(trouble.code, trouble.detail, now))


def moment(when: datetime) -> str:
    """xs:dateTime with the offset of the Konnektor's local time."""
    return when.isoformat(timespec="milliseconds")


def _plain(tag: str, content: str) -> Element:
    made = etree.Element(tag)
    made.text = content
    return made


def _wrapped(tag: str, content: Element) -> Element:
    made = etree.Element(tag)
    made.append(content)
    return made
