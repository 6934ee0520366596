"""Take the last signature out of a PDF, so that `openssl cms -verify` can check it (standard library only).

    python extract_signature.py signed.pdf content.bin signature.der

A signature dictionary names in /ByteRange the two spans that are signed: [start, length, start, length]. Between them
stands /Contents: the CMS object in hexadecimal between < and >, filled up with zeros to the room that was kept for it.
"""

import re
import sys
from pathlib import Path

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


def extract(pdf: bytes) -> tuple[bytes, bytes]:
    """The signed bytes, and the CMS object as DER without its padding."""
    *_, found = _BYTE_RANGE.finditer(pdf)
    start, length, start_after, length_after = map(int, found.groups())
    signed = pdf[start : start + length] + pdf[start_after : start_after + length_after]
    padded = bytes.fromhex(pdf[start + length + 1 : start_after - 1].decode("ascii"))
    return signed, padded[: _der_length(padded)]


def _der_length(der: bytes) -> int:
    """Header and content of the outermost value: one length byte, or 0x80 + n and then n of them."""
    if der[1] < 0x80:
        return 2 + der[1]
    count = der[1] & 0x7F
    return 2 + count + int.from_bytes(der[2 : 2 + count], "big")


if __name__ == "__main__":
    pdf_path, content_path, signature_path = map(Path, sys.argv[1:])
    content, signature = extract(pdf_path.read_bytes())
    content_path.write_bytes(content)
    signature_path.write_bytes(signature)
