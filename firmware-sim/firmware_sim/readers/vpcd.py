"""A slot of vpcd: the virtual reader in pcscd that asks us, over TCP, what its card would say.

A connection is a card in the slot. Frames both ways are a length (2 bytes, big-endian) and data; a frame of one byte
from vpcd is 00 power off, 01 power on, 02 reset (not answered) or 04 (answered with the ATR); others are APDUs.
"""

import asyncio
import socket
from contextlib import closing, suppress

from firmware_sim.readers.frames import Line, LineClosedError
from firmware_sim.readers.slot import MuteCardError, NoCardError, NoReaderError, ReaderSlot

_RESET = b"\x02"
_SHORTEST_APDU = 4
_LONGEST_FRAME = 0xFFFF
RETRY_SECONDS = 0.2
# pcscd looks every 400 ms. A card that was gone for less would have no power, and nobody would give it any.
ABSENT_SECONDS = 0.7


class VpcdSlot:
    """Keeps one slot connected while a card is in it; comes back by itself when pcscd does."""

    def __init__(self, slot: ReaderSlot, port: int) -> None:
        self._slot = slot
        self._port = port

    async def serve(self) -> None:
        """Until cancelled."""
        while True:
            self._slot.change.clear()
            if self._slot.card is None:
                await self._slot.change.wait()
            else:
                talked = await self._insert()
                await asyncio.sleep(ABSENT_SECONDS if talked else RETRY_SECONDS)

    async def _insert(self) -> bool:
        """Be a card in the slot until it is pulled or vpcd leaves; False when vpcd was not there or said nothing."""
        connecting = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connecting.setblocking(False)
        with closing(Line(connecting)) as line:
            try:
                await asyncio.get_running_loop().sock_connect(connecting, ("127.0.0.1", self._port))
            except OSError:
                return False
            try:
                return await self._stay(line)
            finally:
                self._slot.power_off()

    async def _stay(self, line: Line) -> bool:
        talking = asyncio.create_task(self._talk(line))
        pulled = asyncio.create_task(self._slot.change.wait())
        try:
            await asyncio.wait({talking, pulled}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            talking.cancel()
            pulled.cancel()
        ends = await asyncio.gather(talking, pulled, return_exceptions=True)
        return True in ends

    async def _talk(self, line: Line) -> bool:
        """Answer frames until the line ends; True when there was any."""
        talked = False
        try:
            while True:
                answer = await self._answer(await line.read(int.from_bytes(await line.read(2), "big")))
                talked = True
                if answer is not None:
                    await line.write(len(answer).to_bytes(2, "big") + answer)
        except (LineClosedError, NoCardError, NoReaderError):
            return talked

    async def _answer(self, frame: bytes) -> bytes | None:
        """None for what is not answered. Raises `LineClosedError` for what no vpcd sends."""
        match frame:
            case b"\x00":
                self._slot.power_off()
            case b"\x01" | b"\x02":
                self._power(frame)
            case b"\x04":
                return self._slot.atr()
            case _ if len(frame) < _SHORTEST_APDU:
                raise LineClosedError
            case _:
                return await self._transmit(frame)
        return None

    def _power(self, control: bytes) -> None:
        # Of a mute card the ATR is missing, which is how vpcd notices.
        with suppress(MuteCardError):
            _ = self._slot.reset() if control == _RESET else self._slot.power_on()

    async def _transmit(self, command: bytes) -> bytes:
        try:
            answer = await self._slot.transmit(command)
        except MuteCardError as error:
            raise LineClosedError from error  # vpcd would wait for ever
        return answer if len(answer) <= _LONGEST_FRAME else b"\x67\x00"
