"""Command and response APDUs, short and extended length (ISO/IEC 7816-4, 5.1; reference 2.5).

The data of both may hold what a patient's card says: no repr shows them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from kartenwart.codecs.malformed import MalformedError, OversizedError

SHORT_DATA = 0xFF
SHORT_ANSWER = 0x100
EXTENDED_DATA = 0xFFFF
EXTENDED_ANSWER = 0x10000
CHAINED = 0x10
"""The bit of the class byte that says: more of the same command follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command; `expected` is Ne, how many bytes of data it takes: 256 and 65536 mean all there are, 0 none.

    Length fields are short while data and Ne fit into them, else both are extended.
    """

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes = field(default=b"", repr=False)
    expected: int = 0

    @property
    def is_extended(self) -> bool:
        """True where its length fields are extended."""
        return len(self.data) > SHORT_DATA or self.expected > SHORT_ANSWER

    @property
    def header(self) -> bytes:
        """CLA INS P1 P2."""
        return bytes((self.cla, self.ins, self.p1, self.p2))

    def encode(self) -> bytes:
        """Return the bytes; ValueError where data or Ne fit into no length field."""
        if len(self.data) > EXTENDED_DATA or not 0 <= self.expected <= EXTENDED_ANSWER:
            raise ValueError("no APDU is that long")
        if self.is_extended:
            lc, le = b"\0" + len(self.data).to_bytes(2, "big"), (self.expected % EXTENDED_ANSWER).to_bytes(2, "big")
            return self.header + (lc + self.data if self.data else b"\0") + (le if self.expected else b"")
        lc, le = bytes([len(self.data)]), bytes([self.expected % SHORT_ANSWER])
        return self.header + (lc + self.data if self.data else b"") + (le if self.expected else b"")


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What a card answered: data and status word."""

    data: bytes = field(default=b"", repr=False)
    word: int

    def encode(self) -> bytes:
        """Return the bytes."""
        return self.data + self.word.to_bytes(2, "big")


def read_command(raw: bytes) -> Command:
    """Read a command; MalformedError where its length fields and its length differ."""
    if len(raw) < 4:
        raise MalformedError("a command without header")
    cla, ins, p1, p2 = raw[:4]
    data, expected = _body(raw[4:])
    return Command(cla=cla, ins=ins, p1=p1, p2=p2, data=data, expected=expected)


def read_response(raw: bytes) -> Response:
    """Read a response; MalformedError where there is no status word (ISO/IEC 7816-4: 6XXX or 9XXX)."""
    if len(raw) < 2 or raw[-2] >> 4 not in (6, 9):
        raise MalformedError("a response without status word")
    if len(raw) - 2 > EXTENDED_ANSWER:
        raise OversizedError("a response of more than 65536 bytes")
    return Response(data=raw[:-2], word=int.from_bytes(raw[-2:], "big"))


def chain(command: Command, most: int = SHORT_DATA) -> Iterator[Command]:
    """Split a command into links of at most `most` bytes of data; only the last one asks for an answer."""
    data = command.data
    while len(data) > most:
        yield replace(command, cla=command.cla | CHAINED, data=data[:most], expected=0)
        data = data[most:]
    yield replace(command, data=data)


def _body(body: bytes) -> tuple[bytes, int]:
    """Return data and Ne of the bytes behind a header."""
    if not body:
        return b"", 0
    if len(body) == 1:
        return b"", body[0] or SHORT_ANSWER
    if body[0]:
        return _split(body[1:], body[0], le_bytes=1, most=SHORT_ANSWER)
    if len(body) == 3:
        return b"", int.from_bytes(body[1:], "big") or EXTENDED_ANSWER
    return _split(body[3:], int.from_bytes(body[1:3], "big"), le_bytes=2, most=EXTENDED_ANSWER)


def _split(rest: bytes, length: int, *, le_bytes: int, most: int) -> tuple[bytes, int]:
    data, le = rest[:length], rest[length:]
    if not length or len(data) < length or len(le) not in (0, le_bytes):
        raise MalformedError("a command whose lengths do not fit")
    return data, (int.from_bytes(le, "big") or most) if le else 0
