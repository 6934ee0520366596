"""One direction of one connection, carried under whatever fault the link has at the moment."""

import asyncio
from collections.abc import Callable

from firmware_sim.proxy.fault import Direction, LinkFault
from firmware_sim.proxy.garbling import Garbler

_PIECE = 65536


class LinkCut(Exception):
    """The fault ends this connection now."""


class Pump:
    """Carries bytes from a reader to a writer. `fault` is asked for each piece: a link can fall ill and heal."""

    def __init__(self, direction: Direction, fault: Callable[[], LinkFault | None]) -> None:
        self._direction = direction
        self._fault = fault
        self._passed = 0
        self._garbler = Garbler()

    async def run(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry until the end, and pass the end on. Raises `LinkCut`, or OSError when a side is gone."""
        while data := await reader.read(_PIECE):
            await self._carry(data, writer)
        if writer.can_write_eof():
            writer.write_eof()

    async def _carry(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        fault = self._fault()
        harmed = fault is not None and fault.hits(self._direction)
        unharmed = max(0, fault.after - self._passed) if fault is not None and harmed else len(data)
        self._passed += len(data)
        garbled = self._garbler.pass_on(data, unharmed if harmed and fault and fault.kind == "garble" else len(data))
        if fault is None or not harmed or fault.kind == "garble":
            await _write(writer, garbled)
            return
        await _write(writer, data[:unharmed])
        if rest := data[unharmed:]:
            await _suffer(fault, rest, writer)


async def _suffer(fault: LinkFault, data: bytes, writer: asyncio.StreamWriter) -> None:
    if fault.kind == "cut":
        raise LinkCut
    if fault.kind == "half_open":
        await asyncio.Event().wait()  # until the proxy closes
    step = fault.bytes if fault.kind == "drip" else len(data)
    for position in range(0, len(data), step):
        await asyncio.sleep(fault.seconds)
        await _write(writer, data[position : position + step])


async def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()
