"""What a PDF declares, and silence from everything that is none or wants to do harm."""

import time
import zlib
from io import BytesIO
from resource import RUSAGE_SELF, getrusage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DecodedStreamObject, NameObject, NumberObject, StreamObject

from firmware_sim.signing import make_pdf
from kartenwart.adapters.signatures import PdfInspector

XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" pdfaid:part="2" pdfaid:conformance="U"/>'
    b"</rdf:RDF></x:xmpmeta>"
)


async def part(data: bytes) -> str | None:
    return await PdfInspector().pdfa_part(data)


def with_metadata(stream: StreamObject | NumberObject, password: str = "") -> bytes:
    writer = PdfWriter(clone_from=PdfReader(BytesIO(make_pdf("plain"))))
    writer.root_object[NameObject("/Metadata")] = writer._add_object(stream)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    target = BytesIO()
    writer.write(target)
    return target.getvalue()


def stream(content: bytes) -> StreamObject:
    made = DecodedStreamObject()
    made.set_data(content)
    return made


def packed(content: bytes) -> StreamObject:
    made = StreamObject()
    made._data = zlib.compress(content)
    made[NameObject("/Filter")] = NameObject("/FlateDecode")
    return made


@pytest.mark.parametrize(("kind", "declared"), [("pdfa1", "1B"), ("pdfa2", "2B"), ("pdfa3", "3B"), ("plain", None)])
async def test_the_declaration_is_read(kind: str, declared: str | None) -> None:
    assert await part(make_pdf(kind)) == declared  # type: ignore[arg-type]


async def test_packed_and_plain_metadata_are_read() -> None:
    assert await part(with_metadata(stream(XMP))) == "2U"
    assert await part(with_metadata(packed(XMP))) == "2U"


async def test_metadata_that_are_none_say_nothing() -> None:
    assert await part(with_metadata(NumberObject(7))) is None
    assert await part(with_metadata(stream(b"no XML at all"))) is None
    assert await part(with_metadata(stream(XMP[:-20]))) is None


async def test_an_encrypted_document_says_nothing() -> None:
    assert await part(with_metadata(stream(XMP), password="secret")) is None


async def test_a_bomb_in_the_metadata_does_no_harm() -> None:
    bomb = with_metadata(packed(bytes(200_000_000)))
    assert len(bomb) < 1_000_000
    start = time.monotonic()
    assert await part(bomb) is None
    assert time.monotonic() - start < 10


async def test_what_is_no_pdf_says_nothing() -> None:
    for data in (b"", b"%PDF-", b"%PDF-1.7\n" + bytes(1000), b"PK\x03\x04", XMP, bytes(2000) + make_pdf("pdfa2")):
        assert await part(data) is None


@given(data=st.data())
@settings(max_examples=80, deadline=None)
def test_no_cut_or_changed_document_is_trouble(data: st.DataObject) -> None:
    import asyncio

    letter = bytearray(make_pdf("pdfa2"))
    if data.draw(st.booleans()):
        del letter[data.draw(st.integers(0, len(letter) - 1)) :]
    for _ in range(data.draw(st.integers(0, 20))):
        if letter:
            letter[data.draw(st.integers(0, len(letter) - 1))] = data.draw(st.integers(0, 255))
    found = asyncio.run(part(bytes(letter)))
    assert found is None or len(found) <= 2


@pytest.mark.parametrize(
    ("data", "root", "alone"),
    [
        (b'<?xml version="1.0"?>\n<a xmlns="urn:x"/>\n', "{urn:x}a", True),
        (b"<!-- before --><a/>", "a", False),
        (b"<a/><?after it?>", "a", False),
    ],
)
async def test_xml_says_its_root_and_what_stands_beside_it(data: bytes, root: str, *, alone: bool) -> None:
    inspector = PdfInspector()
    assert (await inspector.xml_root(data), await inspector.xml_stands_alone(data)) == (root, alone)


@pytest.mark.parametrize("data", [b"", b"text", b"<a>", b"<!DOCTYPE a><a/>"])
async def test_what_is_no_xml_has_no_root(data: bytes) -> None:
    assert await PdfInspector().xml_root(data) is None
    assert not await PdfInspector().xml_canonical(data)


async def test_a_damaged_pdf_of_countless_objects_takes_no_time() -> None:
    objects = b"".join(b"%d 0 obj\n<<>>\nendobj\n" % number for number in range(1, 200_002))
    began = time.perf_counter()
    assert (
        await PdfInspector().pdfa_part(b"%PDF-1.7\n" + objects + b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF") is None
    )
    assert time.perf_counter() - began < 2


async def test_xml_of_countless_elements_takes_no_memory() -> None:
    """Built into a tree, this one would take more than the service may have."""
    many = b"<r>" + b"<a/>" * 6_000_000 + b"</r>"
    before = getrusage(RUSAGE_SELF).ru_maxrss
    assert await PdfInspector().xml_root(many) is None
    assert not await PdfInspector().xml_canonical(many)
    assert getrusage(RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert await PdfInspector().xml_root(b"<r>" + b"<a/>" * 1000 + b"</r>") == "r"


async def test_what_has_no_canonical_form_is_known_before_a_card_signs_it() -> None:
    relative, whole = (b'<a xmlns="%s"/>' % name for name in (b"urn/x", b"urn:x"))
    assert not await PdfInspector().xml_canonical(relative)
    assert await PdfInspector().xml_canonical(whole)
