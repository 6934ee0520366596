"""A fictional doctor's letter of one page, as PDF/A-1b, -2b, -3b or as a plain PDF."""

import hashlib
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from firmware_sim.signing.font import encode, vera
from firmware_sim.signing.icc import srgb_profile
from firmware_sim.signing.xmp import Particulars

PdfKind = Literal["pdfa1", "pdfa2", "pdfa3", "plain"]

_VERSIONS = {"pdfa1": b"1.4", "pdfa2": b"1.7", "pdfa3": b"1.7", "plain": b"1.7"}
_PARTICULARS = Particulars(
    title="Arztbrief (Muster)",
    author="Praxis am Markt (frei erfunden)",
    tool="kartenwart-sim",
    made=datetime(2026, 1, 2, 8, 30, tzinfo=UTC),
)

LEFT, RIGHT, TOP = 71, 524, 780  # points; the page is A4
# Each line: size in points, whether bold, the text. An empty text is space of that size.
LINES: Sequence[tuple[int, bool, str]] = (
    (16, True, "Praxis am Markt"),
    (9, False, "Dr. med. Anna Beispiel · Fachärztin für Allgemeinmedizin"),
    (9, False, "Musterstraße 1 · 00000 Musterstadt"),
    (26, False, ""),
    (10, False, "Herrn Dr. med. Bernd Beispiel"),
    (10, False, "Facharzt für Innere Medizin"),
    (10, False, "Musterallee 2 · 00000 Musterstadt"),
    (26, False, ""),
    (10, False, "Musterstadt, 2. Januar 2026"),
    (14, False, ""),
    (12, True, "Arztbrief"),
    (10, True, "Patientin: Erika Mustermann-Prüfling, geboren am 1. Januar 1970"),
    (10, False, ""),
    (10, False, "Sehr geehrter Herr Kollege Beispiel,"),
    (10, False, ""),
    (10, False, "wir berichten über die oben genannte Patientin, die sich am 2. Januar 2026 in"),
    (10, False, "unserer Praxis vorstellte."),
    (10, False, ""),
    (10, True, "Diagnose"),
    (10, False, "Akuter Infekt der oberen Atemwege."),
    (10, False, ""),
    (10, True, "Befund"),
    (10, False, "Guter Allgemeinzustand. Rachen gerötet, Lunge beidseits frei, Temperatur 37,8 °C,"),
    (10, False, "Blutdruck 125/80 mmHg, Puls 76 pro Minute."),
    (10, False, ""),
    (10, True, "Empfehlung"),
    (10, False, "Körperliche Schonung, ausreichend trinken, Wiedervorstellung bei Fieber über 39 °C"),
    (10, False, "oder wenn die Beschwerden länger als eine Woche anhalten."),
    (10, False, ""),
    (10, False, "Mit freundlichen kollegialen Grüßen"),
    (26, False, ""),
    (10, False, "Dr. med. Anna Beispiel"),
    (40, False, ""),
    (8, True, "TEST-ONLY: Muster ohne medizinische Bedeutung. Alle Personen und Angaben sind frei erfunden."),
)


def make_pdf(kind: PdfKind) -> bytes:
    """The letter; the same bytes each time. ValueError for a kind that does not exist."""
    if kind not in _VERSIONS:
        raise ValueError(f"there is no kind of PDF {kind!r}; use one of {', '.join(_VERSIONS)}")
    return _file(_VERSIONS[kind], _objects(kind))


def _objects(kind: PdfKind) -> list[bytes]:
    """The numbered objects: the first is the catalog, the last the information dictionary."""
    regular, bold = vera(""), vera("Bd")
    resources = b"/Resources << /Font << /F1 5 0 R /F2 6 0 R >> >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R /Lang (de-DE)%s >>" % (b"" if kind == "plain" else _DECLARATION),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] %s /Contents 4 0 R >>" % resources,
        _stream(_content(), packed=True),
        regular.font_object(7),
        bold.font_object(8),
        regular.descriptor_object(9),
        bold.descriptor_object(10),
        regular.file_object(),
        bold.file_object(),
    ]
    if kind != "plain":
        # PDF/A-1 forbids a filter on metadata, so that a search finds the packet in the bare file.
        xmp = _stream(_PARTICULARS.xmp(kind.removeprefix("pdfa")), b"/Type /Metadata /Subtype /XML")
        objects += [xmp, _stream(srgb_profile(), b"/N 3", packed=True)]
    return [*objects, _PARTICULARS.information()]


_DECLARATION = (
    b" /Metadata 11 0 R /OutputIntents [<< /Type /OutputIntent /S /GTS_PDFA1 "
    b"/OutputConditionIdentifier (sRGB IEC61966-2.1) /Info (sRGB IEC61966-2.1) /DestOutputProfile 12 0 R >>]"
)


def _content() -> bytes:
    """The page: black text from top to bottom, one operator a line."""
    operators, y = [b"0 g", b"BT"], TOP
    for size, bold, text in LINES:
        y -= round(size * 1.4)
        if text:
            string = encode(text).replace(b"\\", rb"\\").replace(b"(", rb"\(").replace(b")", rb"\)")
            operators.append(b"/F%d %d Tf 1 0 0 1 %d %d Tm (%s) Tj" % (2 if bold else 1, size, LEFT, y, string))
    return b"\n".join([*operators, b"ET"])


def _stream(content: bytes, entries: bytes = b"", *, packed: bool = False) -> bytes:
    if packed:
        content, entries = zlib.compress(content, 9), entries + b" /Filter /FlateDecode"
    return b"<< /Length %d %s >>\nstream\n%s\nendstream" % (len(content), entries.strip(), content)


def _file(version: bytes, objects: Sequence[bytes]) -> bytes:
    """Header, numbered objects, cross-reference table and trailer (ISO 32000-1, 7.5)."""
    # Four bytes above 127 tell transfer programs, and PDF/A validators, that the file is binary.
    out = bytearray(b"%%PDF-%s\n%%\xe2\xe3\xcf\xd3\n" % version)
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    identifier = hashlib.sha256(out).hexdigest()[:32].encode()
    start, size = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"/Size %d /Root 1 0 R /Info %d 0 R /ID [<%s> <%s>]" % (size, size - 1, identifier, identifier)
    out += b"trailer\n<< %s >>\nstartxref\n%d\n%%%%EOF\n" % (trailer, start)
    return bytes(out)
