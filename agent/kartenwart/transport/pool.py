"""Connections kept for the next repeatable call: a handshake with a Konnektor costs more than the call itself."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

from kartenwart.transport.endpoint import Endpoint
from kartenwart.transport.http import Connection, connect
from kartenwart.transport.trust import TlsClient

_Place = tuple[str, str, int]


class Pool:
    """Idle connections by place, the youngest first; those that rested longer than `idle_seconds` are closed, not used.

    `connect_seconds` bounds the way to a standing, trusted connection; `monotonic` gives seconds. `kept` is enough for
    ten rooms that begin at once: what each asks before its verb goes over connections that stand.
    """

    def __init__(
        self,
        tls: TlsClient | None,
        *,
        connect_seconds: float,
        monotonic: Callable[[], float],
        idle_seconds: float = 15.0,
        kept: int = 10,
    ) -> None:
        self._tls = tls
        self._connect_seconds = connect_seconds
        self._monotonic = monotonic
        self._idle_seconds = idle_seconds
        self._kept = kept
        self._idle: dict[_Place, list[tuple[float, Connection]]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.clear()

    async def fresh(self, endpoint: Endpoint) -> Connection:
        """Return a new connection of the caller's own, for what must not be repeated; the caller closes it."""
        return await connect(endpoint, self._tls if endpoint.tls else None, seconds=self._connect_seconds)

    async def take(self, endpoint: Endpoint) -> Connection | None:
        """Return an idle connection that still stands, or None."""
        idle = self._idle.get(_place(endpoint), [])
        while idle:
            since, connection = idle.pop()
            if not connection.ended and self._monotonic() - since < self._idle_seconds:
                return connection
            await connection.close()
        return None

    async def put(self, endpoint: Endpoint, connection: Connection) -> None:
        """Keep a connection for the next call, or close it where it cannot carry one; and those that rested too long.

        The youngest is taken first, so after a busy moment nobody would come to the others.
        """
        now = self._monotonic()
        idle = self._idle.setdefault(_place(endpoint), [])
        ended = [old for since, old in idle if now - since >= self._idle_seconds]
        idle[:] = [one for one in idle if one[1] not in ended]
        if not connection.reusable or connection.ended or len(idle) >= self._kept:
            ended.append(connection)
        else:
            idle.append((now, connection))
        await asyncio.gather(*(one.close() for one in ended))

    async def clear(self) -> None:
        """Close all idle connections."""
        idle = [connection for place in self._idle.values() for _, connection in place]
        self._idle.clear()
        await asyncio.gather(*(connection.close() for connection in idle))


def _place(endpoint: Endpoint) -> _Place:
    return endpoint.scheme, endpoint.host, endpoint.port
