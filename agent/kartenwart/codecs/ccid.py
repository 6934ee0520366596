"""CCID: what a card reader says of itself in its USB class descriptor (names in capitals or with a prefix are CCID's).

Numbers are little-endian. Source: USB device class specification for ICCDs, CCID revision 1.1, 5.1.
"""

import struct
from dataclasses import dataclass
from enum import Enum, IntFlag

from kartenwart.codecs.malformed import MalformedError

INTERFACE_CLASS = 0x0B
DESCRIPTOR_BYTES = 54
_DESCRIPTOR_TYPE = 0x21
_FIELDS = struct.Struct("<BBHBBIIIBIIBIIIIIBBHBB")
_EXCHANGE_LEVEL = 0x0007_0000


class Exchange(Enum):
    """What the host hands to the reader: characters, protocol blocks, short APDUs, or APDUs of any length."""

    CHARACTER = 0x0000_0000
    TPDU = 0x0001_0000
    SHORT_APDU = 0x0002_0000
    EXTENDED_APDU = 0x0004_0000


class PinSupport(IntFlag):
    """What can be done at the reader's own keys (bPINSupport)."""

    NONE = 0x00
    VERIFY = 0x01
    MODIFY = 0x02


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassDescriptor:
    """What a reader can do; `revision` is bcdCCID as "1.10", `display` lines and characters per line, (0, 0) for none.

    `exchange` is None where the reader names several levels or one that CCID 1.1 does not have.
    """

    revision: str
    slots: int
    protocols: int
    exchange: Exchange | None
    longest_message: int
    display: tuple[int, int]
    pin_support: PinSupport

    @property
    def pad(self) -> bool:
        """Whether a PIN can be typed at the reader to be verified."""
        return PinSupport.VERIFY in self.pin_support


def read_class_descriptor(extra: bytes) -> ClassDescriptor:
    """Find the class descriptor among what follows an interface (or endpoint) descriptor, and read it.

    MalformedError where there is none, or where it breaks off.
    """
    while extra:
        length = extra[0]
        if length < 2 or length > len(extra):
            raise MalformedError("a USB descriptor that breaks off")
        if extra[1] == _DESCRIPTOR_TYPE and length == DESCRIPTOR_BYTES:
            return _read(extra[:length])
        extra = extra[length:]
    raise MalformedError("no CCID class descriptor")


def read_bcd(value: int) -> str:
    """Return a version as USB writes it: 0x0123 is "1.23"; digits above nine stay as they are."""
    return f"{value >> 8 & 0xFF:x}.{value & 0xFF:02x}"


def _read(raw: bytes) -> ClassDescriptor:
    fields = _FIELDS.unpack(raw)
    revision, most_slot, protocols, features, longest, layout, pins = (fields[at] for at in (2, 3, 5, 15, 16, 19, 20))
    try:
        exchange: Exchange | None = Exchange(features & _EXCHANGE_LEVEL)
    except ValueError:
        exchange = None
    return ClassDescriptor(
        revision=read_bcd(revision),
        slots=most_slot + 1,
        protocols=protocols,
        exchange=exchange,
        longest_message=longest,
        display=(layout >> 8, layout & 0xFF),
        pin_support=PinSupport(pins & 0x03),
    )
