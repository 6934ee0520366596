"""BER-TLV data objects: what a card needs of them."""

from collections.abc import Iterator

from firmware_sim.cos import words
from firmware_sim.cos.words import Refused


def tlv(tag: int, value: bytes) -> bytes:
    """One data object; the tag as a number (0x5F52)."""
    size = len(value)
    count = (size.bit_length() + 7) // 8
    length = bytes([size]) if size < 0x80 else bytes([0x80 | count]) + size.to_bytes(count, "big")
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + length + value


def data_objects(data: bytes) -> dict[int, bytes]:
    """Objects with tags and lengths of one byte, by tag. Raises `Refused` (6A80)."""
    return dict(_objects(data))


def _objects(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        end = at + 2 + data[at + 1] if at + 1 < len(data) else len(data) + 1
        if end > len(data):
            raise Refused(words.WRONG_DATA)
        yield data[at], data[at + 2 : end]
        at = end
