"""Answer to reset (ISO/IEC 7816-3, 8.2) and the capabilities in its historical bytes (ISO/IEC 7816-4, 12.1.1).

An ATR says how to talk to a card, never which card it is (reference 2.1, 4.12).
"""

from dataclasses import dataclass
from functools import reduce
from operator import xor

from kartenwart.codecs.malformed import MalformedError

MOST_BYTES = 33
_DIRECT, _INVERSE = 0x3B, 0x3F
_GLOBAL = 15  # T=15 names no protocol: global interface bytes follow
_COMPACT_TLV = (0x00, 0x80)
_CAPABILITIES = 0x73  # compact TLV: card capabilities with all three software function tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a card says of itself: command chaining, length fields of two bytes."""

    chaining: bool = False
    extended: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Atr:
    """An answer to reset; `protocols` in the order offered, (0,) where none is named."""

    protocols: tuple[int, ...]
    historical: bytes
    inverse: bool = False

    @property
    def capabilities(self) -> Capabilities:
        """Return what the historical bytes say; nothing is granted that they do not say."""
        return read_capabilities(self.historical)


def read_atr(raw: bytes) -> Atr:
    """Read an ATR; MalformedError where it breaks off, goes on behind its end or has a wrong check byte."""
    if not 2 <= len(raw) <= MOST_BYTES or raw[0] not in (_DIRECT, _INVERSE):
        raise MalformedError("no answer to reset")
    protocols, at = _interface_bytes(raw)
    historical = raw[at : at + (raw[1] & 0x0F)]
    if len(historical) < raw[1] & 0x0F:
        raise MalformedError("an answer to reset that breaks off")
    _check(raw, at + len(historical), checked=any(protocols))
    offered = tuple(dict.fromkeys(each for each in protocols if each != _GLOBAL))
    return Atr(protocols=offered or (0,), historical=historical, inverse=raw[0] == _INVERSE)


def read_capabilities(historical: bytes) -> Capabilities:
    """Return the card capabilities of historical bytes; what cannot be read grants nothing."""
    if not historical or historical[0] not in _COMPACT_TLV:
        return Capabilities()
    rest = historical[1:-3] if historical[0] == 0x00 else historical[1:]
    while rest:
        length = rest[0] & 0x0F
        if rest[0] == _CAPABILITIES and len(rest) > length:
            return Capabilities(chaining=bool(rest[3] & 0x80), extended=bool(rest[3] & 0x40))
        rest = rest[1 + length :]
    return Capabilities()


def _interface_bytes(raw: bytes) -> tuple[list[int], int]:
    """Return the protocols as named, and where the historical bytes begin."""
    protocols: list[int] = []
    indicator, at = raw[1] >> 4, 2
    while indicator:
        at += (indicator & 0x7).bit_count()
        if not indicator & 0x8:
            break
        if at >= len(raw):
            raise MalformedError("an answer to reset that breaks off")
        protocols.append(raw[at] & 0x0F)
        indicator, at = raw[at] >> 4, at + 1
    return protocols, at


def _check(raw: bytes, end: int, *, checked: bool) -> None:
    """Hold the end against the check byte, which is there where any protocol but T=0 is named."""
    if len(raw) != end + checked:
        raise MalformedError("an answer to reset of a wrong length")
    if checked and reduce(xor, raw[1:]):
        raise MalformedError("an answer to reset with a wrong check byte")
