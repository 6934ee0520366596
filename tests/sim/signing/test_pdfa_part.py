"""What a PDF declares about itself, however it is written, and that nothing makes the question crash."""

import zlib
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader, PdfWriter
from pypdf.generic import NameObject, StreamObject

from firmware_sim.signing import make_pdf, pdfa_part

LETTER = make_pdf("pdfa1")
RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:id="http://www.aiim.org/pdfa/ns/id/"'


def with_xmp(xmp: bytes, *, packed: bool = False) -> bytes:
    """The plain letter with this text as metadata."""
    writer = PdfWriter(clone_from=BytesIO(make_pdf("plain")))
    stream = StreamObject()
    stream.set_data(zlib.compress(xmp) if packed else xmp)
    if packed:
        stream[NameObject("/Filter")] = NameObject("/FlateDecode")
    writer.root_object[NameObject("/Metadata")] = writer._add_object(stream)
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def rdf(properties: str = "", attributes: str = "") -> bytes:
    return f"<rdf:RDF {RDF}><rdf:Description {attributes}>{properties}</rdf:Description></rdf:RDF>".encode()


@pytest.mark.parametrize(
    ("xmp", "part"),
    [
        (rdf("<id:part>2</id:part><id:conformance>U</id:conformance>"), "2U"),
        (rdf(attributes='id:part="1" id:conformance="A"'), "1A"),
        (rdf("<id:conformance> b </id:conformance><id:part> 3 </id:part>"), "3B"),
        (rdf("<id:part>4</id:part>"), "4"),
        (rdf("<id:part>4</id:part><id:conformance>F</id:conformance>"), "4F"),
        (rdf("<!-- --><?x y?><id:part>2</id:part><id:conformance>B</id:conformance>"), "2B"),
        (b"\xef\xbb\xbf" + rdf("<id:part>2</id:part>") + b" \n" * 100, "2"),
        (rdf("<id:part>2</id:part>").decode().encode("utf-16"), "2"),
        (rdf("<id:part>zwei</id:part>"), None),
        (rdf("<id:part></id:part>"), None),
        (rdf("<id:conformance>B</id:conformance>"), None),
        (rdf().replace(b"pdfa/ns/id", b"pdfx/ns/id"), None),
        (rdf("<id:part>2</id:part>").replace(b"pdfa/ns/id", b"pdfx/ns/id"), None),
        (b"<rdf:RDF", None),
        (b"", None),
        (b"\xff\xfe\x00", None),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_every_way_to_declare_it_is_read(xmp: bytes, part: str | None, packed: bool) -> None:
    assert pdfa_part(with_xmp(xmp, packed=packed)) == part


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "2"><!ENTITY c SYSTEM "file:///etc/hostname">]>'
    assert pdfa_part(with_xmp(bomb + rdf("<id:part>&b;</id:part>"))) is None
    assert pdfa_part(with_xmp(bomb + rdf("<id:part>&c;</id:part>"))) is None


def test_metadata_beyond_a_mebibyte_is_refused() -> None:
    with pytest.raises(ValueError, match="1 MiB"):
        pdfa_part(with_xmp(rdf("<id:part>2</id:part>") + b" " * (1 << 20)))


def test_a_packet_that_the_catalog_does_not_point_to_declares_nothing() -> None:
    stray = rdf("<id:part>2</id:part>")
    assert pdfa_part(make_pdf("plain") + b"% " + stray + b"\n") is None


def test_an_encrypted_pdf_is_no_pdfa(encrypted_pdf: bytes) -> None:
    assert PdfReader(BytesIO(encrypted_pdf)).is_encrypted
    assert pdfa_part(encrypted_pdf) is None


@pytest.mark.parametrize("document", [b"", b"PK\x03\x04", b"%PDF", b" " * 2000 + LETTER])
def test_what_is_no_pdf_is_said_so(document: bytes) -> None:
    with pytest.raises(ValueError, match="no PDF"):
        pdfa_part(document)


@pytest.mark.parametrize("length", [9, 500, len(LETTER) // 2])
def test_a_cut_pdf_cannot_be_read(length: int) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        pdfa_part(LETTER[:length])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, len(LETTER) - 1), st.binary(min_size=1, max_size=40)), min_size=1, max_size=8))
def test_a_damaged_pdf_never_crashes_it(damage: list[tuple[int, bytes]]) -> None:
    document = bytearray(LETTER)
    for place, content in damage:
        document[place : place + len(content)] = content
    with suppress(ValueError):
        part = pdfa_part(bytes(document))
        assert part is None or part[0] in "123456789"


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=400))
def test_no_bytes_crash_it(content: bytes) -> None:
    with suppress(ValueError):
        assert pdfa_part(b"%PDF-1.7\n" + content) is None
