"""XMP packets (ISO 16684-1), as far as they say which part of PDF/A a document declares (ISO 19005).

They come from documents of anybody; so: no entities, no document type, no network, an own size cap.
"""

import re
from collections.abc import Iterator

from lxml import etree

MAX_XMP_BYTES = 1 << 20

_PDFA_ID = "{http://www.aiim.org/pdfa/ns/id/}"
_PART = re.compile(r"[1-9]")
_CONFORMANCE = re.compile(r"[A-Z]?")


def pdfa_declaration(xmp: bytes) -> str | None:
    """Return part and conformance level such as "1B" or "2U" ("4" for a part without levels).

    None for a packet that declares none, contradicts itself, is larger than MAX_XMP_BYTES or no well-formed XML.
    """
    root = _parse(xmp)
    if root is None:
        return None
    parts, levels = set(_values(root, "part")), set(_values(root, "conformance"))
    if len(parts) != 1 or len(levels) > 1:
        return None
    part, level = parts.pop(), (levels.pop() if levels else "").upper()
    return part + level if _PART.fullmatch(part) and _CONFORMANCE.fullmatch(level) else None


def _parse(xmp: bytes) -> etree._Element | None:
    if len(xmp) > MAX_XMP_BYTES:
        return None
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(xmp, parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    return None if root.getroottree().docinfo.doctype else root


def _values(root: etree._Element, name: str) -> Iterator[str]:
    """Yield every value of a property, written as an element or, in short form, as an attribute."""
    for element in root.iter(etree.Element):
        if element.tag == _PDFA_ID + name:
            yield "".join(element.itertext(etree.Element)).strip()
        if (short := element.get(_PDFA_ID + name)) is not None:
            yield short.strip()
