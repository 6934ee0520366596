"""The letter is what it declares: PDF/A's rules on file structure, fonts, colour and metadata, checked one by one.

No validator is at hand, so these follow the clauses of ISO 19005-1, -2 and -3 that concern what the letter contains.
"""

import re
import xml.etree.ElementTree as ET
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageCms
from pypdf import PdfReader
from reportlab.pdfbase.ttfonts import TTFontFile

from firmware_sim.signing import PdfKind, make_pdf, pdfa_part
from firmware_sim.signing.font import vera
from firmware_sim.signing.icc import srgb_profile
from firmware_sim.signing.letter import LEFT, LINES, RIGHT

ARCHIVAL: list[PdfKind] = ["pdfa1", "pdfa2", "pdfa3"]
KINDS: list[PdfKind] = [*ARCHIVAL, "plain"]


def read(kind: PdfKind) -> PdfReader:
    return PdfReader(BytesIO(make_pdf(kind)), strict=True)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_same_each_time(kind: PdfKind) -> None:
    assert make_pdf(kind) == make_pdf(kind)


@pytest.mark.parametrize(("kind", "part"), [("pdfa1", "1B"), ("pdfa2", "2B"), ("pdfa3", "3B"), ("plain", None)])
def test_it_declares_its_part(kind: PdfKind, part: str | None) -> None:
    assert pdfa_part(make_pdf(kind)) == part


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_one_page_of_german(kind: PdfKind) -> None:
    (page,) = read(kind).pages
    text = page.extract_text()
    for words in ("Arztbrief", "Fachärztin für Allgemeinmedizin", "Musterstraße", "37,8 °C", "Grüßen", "frei erfunden"):
        assert words in text


def test_every_line_fits_on_the_page() -> None:
    for size, bold, text in LINES:
        assert LEFT + vera("Bd" if bold else "").width(text, size) < RIGHT


@pytest.mark.parametrize(
    ("kind", "header"), [("pdfa1", b"%PDF-1.4\n"), ("pdfa2", b"%PDF-1.7\n"), ("pdfa3", b"%PDF-1.7\n")]
)
def test_header_and_trailer(kind: PdfKind, header: bytes) -> None:
    pdf = make_pdf(kind)
    assert pdf.startswith(header)
    comment = pdf[len(header) : len(header) + 5]
    assert comment[:1] == b"%"
    assert min(comment[1:]) > 127
    assert pdf.endswith(b"%%EOF\n")
    trailer: Any = read(kind).trailer
    assert len(trailer["/ID"]) == 2
    assert "/Encrypt" not in trailer


@pytest.mark.parametrize("kind", KINDS)
def test_every_offset_and_length_is_exact(kind: PdfKind) -> None:
    pdf = make_pdf(kind)
    table = pdf[int(re.findall(rb"startxref\n(\d+)\n", pdf)[0]) :]
    entries = re.findall(rb"(\d{10}) 00000 n \n", table)
    for number, entry in enumerate(entries, start=1):
        assert pdf[int(entry) :].startswith(b"%d 0 obj\n" % number)
    assert table.startswith(b"xref\n0 %d\n" % (len(entries) + 1))
    streams = re.findall(rb"/Length (\d+)[^>]*>>\nstream\n", pdf)
    for found in re.finditer(rb"/Length (\d+)[^>]*>>\nstream\n", pdf):
        assert pdf[found.end() + int(found[1]) :].startswith(b"\nendstream\nendobj\n")
    assert len(streams) == (3 if kind == "plain" else 5)


@pytest.mark.parametrize("kind", KINDS)
def test_both_fonts_are_embedded_and_their_widths_are_the_programs(kind: PdfKind) -> None:
    fonts: Any = read(kind).pages[0]["/Resources"]["/Font"]  # type: ignore[index]  # pypdf types no path
    assert set(fonts) == {"/F1", "/F2"}
    for reference in fonts.values():
        font = reference.get_object()
        assert (font["/Subtype"], font["/Encoding"]) == ("/TrueType", "/WinAnsiEncoding")
        descriptor = font["/FontDescriptor"].get_object()
        assert descriptor["/Flags"] == 32, "non-symbolic"
        assert descriptor["/FontName"] == font["/BaseFont"]
        program = descriptor["/FontFile2"].get_object()
        face = TTFontFile(BytesIO(program.get_data()))
        assert program["/Length1"] == len(program.get_data())
        assert "/" + face.name.decode() == font["/BaseFont"]
        for letter in set("".join(text for _, _, text in LINES)):
            (code,) = letter.encode("cp1252")
            assert ord(letter) in face.charToGlyph, "PDF/A forbids .notdef"
            assert abs(font["/Widths"][code - font["/FirstChar"]] - face.charWidths[ord(letter)]) <= 1


@pytest.mark.parametrize("kind", ARCHIVAL)
def test_nothing_forbidden_is_in_it(kind: PdfKind) -> None:
    pdf = make_pdf(kind)
    for word in (b"/SMask", b"/Group", b"/ca ", b"/CA ", b"/JavaScript", b"/AA", b"/OpenAction", b"/LZWDecode", b"/EF"):
        assert word not in pdf
    content = read(kind).pages[0].get_contents()
    assert content is not None
    colours = set(re.findall(rb"(?m)[ \d.]+(g|rg|k|G|RG|K)$", content.get_data()))
    assert colours == {b"g"}, "grey is covered by the sRGB output intent"


@pytest.mark.parametrize("kind", ARCHIVAL)
def test_information_and_xmp_say_the_same(kind: PdfKind) -> None:
    reader = read(kind)
    stream: Any = reader.root_object["/Metadata"]
    assert (stream["/Type"], stream["/Subtype"]) == ("/Metadata", "/XML")
    assert "/Filter" not in stream
    xmp = ET.fromstring(stream.get_data())  # noqa: S314  # our own text
    found = {element.tag.rpartition("}")[2]: "".join(element.itertext()).strip() for element in xmp.iter()}
    said: Any = reader.metadata
    assert found["title"] == said.title == "Arztbrief (Muster)"
    assert found["creator"] == said.author
    assert found["CreatorTool"] == said.creator
    assert found["Producer"] == said.producer
    assert found["CreateDate"] == said.creation_date.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert found["ModifyDate"] == said.modification_date.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.mark.parametrize("kind", ARCHIVAL)
def test_the_output_intent_is_srgb(kind: PdfKind) -> None:
    intents: Any = read(kind).root_object["/OutputIntents"]
    (intent,) = intents
    assert intent["/S"] == "/GTS_PDFA1"
    profile = intent["/DestOutputProfile"].get_object()
    assert profile["/N"] == 3
    assert profile.get_data() == srgb_profile()


def test_the_profile_is_srgb_to_another_colour_engine() -> None:
    ours = ImageCms.ImageCmsProfile(BytesIO(srgb_profile()))
    assert ImageCms.getProfileDescription(ours).strip() == "sRGB IEC61966-2.1"
    picture = Image.new("RGB", (256, 3))
    picture.putdata([(v, 255 - v, (v * 7) % 256) for v in range(256)] * 3)
    converted = ImageCms.profileToProfile(picture, ours, ImageCms.createProfile("sRGB"))
    assert converted is not None
    pairs = zip(picture.tobytes(), converted.tobytes(), strict=True)
    assert max(abs(one - other) for one, other in pairs) <= 2


def test_the_profile_says_its_size() -> None:
    profile = srgb_profile()
    assert int.from_bytes(profile[:4], "big") == len(profile)
    assert profile[36:40] == b"acsp"


def test_a_plain_letter_declares_nothing() -> None:
    assert not {"/Metadata", "/OutputIntents"} & set(read("plain").root_object)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="pdfa1"):
        make_pdf("pdfa9")  # type: ignore[arg-type]  # on purpose
