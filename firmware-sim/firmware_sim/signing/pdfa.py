"""Which part of PDF/A a document declares (ISO 19005), from the XMP that its catalog points to."""

import re
from io import BytesIO

from lxml import etree
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.reader import PdfFileReader

_SCHEMA = "{http://www.aiim.org/pdfa/ns/id/}"
_LARGEST_XMP = 1 << 20  # bytes
_HEADER_WITHIN = 1024  # bytes in which readers look for the header


def pdfa_part(pdf: bytes) -> str | None:
    """Part and conformance level such as "1B" or "2U"; None when the PDF declares none. Says nothing of its truth.

    ValueError when the bytes are no readable PDF.
    """
    if b"%PDF-" not in pdf[:_HEADER_WITHIN]:
        raise ValueError("this is no PDF: it has no PDF header; hand in a PDF document")
    try:
        xmp = _declared_xmp(pdf)
    except Exception as error:  # a parser of foreign bytes may raise anything
        raise ValueError(f"this PDF cannot be read ({error}); hand in an intact PDF document") from error
    return _part(xmp) if xmp else None


def _declared_xmp(pdf: bytes) -> bytes | None:
    reader = PdfFileReader(BytesIO(pdf), strict=False)
    if reader.encrypted:
        return None  # PDF/A forbids encryption, whatever the XMP inside may say
    try:
        metadata = reader.root["/Metadata"]
    except KeyError:
        return None
    if not isinstance(metadata, StreamObject):
        return None
    if len(metadata.encoded_data) > _LARGEST_XMP:
        raise ValueError("its metadata is larger than 1 MiB")
    return bytes(metadata.data)


def _part(xmp: bytes) -> str | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xmp, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None  # what no one can read declares nothing
    part, conformance = _property(root, "part"), _property(root, "conformance")
    if not re.fullmatch(r"[1-9]", part):
        return None
    return part + conformance.upper()


def _property(root: etree._Element, name: str) -> str:
    """An XMP property, written as an element or, in short form, as an attribute."""
    for element in root.iter(etree.Element):
        text = element.text if element.tag == _SCHEMA + name else element.get(_SCHEMA + name)
        if text is not None:
            return text.strip()
    return ""
