"""Cuts a PAdES signature out of a PDF with a regular expression, so that openssl can look at it."""

import re
from pathlib import Path

_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def extract(pdf: Path, folder: Path) -> tuple[Path, Path]:
    """Write what the last signature covers and its CMS (DER) into `folder`; raises ValueError where there is none."""
    raw = pdf.read_bytes()
    ranges = _RANGE.findall(raw)
    if not ranges:
        raise ValueError(f"{pdf} carries no signature")
    start, length, after, rest = (int(number) for number in ranges[-1])
    if start != 0 or after + rest != len(raw):
        raise ValueError(f"the signature of {pdf} does not cover the whole file")
    padded = bytes.fromhex(raw[length:after].strip(b"<>\r\n ").decode("ascii"))
    content, cms = folder / "covered.bin", folder / "signature.der"
    content.write_bytes(raw[:length] + raw[after:])
    cms.write_bytes(padded[: _der_length(padded)])
    return content, cms


def _der_length(der: bytes) -> int:
    """Return the length of the first DER element; /Contents is padded with zeros behind it."""
    if der[1] < 0x80:
        return 2 + der[1]
    size = der[1] & 0x7F
    return 2 + size + int.from_bytes(der[2 : 2 + size], "big")
