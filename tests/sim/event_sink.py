"""The receiving end of CETP: reads every frame of every connection and remembers where each came from."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from lxml import etree

EVT = "{http://ws.gematik.de/conn/EventService/v7.2}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """One frame."""

    root: etree._Element
    peer: str
    connection: int

    @property
    def topic(self) -> str:
        return self.root.findtext(f"{EVT}Topic") or ""

    @property
    def subscription(self) -> str | None:
        return self.root.findtext(f"{EVT}SubscriptionID")

    @property
    def parameters(self) -> dict[str, str]:
        parameters = self.root.iterfind(f"{EVT}Message/{EVT}Parameter")
        return {each.findtext(f"{EVT}Key") or "": each.findtext(f"{EVT}Value") or "" for each in parameters}


@dataclass(kw_only=True, slots=True)
class EventSink:
    """What came in, in order. `url` is the EventTo."""

    url: str = ""
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    async def read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        peer = str(writer.get_extra_info("peername")[0])
        try:
            while True:
                head = await reader.readexactly(8)
                assert head[:4] == b"CETP"
                data = await reader.readexactly(int.from_bytes(head[4:], "big"))
                self.received.append(Received(root=etree.fromstring(data), peer=peer, connection=number))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def topics(self, number: int, seconds: float = 5.0) -> list[str]:
        """The topics so far, once there are at least `number`."""
        async with asyncio.timeout(seconds):
            while len(self.received) < number:
                await asyncio.sleep(0.01)
        return [each.topic for each in self.received]

    async def first(self, topic: str, seconds: float = 5.0) -> Received:
        """The first event of a topic, waited for."""
        async with asyncio.timeout(seconds):
            while True:
                for each in self.received:
                    if each.topic == topic:
                        return each
                await asyncio.sleep(0.01)

    def forget(self) -> Self:
        self.received.clear()
        return self


@asynccontextmanager
async def event_sink(tls: ssl.SSLContext | None, port: int = 0) -> AsyncIterator[EventSink]:
    sink = EventSink()
    server = await asyncio.start_server(sink.read, "127.0.0.1", port, ssl=tls)
    try:
        sink.url = f"cetp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield sink
    finally:
        server.close()
