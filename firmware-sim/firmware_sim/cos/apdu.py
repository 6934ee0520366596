"""Command APDUs as a card reads them (ISO/IEC 7816-4, short and extended length)."""

from dataclasses import dataclass, replace

from firmware_sim.cos import words
from firmware_sim.cos.words import Refused

SHORT_LIMIT, EXTENDED_LIMIT = 0x100, 0x10000
# What EF.ATR tells too: the longest command and the longest answer, in bytes; an answer ends with a status word.
LONGEST_COMMAND, LONGEST_ANSWER = 1033, 32770
LONGEST_DATA = LONGEST_ANSWER - 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """A command taken apart.

    `expected` is how many bytes the caller takes, None when it asked for none; `wildcard` says that it asked for all
    there is (Le of zeros).
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = b""
    expected: int | None = None
    wildcard: bool = False

    @property
    def header(self) -> bytes:
        """The four bytes that access rules speak of."""
        return bytes((self.cla, self.ins, self.p1, self.p2))

    @property
    def chained(self) -> bool:
        """More of the same command follows."""
        return bool(self.cla & 0x10)

    def after(self, data: bytes) -> "Command":
        """The last link of a chain whose earlier links brought `data`."""
        return replace(self, data=data + self.data)

    def without_data(self) -> "Command":
        """The same command, when it carries none. Raises `Refused` (6700)."""
        if self.data:
            raise Refused(words.WRONG_LENGTH)
        return self

    def data_of(self, *sizes: int) -> bytes:
        """The data, when they have one of these sizes. Raises `Refused` (6700)."""
        if len(self.data) not in sizes:
            raise Refused(words.WRONG_LENGTH)
        return self.data


def read_command(raw: bytes) -> Command:
    """Take a command apart. Raises `Refused` (6700) when the lengths do not fit."""
    if len(raw) < 4:
        raise Refused(words.WRONG_LENGTH)
    body = raw[4:]
    extended = len(body) > 2 and body[0] == 0
    data, le = _extended(body) if extended else _short(body)
    expected = wildcard = None
    if le:
        wildcard = not any(le)
        expected = int.from_bytes(le, "big") or (EXTENDED_LIMIT if extended else SHORT_LIMIT)
    return Command(cla=raw[0], ins=raw[1], p1=raw[2], p2=raw[3], data=data, expected=expected, wildcard=bool(wildcard))


def _short(body: bytes) -> tuple[bytes, bytes]:
    """Data and Le of a body with one-byte lengths."""
    if len(body) < 2:
        return b"", body
    size, rest = body[0], body[1:]
    if size == 0 or len(rest) not in (size, size + 1):
        raise Refused(words.WRONG_LENGTH)
    return rest[:size], rest[size:]


def _extended(body: bytes) -> tuple[bytes, bytes]:
    """Data and Le of a body with two-byte lengths, after the leading zero."""
    if len(body) == 3:
        return b"", body[1:]
    size, rest = int.from_bytes(body[1:3], "big"), body[3:]
    if size == 0 or len(rest) not in (size, size + 2):
        raise Refused(words.WRONG_LENGTH)
    return rest[:size], rest[size:]
