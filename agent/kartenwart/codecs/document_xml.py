"""XML documents of anybody that are to be signed: no entities, no document type, no network, an own size cap."""

from lxml import etree

from kartenwart.codecs.malformed import MalformedError, OversizedError
from kartenwart.codecs.soap.xml import Element

MAX_BYTES = 64 * 1024 * 1024
MAX_MARKS = 500_000  # of "<", and of "=": a tree takes thirty times its bytes where they are nothing but small elements


def parse_document(data: bytes, *, max_marks: int = MAX_MARKS) -> Element:
    """Return the root of a document just as it stands: comments and processing instructions are part of it.

    Raises OversizedError or MalformedError; a document type is refused: what it declares would change what is signed.
    """
    if len(data) > MAX_BYTES:
        raise OversizedError(f"an XML document of more than {MAX_BYTES} bytes")
    if max(data.count(b"<"), data.count(b"=")) > max_marks:
        raise OversizedError(f"an XML document of more than {max_marks} tags or attributes")
    parser = etree.XMLParser(resolve_entities=False, load_dtd=False, no_network=True, huge_tree=True)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError):
        # lxml's words quote the document; they must not travel in the chain either.
        raise MalformedError("no well-formed XML") from None
    if root.getroottree().docinfo.doctype:
        raise MalformedError("an XML document with a document type")
    return root


def root_name(data: bytes) -> str | None:
    """Return the name of the root element, "{namespace}name"; None for what `parse_document` refuses."""
    try:
        return str(parse_document(data).tag)
    except MalformedError:
        return None


def stands_alone(data: bytes) -> bool:
    """True for a document that is its root element and nothing beside it, neither comments nor instructions."""
    root = parse_document(data)
    return root.getprevious() is None and root.getnext() is None
