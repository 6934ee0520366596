"""The same ASN.1 value in BER as some devices write it: indefinite lengths, octet strings in pieces."""

CONSTRUCTED, OCTET_STRING, END = 0x20, 0x04, b"\x00\x00"


def as_ber(der: bytes) -> bytes:
    out, at = b"", 0
    while at < len(der):
        start, end = _content(der, at)
        if der[at] & CONSTRUCTED:
            out += bytes([der[at], 0x80]) + as_ber(der[start:end]) + END
        elif der[at] == OCTET_STRING and end - start > 20:
            out += b"\x24\x80" + _piece(der[start : start + 10]) + _piece(der[start + 10 : end]) + END
        else:
            out += der[at:end]
        at = end
    return out


def _content(der: bytes, at: int) -> tuple[int, int]:
    length, start = der[at + 1], at + 2
    if length & 0x80:
        size = length & 0x7F
        length, start = int.from_bytes(der[start : start + size], "big"), start + size
    return start, start + length


def _piece(data: bytes) -> bytes:
    size = len(data)
    if size < 0x80:
        return bytes([OCTET_STRING, size]) + data
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([OCTET_STRING, 0x80 | len(length)]) + length + data
