"""What a document says of itself; fulfils the port DocumentInspector."""

import asyncio
from io import BytesIO

_HEADER_WITHIN = 1024  # bytes in which readers look for the header
_MOST_OBJECTS = 200_000  # where its table of objects is damaged, all are read: a full 25 MiB of small ones took 48 s


class PdfInspector:
    """Reads no more of a PDF than leads to its metadata, in a thread."""

    async def pdfa_part(self, data: bytes) -> str | None:
        """Return e.g. "1B" as the XMP of the catalog declares; a declaration is no proof, the Konnektor judges it."""
        return await asyncio.to_thread(_pdfa_part, data)

    async def xml_root(self, data: bytes) -> str | None:
        """Return the root element of an XML document; None for what is none."""
        return await asyncio.to_thread(_xml_root, data)

    async def xml_canonical(self, data: bytes) -> bool:
        """True for an XML document that a signature of XML can be made of."""
        return await asyncio.to_thread(_xml_canonical, data)

    async def xml_stands_alone(self, data: bytes) -> bool:
        """True where nothing stands beside the root element of an XML document that has one."""
        return await asyncio.to_thread(_xml_stands_alone, data)


def _xml_root(data: bytes) -> str | None:
    from kartenwart.codecs.document_xml import root_name  # XML is not what a start waits for

    return root_name(data)


def _xml_canonical(data: bytes) -> bool:
    from kartenwart.codecs.malformed import MalformedError
    from kartenwart.codecs.xmldsig import canonical_document  # XML is not what a start waits for

    try:
        canonical_document(data)
    except MalformedError:
        return False
    return True


def _xml_stands_alone(data: bytes) -> bool:
    from kartenwart.codecs.document_xml import stands_alone  # XML is not what a start waits for

    return stands_alone(data)


def _pdfa_part(data: bytes) -> str | None:
    if b"%PDF-" not in data[:_HEADER_WITHIN] or data.count(b" obj") > _MOST_OBJECTS:
        return None
    try:
        metadata = _metadata(data)
    except Exception:  # noqa: BLE001  # a parser of foreign bytes may raise anything; what no one can read says nothing
        return None
    return _declared(metadata) if metadata else None


def _declared(metadata: bytes) -> str | None:
    from kartenwart.codecs.xmp import pdfa_declaration  # XML is not what a start waits for

    return pdfa_declaration(metadata)


def _metadata(data: bytes) -> bytes | None:
    from pypdf import PdfReader  # not every agent looks into documents
    from pypdf.generic import StreamObject

    reader = PdfReader(BytesIO(data), strict=False)
    if reader.is_encrypted:  # PDF/A forbids it, whatever the metadata say
        return None
    metadata = reader.root_object.get("/Metadata")
    stream = metadata.get_object() if metadata is not None else None
    return stream.get_data() if isinstance(stream, StreamObject) else None  # pypdf caps what unpacking may yield
