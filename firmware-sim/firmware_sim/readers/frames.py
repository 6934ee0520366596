"""A socket with whole reads, for readers that talk to pcscd; whatever goes wrong on it ends it."""

import asyncio
import socket


class LineClosedError(Exception):
    """The other side has ended the line, or said something that cannot be."""


class Line:
    """A socket with whole reads, once it is connected. TCP acknowledges at once: else each answer waits 40 ms."""

    def __init__(self, stream: socket.socket) -> None:
        stream.setblocking(False)
        self._socket = stream
        self._tcp = stream.family != socket.AF_UNIX
        if self._tcp:
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""

    async def read(self, count: int) -> bytes:
        """Exactly so many bytes. Raises `LineClosedError`."""
        loop = asyncio.get_running_loop()
        while len(self._rest) < count:
            try:
                if self._tcp:
                    # Holds for the next packet only, so it is asked for again each time.
                    self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
                got = await loop.sock_recv(self._socket, 65536)
            except OSError as error:
                raise LineClosedError from error
            if not got:
                raise LineClosedError
            self._rest += got
        read, self._rest = self._rest[:count], self._rest[count:]
        return read

    async def write(self, data: bytes) -> None:
        """Raises `LineClosedError`."""
        try:
            await asyncio.get_running_loop().sock_sendall(self._socket, data)
        except OSError as error:
            raise LineClosedError from error

    def close(self) -> None:
        self._socket.close()
