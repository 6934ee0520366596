"""The CETP listener: a server for events that believes nobody it has not been told to believe.

Frames are taken only from the Konnektor's addresses, in bounded size, number and time; what a frame says counts only
with a subscription of ours (BOOTUP_COMPLETE alone has none). Everything else is dropped and counted: a forged event may
at most cost us a poll.
"""

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from typing import Self

from kartenwart.adapters.konnektor.configuration import CetpConfiguration
from kartenwart.adapters.konnektor.sources import Sources
from kartenwart.codecs.cetp import FrameDecoder
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.subscriptions import CetpEvent, read_event
from kartenwart.transport.trust import live_tls_server

_READ_BYTES = 16 * 1024
_PAUSE = 0.1  # seconds before the next try where the system cannot take a connection


class CetpListener:
    """Listens while its block runs; `take` gets every well-formed event of an allowed source and says if it counted."""

    def __init__(self, configuration: CetpConfiguration, sources: Sources, take: Callable[[CetpEvent], bool]) -> None:
        self._configuration = configuration
        self._sources = sources
        self._take = take
        self._socket: socket.socket | None = None
        self._context: ssl.SSLContext | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._connections: dict[asyncio.Task[None], None] = {}
        self.dropped: Counter[str] = Counter()

    @property
    def port(self) -> int:
        """Return the TCP port."""
        if self._socket is None:
            raise RuntimeError("the listener has not been entered")
        port: int = self._socket.getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._context = self._tls()
        host = self._configuration.listen_host
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, self._configuration.listen_port), family=family, backlog=100)
        self._socket.setblocking(False)
        self._accepting = asyncio.create_task(self._accept(self._socket))
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [*([self._accepting] if self._accepting else []), *self._connections]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._socket is not None:
            self._socket.close()

    def _tls(self) -> ssl.SSLContext | None:
        certificate = self._configuration.certificate
        if certificate is None:
            return None
        return live_tls_server(certificate, authorities_pem=self._configuration.authorities_pem)

    async def _accept(self, listening: socket.socket) -> None:
        """Look at the source before anything else: a stranger costs neither a TLS handshake nor a place."""
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, peer = await loop.sock_accept(listening)
            except OSError:  # e.g. no file descriptor left
                self.dropped["connection"] += 1
                await asyncio.sleep(_PAUSE)
                continue
            if self._sources.allows(peer[0]):
                self._make_room()
                task = asyncio.create_task(self._serve(connection))
                self._connections[task] = None
                task.add_done_callback(lambda ended: self._connections.pop(ended, None))
            else:
                self.dropped["source"] += 1
                connection.close()

    async def _serve(self, connection: socket.socket) -> None:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        transport: asyncio.Transport | None = None
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: asyncio.StreamReaderProtocol(reader),
                connection,
                ssl=self._context,
                ssl_handshake_timeout=self._configuration.frame_seconds if self._context else None,
            )
            await self._read(reader)
        except MalformedError:
            self.dropped["malformed"] += 1
        except OSError:  # a failed handshake, a reset, or TimeoutError: what was complete has been taken
            self.dropped["connection"] += 1
        finally:
            transport.abort() if transport else connection.close()

    def _make_room(self) -> None:
        """End the oldest connection where there are too many: a Konnektor that reconnects must always get in."""
        if len(self._connections) >= self._configuration.connection_limit:
            self.dropped["crowd"] += 1
            oldest = next(iter(self._connections))
            oldest.cancel()
            del self._connections[oldest]

    async def _read(self, reader: asyncio.StreamReader) -> None:
        decoder = FrameDecoder(self._configuration.frame_limit)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._configuration.idle_seconds
        while True:
            async with asyncio.timeout_at(deadline):
                data = await reader.read(_READ_BYTES)
            if not data:
                self.dropped["cut"] += not decoder.between_frames
                return
            begun, complete = not decoder.between_frames, False
            for payload in decoder.feed(data):
                self._judge(payload)
                complete = True
            if decoder.between_frames:
                deadline = loop.time() + self._configuration.idle_seconds
            elif complete or not begun:
                # From its first byte on a frame has so long in all: nobody holds a place by dripping bytes.
                deadline = loop.time() + self._configuration.frame_seconds

    def _judge(self, payload: bytes) -> None:
        try:
            counted = self._take(read_event(payload))
        except MalformedError:
            self.dropped["malformed"] += 1
        else:
            self.dropped["subscription"] += not counted
