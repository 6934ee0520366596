"""The CETP listener: a server for events that believes nobody it has not been told to believe.

Frames are taken only from the Konnektor's addresses, in bounded size, number and time; what a frame says counts only
with a subscription of ours (BOOTUP_COMPLETE alone has none). Everything else is dropped and counted: a forged event may
at most cost us a poll.
"""

import asyncio
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


class CetpListener:
    """Listens while its block runs; `take` gets every well-formed event of an allowed source and says if it counted."""

    def __init__(self, configuration: CetpConfiguration, sources: Sources, take: Callable[[CetpEvent], bool]) -> None:
        self._configuration = configuration
        self._sources = sources
        self._take = take
        self._server: asyncio.Server | None = None
        self._context: ssl.SSLContext | None = None
        self._connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.dropped: Counter[str] = Counter()

    @property
    def port(self) -> int:
        """Return the TCP port."""
        if self._server is None:
            raise RuntimeError("the listener has not been entered")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def __aenter__(self) -> Self:
        self._context = self._tls()
        self._server = await asyncio.start_server(
            self._serve,
            self._configuration.listen_host,
            self._configuration.listen_port,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._server is not None:
            await self._server.wait_closed()

    def _tls(self) -> ssl.SSLContext | None:
        certificate = self._configuration.certificate
        if certificate is None:
            return None
        return live_tls_server(certificate, authorities_pem=self._configuration.authorities_pem)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        peer = writer.get_extra_info("peername")
        if task is None or peer is None or not self._sources.allows(peer[0]):
            self._drop("source", writer)
            return
        self._make_room()
        self._connections[task] = writer
        try:
            if self._context is not None:  # only now: a stranger costs no handshake, a slow friend only its own place
                await writer.start_tls(self._context, ssl_handshake_timeout=self._configuration.frame_seconds)
            await self._read(reader)
        except MalformedError:
            self.dropped["malformed"] += 1
        except OSError:  # a reset, or TimeoutError: what was complete has been taken
            self.dropped["connection"] += 1
        finally:
            del self._connections[task]
            writer.transport.abort()

    def _drop(self, why: str, writer: asyncio.StreamWriter) -> None:
        self.dropped[why] += 1
        writer.transport.abort()

    def _make_room(self) -> None:
        """End the oldest connection where there are too many: a Konnektor that reconnects must always get in."""
        if len(self._connections) >= self._configuration.connection_limit:
            oldest = next(iter(self._connections))
            self._drop("crowd", self._connections[oldest])

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
