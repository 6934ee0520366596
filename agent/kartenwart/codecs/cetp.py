"""CETP frames: `CETP`, four bytes of length (big-endian), so many bytes of XML (gemSpec_Kon, TIP1-A_4595; reference 4).

Whether one connection carries several frames is not specified: the decoder takes any number, split anywhere.
"""

from collections.abc import Iterator

from kartenwart.codecs.malformed import MalformedError, OversizedError

MAGIC = b"CETP"
HEADER_BYTES = 8
DEFAULT_LIMIT = 64 * 1024
MAX_LIMIT = 1024 * 1024


class FrameDecoder:
    """Takes bytes as they come and gives payloads; after an error it takes nothing more.

    `limit` is the largest payload in bytes, at most MAX_LIMIT.
    """

    def __init__(self, limit: int = DEFAULT_LIMIT) -> None:
        if not 0 < limit <= MAX_LIMIT:
            raise ValueError(f"a frame limit lies between 1 and {MAX_LIMIT} bytes")
        self._limit = limit
        self._buffer = bytearray()
        self._error: MalformedError | None = None

    @property
    def between_frames(self) -> bool:
        """True where no frame has begun: the connection may rest or end here."""
        return not self._buffer and self._error is None

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take bytes at once; iterate over the payloads that are complete now.

        Payloads in front of an error are given first, then MalformedError or OversizedError is raised.
        """
        if self._error is None:
            self._buffer += data
        return self._payloads()

    def _payloads(self) -> Iterator[bytes]:
        while (length := self._next_length()) is not None and len(self._buffer) >= HEADER_BYTES + length:
            payload = bytes(self._buffer[HEADER_BYTES : HEADER_BYTES + length])
            del self._buffer[: HEADER_BYTES + length]
            yield payload

    def _next_length(self) -> int | None:
        """Return the payload's length once the header is there; the magic is judged with its first byte."""
        if self._error is not None:
            raise self._error
        if not MAGIC.startswith(self._buffer[:4]):
            self._fail(MalformedError("a CETP frame begins with other bytes"))
        if len(self._buffer) < HEADER_BYTES:
            return None
        length = int.from_bytes(self._buffer[4:HEADER_BYTES], "big")
        if length == 0:
            self._fail(MalformedError("an empty CETP frame"))
        if length > self._limit:
            self._fail(OversizedError(f"a CETP frame of more than {self._limit} bytes"))
        return length

    def _fail(self, error: MalformedError) -> None:
        self._error = error
        self._buffer.clear()
        raise error
