"""One direction of one connection, carried under whatever fault the link has at the moment."""

import asyncio
from collections.abc import Callable

from firmware_sim.proxy.fault import Direction, LinkFault
from firmware_sim.proxy.garbling import Garbler

_PIECE = 65536
_MOST_PIECES = 64  # on their way at once: what a slow line holds

_Arrival = tuple[float, bytes | OSError]  # when, and what: bytes, the end (no bytes) or a reset


class LinkCut(Exception):
    """The fault ends this connection now."""


class _NobodyThere(Exception):
    """Who should get the bytes has left; the other direction says so, if it can."""


class Pump:
    """Carries bytes from a reader to a writer. `fault` is asked again and again: a link can fall ill and heal."""

    def __init__(self, direction: Direction, fault: Callable[[], LinkFault | None]) -> None:
        self._direction = direction
        self._fault = fault
        self._passed = 0
        self._garbler = Garbler()

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry until the end, and pass the end on. Raises `LinkCut`, or OSError where the sender was reset."""
        arriving: asyncio.Queue[_Arrival] = asyncio.Queue(_MOST_PIECES)
        taking = asyncio.create_task(_take(reader, arriving))
        try:
            await self._give(arriving, writer)
        except _NobodyThere:
            pass
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)

    async def _give(self, arriving: asyncio.Queue[_Arrival], writer: asyncio.StreamWriter) -> None:
        while True:
            arrived, what = await arriving.get()
            if isinstance(what, OSError) or not what:
                await self._end(arrived)
                if isinstance(what, OSError):
                    raise what
                if writer.can_write_eof():
                    writer.write_eof()
                return
            while what:
                what = what[await self._step(arrived, what, writer) :]

    async def _step(self, arrived: float, data: bytes, writer: asyncio.StreamWriter) -> int:
        """Pass the first bytes on, as the fault lets them, and return how many."""
        fault, size = self._suffered(), len(data)
        unharmed = size if fault is None else min(size, max(0, fault.after - self._passed))
        if fault is not None and fault.kind != "garble":
            if not unharmed:
                await _suffer(fault, arrived)
                unharmed = min(size, fault.bytes) if fault.kind == "drip" else size
            size = unharmed
        self._passed += size
        await _write(writer, self._garbler.pass_on(data[:size], unharmed))
        return size

    async def _end(self, arrived: float) -> None:
        """Let the end suffer as bytes would: a slow line tells of it late, a dead one never."""
        fault = self._suffered()
        if fault is not None and fault.kind in ("latency", "half_open") and self._passed >= fault.after:
            await _suffer(fault, arrived)

    def _suffered(self) -> LinkFault | None:
        fault = self._fault()
        return fault if fault is not None and fault.hits(self._direction) else None


async def _take(reader: asyncio.StreamReader, arriving: asyncio.Queue[_Arrival]) -> None:
    """Note when each piece and the end arrive, so that what is held back does not hold back what follows."""
    now = asyncio.get_running_loop().time
    try:
        while data := await reader.read(_PIECE):
            await arriving.put((now(), data))
        await arriving.put((now(), b""))
    except OSError as error:
        await arriving.put((now(), error))


async def _suffer(fault: LinkFault, arrived: float) -> None:
    if fault.kind == "cut":
        raise LinkCut
    if fault.kind == "half_open":
        await asyncio.Event().wait()  # until the proxy closes
    begun = arrived if fault.kind == "latency" else asyncio.get_running_loop().time()
    await asyncio.sleep(max(0.0, begun + fault.seconds - asyncio.get_running_loop().time()))


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    try:
        writer.write(data)
        await writer.drain()
    except OSError as error:
        raise _NobodyThere from error
