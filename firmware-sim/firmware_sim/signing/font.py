"""Bitstream Vera (it comes with reportlab), embedded whole as a simple TrueType font."""

import importlib.resources
import zlib
from dataclasses import dataclass
from functools import cache
from io import BytesIO

from reportlab.pdfbase.ttfonts import TTFontFile

_FIRST, _LAST = 32, 255
_ENCODING = "cp1252"  # WinAnsiEncoding
_NONSYMBOLIC = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class Font:
    """A font program with its PostScript name, metrics in 1/1000 of the size, and widths of the codes 32 to 255."""

    name: str
    program: bytes
    bbox: tuple[int, ...]
    ascent: int
    descent: int
    stem: int
    widths: tuple[int, ...]

    def width(self, text: str, size: float) -> float:
        """How wide this text is, in points."""
        return sum(self.widths[code - _FIRST] for code in encode(text)) * size / 1000

    def file_object(self) -> bytes:
        """The embedded font program."""
        packed = zlib.compress(self.program, 9)
        entries = b"<< /Length %d /Length1 %d /Filter /FlateDecode >>" % (len(packed), len(self.program))
        return entries + b"\nstream\n" + packed + b"\nendstream"

    def descriptor_object(self, file: int) -> bytes:
        """The font descriptor; `file` is the number of the font program's object."""
        box = " ".join(map(str, self.bbox))
        return (
            f"<< /Type /FontDescriptor /FontName /{self.name} /Flags {_NONSYMBOLIC} /FontBBox [{box}] /ItalicAngle 0 "
            f"/Ascent {self.ascent} /Descent {self.descent} /CapHeight {self.ascent} /StemV {self.stem} "
            f"/FontFile2 {file} 0 R >>"
        ).encode()

    def font_object(self, descriptor: int) -> bytes:
        """The font dictionary; `descriptor` is the number of the descriptor's object."""
        widths = " ".join(map(str, self.widths))
        return (
            f"<< /Type /Font /Subtype /TrueType /BaseFont /{self.name} /Encoding /WinAnsiEncoding "
            f"/FirstChar {_FIRST} /LastChar {_LAST} /Widths [{widths}] /FontDescriptor {descriptor} 0 R >>"
        ).encode()


def encode(text: str) -> bytes:
    """The text in the font's encoding; ValueError for letters that it lacks."""
    return text.encode(_ENCODING)


@cache
def vera(style: str) -> Font:
    """Vera in the style "" (regular) or "Bd" (bold)."""
    program = (importlib.resources.files("reportlab") / "fonts" / f"Vera{style}.ttf").read_bytes()
    face = TTFontFile(BytesIO(program))
    return Font(
        name=face.name.decode(),
        program=program,
        bbox=tuple(round(value) for value in face.bbox),
        ascent=round(face.ascent),
        descent=round(face.descent),
        stem=round(face.stemV),
        widths=tuple(round(_width(face, code)) for code in range(_FIRST, _LAST + 1)),
    )


def _width(face: TTFontFile, code: int) -> float:
    letter = bytes([code]).decode(_ENCODING, errors="replace")
    return float(face.charWidths.get(ord(letter), 0))
