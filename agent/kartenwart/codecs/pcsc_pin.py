"""PC/SC part 10: what a reader's pad can do, and the blocks that let a person type PINs there (reference 1).

A block carries the card's command with places for the PINs; the pad puts them in. No PIN is ever in a block: the places
hold the empty format-2 block. Numbers in blocks and properties are little-endian, control codes big-endian.
Source: PC/SC part 10, 2.02.09 (names in capitals are its own).
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from kartenwart.codecs.malformed import MalformedError

EMPTY_FORMAT_2 = b"\x20" + b"\xff" * 7
"""ISO 9564 format 2 without a digit: control nibble 2, no digits, filled up with F."""
GERMAN = 0x0407
VERIFY_HEADER_BYTES = 19
MODIFY_HEADER_BYTES = 24
_FORMAT_STRING = 0x89  # units of bytes, digits begin behind the first byte, left justified, BCD
_PIN_BLOCK_STRING = 0x47  # four bits tell the length, seven bytes hold digits
_PIN_LENGTH_FORMAT = 0x04  # the length stands behind the first four bits
_KEY_PRESSED = 0x02
_CONFIRM_NEW, _ASK_OLD = 0x01, 0x02


class Feature(IntEnum):
    """Features that a reader may have."""

    VERIFY_PIN_DIRECT = 0x06
    MODIFY_PIN_DIRECT = 0x07
    IFD_PIN_PROPERTIES = 0x0A
    ABORT = 0x0B
    GET_TLV_PROPERTIES = 0x12
    EXECUTE_PACE = 0x20


@dataclass(frozen=True, slots=True, kw_only=True)
class Properties:
    """What a pad says of itself; None where it did not. `vendor_id` and `product_id` as on the USB."""

    shortest_pin: int | None = None
    longest_pin: int | None = None
    display_characters: int | None = None
    display_lines: int | None = None
    firmware: str = ""
    most_apdu_bytes: int | None = None
    vendor_id: int | None = None
    product_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How a person types: from `shortest` to `longest` digits, `seconds` to the first digit and between digits."""

    shortest: int
    longest: int
    seconds: int = 30
    language: int = GERMAN

    def __post_init__(self) -> None:
        if not (0 < self.shortest <= self.longest <= 12 and 0 <= self.seconds <= 0xFF):
            raise ValueError("no PIN is typed like that")


def read_features(data: bytes) -> dict[int, int]:
    """Return control codes by feature, out of the answer to CM_IOCTL_GET_FEATURE_REQUEST."""
    if len(data) % 6:
        raise MalformedError("a list of features that breaks off")
    found: dict[int, int] = {}
    for tag, length, code in struct.iter_unpack(">BBI", data):
        if length != 4:
            raise MalformedError("a feature without control code")
        found[tag] = code
    return found


def read_properties(data: bytes) -> Properties:
    """Return the pad's properties, out of the answer to FEATURE_GET_TLV_PROPERTIES; unknown ones are passed over."""
    found: dict[int, bytes] = {}
    while data:
        if len(data) < 2 or len(data) < 2 + data[1]:
            raise MalformedError("properties that break off")
        found[data[0]], data = data[2 : 2 + data[1]], data[2 + data[1] :]
    return Properties(
        shortest_pin=_number(found, 0x06),
        longest_pin=_number(found, 0x07),
        display_characters=_number(found, 0x04),
        display_lines=_number(found, 0x05),
        firmware="".join(chr(byte) for byte in found.get(0x08, b"")[:40] if 0x20 <= byte < 0x7F),
        most_apdu_bytes=_number(found, 0x0A),
        vendor_id=_number(found, 0x0B),
        product_id=_number(found, 0x0C),
    )


def verify_block(command: bytes, entry: Entry) -> bytes:
    """Return PIN_VERIFY_STRUCTURE: one PIN is typed into the first eight bytes of the command's data."""
    header = struct.pack(
        "<BBBBBHBBHB3sI",
        entry.seconds,
        entry.seconds,
        _FORMAT_STRING,
        _PIN_BLOCK_STRING,
        _PIN_LENGTH_FORMAT,
        entry.shortest << 8 | entry.longest,
        _KEY_PRESSED,
        1,  # bNumberMessage
        entry.language,
        0,  # bMsgIndex
        b"\0\0\0",  # bTeoPrologue: the driver's
        len(command),
    )
    return header + command


def modify_block(command: bytes, entry: Entry, *, ask_old: bool) -> bytes:
    """Return PIN_MODIFY_STRUCTURE: the new PIN is typed twice, the old one (or PUK) before it where `ask_old`.

    The old one goes into the first eight bytes of the command's data and the new one behind it, or else into the first.
    Part 10 has one pair of lengths for both.
    """
    header = struct.pack(
        "<BBBBBBBHBBBHBBB3sI",
        entry.seconds,
        entry.seconds,
        _FORMAT_STRING,
        _PIN_BLOCK_STRING,
        _PIN_LENGTH_FORMAT,
        0,  # bInsertionOffsetOld
        len(EMPTY_FORMAT_2) if ask_old else 0,
        entry.shortest << 8 | entry.longest,
        _CONFIRM_NEW | (_ASK_OLD if ask_old else 0),
        _KEY_PRESSED,
        3 if ask_old else 2,  # bNumberMessage
        entry.language,
        *((0, 1, 2) if ask_old else (1, 2, 0)),  # bMsgIndex: old, new, new again
        b"\0\0\0",
        len(command),
    )
    return header + command


def _number(found: dict[int, bytes], tag: int) -> int | None:
    value = found.get(tag, b"")
    return int.from_bytes(value, "little") if 1 <= len(value) <= 4 else None
