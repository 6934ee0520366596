"""The simulator's end of our IFD handler (`firmware-sim/ifd/kartenwart_ifd.c` names the frames)."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum
from pathlib import Path

from firmware_sim.pads.pad import PadBusyError
from firmware_sim.readers.frames import Line, LineClosedError
from firmware_sim.readers.pad_dialog import PadDialog
from firmware_sim.readers.slot import MuteCardError, NoCardError, NoReaderError, ReaderSlot

LONGEST_PATH = 107
_LONGEST_FRAME = 70_000
# PC/SC part 10, properties (tag, length, little-endian value): two lines of 16 characters, the green key ends an entry,
# PINs of 4 to 12 digits, a name for the firmware, no pseudo APDUs, APDUs up to 64 KB.
PROPERTIES = b"".join(
    bytes([tag, len(value)]) + value
    for tag, value in (
        (0x01, bytes.fromhex("1002")),
        (0x02, b"\x02"),
        (0x03, b"\x00"),
        (0x04, bytes.fromhex("1000")),
        (0x05, bytes.fromhex("0200")),
        (0x06, b"\x04"),
        (0x07, b"\x0c"),
        (0x08, b"kartenwart-sim"),
        (0x09, b"\x00"),
        (0x0A, bytes.fromhex("00000100")),
    )
)


class Code(IntEnum):
    """Response codes of ifdhandler.h."""

    SUCCESS = 0
    POWER_ACTION = 608
    COMMUNICATION_ERROR = 612
    RESPONSE_TIMEOUT = 613
    PRESENT = 615
    NOT_PRESENT = 616


class Bridge:
    """The USB plug of a reader with a pad: in while `plugged`, with a socket to which the handler connects."""

    def __init__(self, path: Path, slot: ReaderSlot, dialog: PadDialog) -> None:
        if len(str(path)) > LONGEST_PATH:
            raise OSError(f"the path of a reader's socket is too long ({path}); take a shorter --state")
        self.path = path
        self._slot = slot
        self._dialog = dialog
        self._lines: set[asyncio.Task[None]] = set()
        self._listening: asyncio.Task[None] | None = None

    @property
    def plugged(self) -> bool:
        return self._listening is not None

    def plug(self) -> None:
        """Listen for the handler; does nothing when it is plugged in."""
        if self._listening is not None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.bind(str(self.path))
        listener.listen()
        self._listening = asyncio.create_task(self._accept(listener))

    def unplug(self) -> None:
        """Cut the handler's connections and let nobody connect; the card loses its power."""
        if self._listening is None:
            return
        self._listening.cancel()
        self._listening = None
        self.path.unlink(missing_ok=True)
        for line in self._lines:
            line.cancel()
        self._slot.power_off()

    async def close(self) -> None:
        """Unplug, and wait until nothing of it runs."""
        tasks = [*self._lines, *([self._listening] if self._listening else [])]
        self.unplug()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self, listener: socket.socket) -> None:
        try:
            while True:
                connected, _ = await asyncio.get_running_loop().sock_accept(listener)
                task = asyncio.create_task(self._serve(Line(connected)))
                self._lines.add(task)
                task.add_done_callback(self._lines.discard)
        finally:
            listener.close()

    async def _serve(self, line: Line) -> None:
        """One connection of the handler: for commands, or (E) to be told of changes."""
        try:
            frame = await _frame(line)
            if frame == b"E":
                await self._tell_changes(line)
            else:
                await self._obey(line, frame)
        except (LineClosedError, NoReaderError):
            pass  # as a cable does that is pulled
        finally:
            line.close()

    async def _obey(self, line: Line, frame: bytes) -> None:
        try:
            while True:
                code, data = await self._answer(frame[:1], frame[1:])
                await line.write((len(data) + 2).to_bytes(4, "big") + code.to_bytes(2, "big") + data)
                frame = await _frame(line)
        finally:
            self._slot.power_off()

    async def _tell_changes(self, line: Line) -> None:
        async with _reading(line) as ended:
            while not ended.done():
                self._slot.change.clear()
                changed = asyncio.create_task(self._slot.change.wait())
                await asyncio.wait({changed, ended}, return_when=asyncio.FIRST_COMPLETED)
                changed.cancel()
                if not ended.done():
                    await line.write(b"!")

    async def _answer(self, operation: bytes, data: bytes) -> tuple[Code, bytes]:
        """What the handler gets back. Raises `LineClosedError` for what it never asks, `NoReaderError`."""
        try:
            return await self._carried_out(operation, data)
        except NoCardError:
            return (Code.POWER_ACTION if operation in b"UR" else Code.COMMUNICATION_ERROR), b""
        except MuteCardError:
            return (Code.POWER_ACTION if operation in b"UR" else Code.RESPONSE_TIMEOUT), b""
        except PadBusyError:
            return Code.COMMUNICATION_ERROR, b""

    async def _carried_out(self, operation: bytes, data: bytes) -> tuple[Code, bytes]:
        match operation:
            case b"S":
                return (Code.PRESENT if self._slot.card else Code.NOT_PRESENT), b""
            case b"T":
                return Code.SUCCESS, await self._slot.transmit(data)
            case b"V":
                return Code.SUCCESS, await self._dialog.verify(data)
            case b"M":
                return Code.SUCCESS, await self._dialog.modify(data)
            case _:
                return Code.SUCCESS, self._at_once(operation)

    def _at_once(self, operation: bytes) -> bytes:
        match operation:
            case b"U":
                return self._slot.power_on()
            case b"R":
                return self._slot.reset()
            case b"D":
                self._slot.power_off()
                return b""
            case b"L":
                return PROPERTIES
        raise LineClosedError


async def _frame(line: Line) -> bytes:
    """The next request. Raises `LineClosedError`."""
    size = int.from_bytes(await line.read(4), "big")
    if not 1 <= size <= _LONGEST_FRAME:
        raise LineClosedError
    return await line.read(size)


@asynccontextmanager
async def _reading(line: Line) -> AsyncIterator[asyncio.Task[bytes]]:
    """A task that ends when the other side leaves: nothing is expected from it."""
    ended = asyncio.create_task(line.read(1))
    try:
        yield ended
    finally:
        ended.cancel()
        await asyncio.gather(ended, return_exceptions=True)
