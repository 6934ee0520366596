"""BER-TLV data objects as cards hold them (ISO/IEC 7816-4, 5.2.2): tags of up to three bytes, definite lengths.

Values may be a patient's data: no repr and no error shows them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from kartenwart.codecs.malformed import MalformedError, OversizedError

LIMIT = 0x10000
"""Bytes of one value; no file of a card is larger."""
_CONSTRUCTED = 0x20
_LONG_TAG = 0x1F
_MORE = 0x80


@dataclass(frozen=True, slots=True)
class Tlv:
    """One data object; `tag` as its bytes read, e.g. 0x5A or 0x7F21."""

    tag: int
    value: bytes = field(repr=False)

    @property
    def is_constructed(self) -> bool:
        """True where the value is made of data objects."""
        return bool(_tag_bytes(self.tag)[0] & _CONSTRUCTED)

    def encode(self) -> bytes:
        """Return the bytes, with the shortest length field."""
        return encode(self.tag, self.value)

    def parts(self) -> tuple["Tlv", ...]:
        """Return the data objects of the value; MalformedError where it is made of none."""
        return read_all(self.value)


def encode(tag: int, value: bytes) -> bytes:
    """Return one data object, with the shortest length field; OversizedError above LIMIT."""
    if len(value) > LIMIT:
        raise OversizedError(f"a data object of more than {LIMIT} bytes")
    if len(value) < _MORE:
        return _tag_bytes(tag) + bytes([len(value)]) + value
    length = len(value).to_bytes((len(value).bit_length() + 7) // 8, "big")
    return _tag_bytes(tag) + bytes([_MORE | len(length)]) + length + value


def read_first(data: bytes) -> tuple[Tlv, bytes]:
    """Return the first data object and what follows it."""
    tag, at = _tag(data)
    length, at = _length(data, at)
    value = data[at : at + length]
    if len(value) < length:
        raise MalformedError("a data object that breaks off")
    return Tlv(tag, value), data[at + length :]


def read_all(data: bytes) -> tuple[Tlv, ...]:
    """Return all data objects, one after the other to the end."""
    return tuple(_each(data))


def read_only(data: bytes, tag: int) -> Tlv:
    """Return the one data object that the bytes are; MalformedError where it has another tag or more follows."""
    found, rest = read_first(data)
    if found.tag != tag or rest:
        raise MalformedError(f"no data object {tag:X}")
    return found


def find(objects: Sequence[Tlv], tag: int) -> bytes | None:
    """Return the value of the first data object with a tag; None where there is none."""
    return next((each.value for each in objects if each.tag == tag), None)


def size_of_first(data: bytes) -> int:
    """Return how many bytes the first data object takes, also where `data` holds only its beginning."""
    _, at = _tag(data)
    length, at = _length(data, at)
    return at + length


def _each(data: bytes) -> Iterator[Tlv]:
    while data:
        found, data = read_first(data)
        yield found


def _tag(data: bytes) -> tuple[int, int]:
    """Return the tag and where the length begins."""
    if not data:
        raise MalformedError("a data object without tag")
    end = 1
    if data[0] & _LONG_TAG == _LONG_TAG:
        end = 2
        while end < 3 and data[end - 1 : end] and data[end - 1] & _MORE:
            end += 1
        if len(data) < end or data[end - 1] & _MORE:
            raise MalformedError("a data object with a tag of more than three bytes, or half of one")
    return int.from_bytes(data[:end], "big"), end


def _length(data: bytes, at: int) -> tuple[int, int]:
    """Return the length and where the value begins."""
    if at >= len(data):
        raise MalformedError("a data object without length")
    first = data[at]
    if first < _MORE:
        return first, at + 1
    count = first & ~_MORE
    if not 1 <= count <= 3 or len(data) < at + 1 + count:
        raise MalformedError("a data object with a length that breaks off or is not definite")
    length = int.from_bytes(data[at + 1 : at + 1 + count], "big")
    if length > LIMIT:
        raise OversizedError(f"a data object of more than {LIMIT} bytes")
    return length, at + 1 + count


def _tag_bytes(tag: int) -> bytes:
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big")
