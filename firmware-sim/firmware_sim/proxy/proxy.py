"""The proxy: listens, connects on, and lets every connection suffer the link's fault."""

import asyncio
from typing import Self

from firmware_sim.proxy.fault import LinkFault
from firmware_sim.proxy.pump import LinkCut, Pump

_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Proxy:
    """`async with` listens on `listen` (host, port; 0 takes a free one) and passes every connection on to `to`.

    `fault` may be changed at any time and holds for the next bytes, also of open connections. `local` is the address
    from which the proxy connects. A target that refuses shows as a connection that ends at once. Leaving the block
    cuts every connection.
    """

    def __init__(
        self, listen: tuple[str, int], to: tuple[str, int], fault: LinkFault | None = None, *, local: str = ""
    ) -> None:
        self.fault = fault
        self._listen = listen
        self._to = to
        self._local = (local, 0) if local else None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, *self._listen)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        if self._server is None:
            raise RuntimeError("the proxy has not been started")
        host, port = self._server.sockets[0].getsockname()[:2]
        return host, port

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._connection((reader, writer)))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _connection(self, near: _Streams) -> None:
        try:
            far = await asyncio.open_connection(*self._to, local_addr=self._local)
        except OSError:
            near[1].transport.abort()
            return
        flushed = False
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(Pump("up", self._now).run(near[0], far[1]))
                both.create_task(Pump("down", self._now).run(far[0], near[1]))
            flushed = True
        except* LinkCut:
            flushed = True  # what came before the cut still arrives
        except* OSError:
            pass  # one side has left; the other is told
        finally:
            for _, writer in (near, far):
                writer.close() if flushed else writer.transport.abort()

    def _now(self) -> LinkFault | None:
        return self.fault
