"""PC/SC part 10 as a pad reads it: the blocks that ask for PINs, and where typed digits go in the card's command.

Numbers are little-endian. Understood are digits in BCD or ASCII, left justified; the rest is refused (6B80).
Source: PC/SC part 10, 2.02.09, PIN_VERIFY_STRUCTURE and PIN_MODIFY_STRUCTURE.
"""

import struct
from dataclasses import dataclass

_HEADER_BYTES = 5
_BYTES, _RIGHT, _BCD, _ASCII = 0x80, 0x04, 0x01, 0x02
_VERIFY = struct.Struct("<BBBBBHBBHB3sI")
_MODIFY = struct.Struct("<BBBBBBBHBBBHBBB3sI")
_CONFIRM_NEW, _ASK_OLD = 0x01, 0x02
DEFAULT_SECONDS = 30


class BlockError(ValueError):
    """A block that no pad can carry out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """How digits are written: bmFormatString, bmPINBlockString and bmPINLengthFormat."""

    format: int
    block: int
    length: int

    def insert(self, command: bytes, offset: int, pin: str) -> bytes:
        """The command with these digits in the block that is `offset` bytes into its data. Raises `BlockError`."""
        if self.format & _RIGHT or self.format & 0x03 not in (_BCD, _ASCII):
            raise BlockError("digits are BCD or ASCII, left justified")
        width = 4 if self.format & 0x03 == _BCD else 8
        room = 8 * (self.block & 0x0F)
        if width * len(pin) > room:
            raise BlockError("more digits than the block has room for")
        start = 8 * (_HEADER_BYTES + offset)
        at = start + (self.format >> 3 & 0x0F) * (8 if self.format & _BYTES else 1)
        if at + room > 8 * len(command):
            raise BlockError("a PIN block behind the end of the command")
        for number, digit in enumerate(pin):
            command = _put(command, at + width * number, width, int(digit) if width == 4 else ord(digit))
        if self.block >> 4:
            at = start + (self.length & 0x0F) * (8 if self.length & 0x10 else 1)
            command = _put(command, at, self.block >> 4, len(pin))
        return command


@dataclass(frozen=True, kw_only=True, slots=True)
class VerifyBlock:
    """One PIN is asked for; `seconds` until the first key."""

    seconds: int
    layout: Layout
    lengths: range
    command: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class ModifyBlock:
    """A new PIN is asked for, twice when `confirm`, after the old one (or the PUK) when `ask_old`."""

    seconds: int
    layout: Layout
    lengths: range
    command: bytes
    old_at: int
    new_at: int
    confirm: bool
    ask_old: bool


Block = VerifyBlock | ModifyBlock


def read_verify(data: bytes) -> VerifyBlock:
    """Raises `BlockError`."""
    fields, command = _split(_VERIFY, data)
    seconds, _, form, block, length, digits = fields[:6]
    return VerifyBlock(
        seconds=seconds or DEFAULT_SECONDS,
        layout=Layout(format=form, block=block, length=length),
        lengths=_lengths(digits),
        command=command,
    )


def read_modify(data: bytes) -> ModifyBlock:
    """Raises `BlockError`."""
    fields, command = _split(_MODIFY, data)
    seconds, _, form, block, length, old_at, new_at, digits, confirm = fields[:9]
    return ModifyBlock(
        seconds=seconds or DEFAULT_SECONDS,
        layout=Layout(format=form, block=block, length=length),
        lengths=_lengths(digits),
        command=command,
        old_at=old_at,
        new_at=new_at,
        confirm=bool(confirm & _CONFIRM_NEW),
        ask_old=bool(confirm & _ASK_OLD),
    )


def _split(form: struct.Struct, data: bytes) -> tuple[tuple[int, ...], bytes]:
    if len(data) < form.size:
        raise BlockError("a block that breaks off")
    fields, command = form.unpack_from(data), data[form.size :]
    if fields[-1] != len(command) or len(command) < _HEADER_BYTES:
        raise BlockError("ulDataLength is not the length of the command")
    return fields, command


def _lengths(digits: int) -> range:
    shortest, longest = digits >> 8, digits & 0xFF
    if not shortest <= longest:
        raise BlockError("wPINMaxExtraDigit: the shortest PIN is longer than the longest")
    return range(shortest, longest + 1)


def _put(data: bytes, at: int, width: int, value: int) -> bytes:
    """`data` with `width` bits from bit `at` (the first bit is the highest) set to `value`."""
    behind = 8 * len(data) - at - width
    if behind < 0 or value >> width:
        raise BlockError("a place or number that does not fit")
    whole = int.from_bytes(data, "big")
    mask = ((1 << width) - 1) << behind
    return (whole & ~mask | value << behind).to_bytes(len(data), "big")
