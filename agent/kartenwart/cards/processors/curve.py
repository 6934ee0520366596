"""Points of brainpoolP256r1 (RFC 5639, 3.4), for the mapping of PACE, which no library of ours offers.

Not constant in time: used with keys that live for one channel, between a box and the card in its reader.
"""

from dataclasses import dataclass

from kartenwart.codecs.malformed import MalformedError

P = 0xA9FB57DBA1EEA9BC3E660A909D838D726E3BF623D52620282013481D1F6E5377
A = 0x7D5A0975FC2C3057EEF67530417AFFE7FB8055C126DC5C6CE94A4B44F330B5D9
B = 0x26DC5C6CE94A4B44F330B5D9BBD77CBF958416295CF7E1CE6BCCDC18FF8C07B6
ORDER = 0xA9FB57DBA1EEA9BC3E660A909D838D718C397AA3B561A6F7901E0E82974856A7
_BYTES = 32


@dataclass(frozen=True, slots=True)
class Point:
    """An affine point; the neutral element is None wherever it may come up."""

    x: int
    y: int

    def encode(self) -> bytes:
        """Return the uncompressed point, 65 bytes."""
        return b"\x04" + self.x.to_bytes(_BYTES, "big") + self.y.to_bytes(_BYTES, "big")


GENERATOR = Point(
    0x8BD2AEB9CB7E57CB2C4B482FFC81B7AFB9DE27E1E3BD23C23A4453BD9ACE3262,
    0x547EF835C3DAC4FD97F8461A14611DC9C27745132DED8E545C1D54C72F046997,
)


def read_point(data: bytes) -> Point:
    """Read an uncompressed point; MalformedError where it does not lie on the curve."""
    if len(data) != 1 + 2 * _BYTES or data[0] != 0x04:
        raise MalformedError("no uncompressed point")
    x, y = int.from_bytes(data[1 : 1 + _BYTES], "big"), int.from_bytes(data[1 + _BYTES :], "big")
    if not (x < P and y < P and (y * y - x * x * x - A * x - B) % P == 0):
        raise MalformedError("a point beside the curve")
    return Point(x, y)


def add(one: Point | None, other: Point | None) -> Point | None:
    """Return the sum of two points."""
    if one is None or other is None:
        return one or other
    if one.x == other.x:
        if (one.y + other.y) % P == 0:
            return None
        slope = (3 * one.x * one.x + A) * pow(2 * one.y, -1, P) % P
    else:
        slope = (other.y - one.y) * pow(other.x - one.x, -1, P) % P
    x = (slope * slope - one.x - other.x) % P
    return Point(x, (slope * (one.x - x) - one.y) % P)


def multiply(scalar: int, point: Point) -> Point:
    """Return the multiple of a point; ValueError for the neutral element, which no honest party meets."""
    found: Point | None = None
    for bit in range(ORDER.bit_length() - 1, -1, -1):
        found = add(found, found)
        if scalar >> bit & 1:
            found = add(found, point)
    if found is None:
        raise ValueError("the neutral element")
    return found
