"""Signatures that look right and do not verify, for callers that ought to notice."""

import re


def spoil_cades(cms: bytes) -> bytes:
    """Change the last byte, which belongs to the signature value: the structure stays readable."""
    return cms[:-1] + bytes([cms[-1] ^ 0x01])


def spoil_pades(pdf: bytes) -> bytes:
    """Change the last byte of the CMS inside /Contents, leaving the file as long as it was."""
    matches = list(re.finditer(rb"/Contents\s*<([0-9A-Fa-f]+)>", pdf))
    start, end = matches[-1].span(1)
    cms = spoil_cades(_without_padding(bytes.fromhex(pdf[start:end].decode())))
    return pdf[:start] + cms.hex().encode().ljust(end - start, b"0") + pdf[end:]


def spoil_xades(xml: bytes) -> bytes:
    """Change one sign of the signature value."""
    start = xml.index(b":SignatureValue>") + len(b":SignatureValue>")
    return xml[:start] + (b"B" if xml[start : start + 1] == b"A" else b"A") + xml[start + 1 :]


def _without_padding(der: bytes) -> bytes:
    length, size = der[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, size = int.from_bytes(der[2 : 2 + count], "big"), 2 + count
    return der[: size + length]
