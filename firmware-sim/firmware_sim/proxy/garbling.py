"""Bits that flip on the way.

In TLS only the content of application data is hit, never a record's header: what comes out is whole records whose
check fails, as a broken device in between would make them (RFC 5246, 6.2.1 and 6.2.3).
"""

_HEADER = 5
_TLS_MAJOR = 3
_CONTENT_TYPES = range(20, 24)
_APPLICATION_DATA = 23


class Garbler:
    """Follows one direction of a connection from its first byte; `pass_on` sees every byte once, in order."""

    def __init__(self) -> None:
        self._tls: bool | None = None
        self._header = bytearray()
        self._left = 0
        self._flip = False

    def pass_on(self, data: bytes, unharmed: int) -> bytes:
        """Return the bytes as they arrive; records that begin within the first `unharmed` bytes stay as they are."""
        if self._tls is None and data:
            self._tls = data[0] in _CONTENT_TYPES and (len(data) == 1 or data[1] == _TLS_MAJOR)
        return self._records(data, unharmed) if self._tls else _flipped(data, unharmed)

    def _records(self, data: bytes, unharmed: int) -> bytes:
        out, position = bytearray(data), 0
        while position < len(data):
            if self._left:
                step = min(self._left, len(data) - position)
                self._left -= step
                position += step
                if self._flip and not self._left:
                    out[position - 1] ^= 1
                continue
            self._header.append(data[position])
            position += 1
            if len(self._header) == _HEADER:
                self._left = int.from_bytes(self._header[3:], "big")
                self._flip = self._header[0] == _APPLICATION_DATA and position > unharmed
                self._header.clear()
        return bytes(out)


def _flipped(data: bytes, unharmed: int) -> bytes:
    """Flip the lowest bit in the middle of what may be harmed: one character of a text becomes another."""
    if len(data) <= unharmed:
        return data
    middle = unharmed + (len(data) - unharmed) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
