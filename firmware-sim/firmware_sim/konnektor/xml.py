"""Namespaces, building and hardened reading of XML.

Names are written with a prefix of `NAMESPACES`, e.g. "CONN:CardHandle"; a name without prefix has no namespace.
"""

from typing import TypeAlias

from lxml import etree

Element: TypeAlias = etree._Element  # lxml exports no public name for the class of its elements

NAMESPACES = {
    "S": "http://schemas.xmlsoap.org/soap/envelope/",
    "CONN": "http://ws.gematik.de/conn/ConnectorCommon/v5.0",
    "CCTX": "http://ws.gematik.de/conn/ConnectorContext/v2.0",
    "CARD": "http://ws.gematik.de/conn/CardService/v8.1",
    "CARDCMN": "http://ws.gematik.de/conn/CardServiceCommon/v2.0",
    "CT": "http://ws.gematik.de/conn/CardTerminalInfo/v8.0",
    "EVT": "http://ws.gematik.de/conn/EventService/v7.2",
    "CERT": "http://ws.gematik.de/conn/CertificateService/v6.0",
    "CERTCMN": "http://ws.gematik.de/conn/CertificateServiceCommon/v2.0",
    "SIG74": "http://ws.gematik.de/conn/SignatureService/v7.4",
    "SIG75": "http://ws.gematik.de/conn/SignatureService/v7.5",
    "CTS": "http://ws.gematik.de/conn/CardTerminalService/v1.1",
    "VSD": "http://ws.gematik.de/conn/vsds/VSDService/v5.2",
    "KVK": "http://ws.gematik.de/conn/vsds/KvkService/v4.0",
    "CRYPT": "http://ws.gematik.de/conn/EncryptionService/v6.1",
    "dss": "urn:oasis:names:tc:dss:1.0:core:schema",
    "vr": "urn:oasis:names:tc:dss-x:1.0:profiles:verificationreport:schema#",
    "sp": "urn:oasis:names:tc:dss-x:1.0:profiles:SignaturePolicy:schema#",
    "GERROR": "http://ws.gematik.de/tel/error/v2.0",
    "SDS": "http://ws.gematik.de/conn/ServiceDirectory/v3.1",
    "SI": "http://ws.gematik.de/conn/ServiceInformation/v2.0",
    "PI": "http://ws.gematik.de/int/version/ProductInformation/v1.1",
}
_PREFIXES = {uri: prefix for prefix, uri in NAMESPACES.items()}


class XmlError(ValueError):
    """Not well-formed, or with a DTD, which no message here may have."""


def expanded(name: str) -> str:
    """A name such as "CONN:CardHandle" as lxml writes it."""
    prefix, _, local = name.rpartition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}" if prefix else local


def short(element: Element) -> str:
    """The name of an element with a known prefix, or in lxml's spelling when the namespace is foreign."""
    name = etree.QName(element)
    prefix = _PREFIXES.get(name.namespace or "")
    return f"{prefix}:{name.localname}" if prefix else str(element.tag)


def element(tag: str, *content: "Element | str | None", **attributes: str) -> Element:
    """Build an element; None among the content is left out, attribute names use _ for a dash."""
    prefix = tag.partition(":")[0]
    made = etree.Element(expanded(tag), nsmap={prefix: NAMESPACES[prefix]})
    for name, value in attributes.items():
        made.set(name.replace("_", "-"), value)
    for part in content:
        if isinstance(part, str):
            made.text = part
        elif part is not None:
            made.append(part)
    return made


def parse(data: bytes) -> Element:
    """Read XML without entities, DTD or network. The caller caps the size. Raises `XmlError`."""
    # Documents to be signed stand in one text node of many MB; the server's size limit is the bound.
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise XmlError(str(error)) from error
    if root.getroottree().docinfo.doctype:
        raise XmlError("a DTD is not allowed")
    return root


def serialise(root: Element) -> bytes:
    """UTF-8 with declaration, namespaces declared once at the top."""
    etree.cleanup_namespaces(root, keep_ns_prefixes=[])
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def child(parent: Element, path: str) -> Element | None:
    """The first element at a path of prefixed names, e.g. "CCTX:Context/CONN:MandantId"."""
    found: Element | None = parent
    for step in path.split("/"):
        found = None if found is None else found.find(expanded(step))
    return found


def text(parent: Element, path: str) -> str:
    """The text at a path without surrounding blanks; empty when it is not there."""
    found = child(parent, path)
    return (found.text or "").strip() if found is not None else ""
