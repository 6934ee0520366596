"""`kartenwart-sim desk` in a terminal window: what it shows, what keys do, and how it ends."""

import asyncio
import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.processes import REPOSITORY, Start
from tests.sim.readers.blocks import VERIFY_SMC, verify_block
from tests.sim.readers.desk import world_text

SIM = (sys.executable, "-m", "firmware_sim")
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(REPOSITORY / "firmware-sim"), "TERM": "xterm"}
READERS = '[[readers]]\nname = "pad"\nkind = "pad"\ncard = "smcb-m1"\n'


@dataclass(kw_only=True)
class Window:
    """A terminal window with the desk in it."""

    terminal: int
    process: asyncio.subprocess.Process
    shown: bytes = b""

    def press(self, *keys: bytes) -> None:
        for key in keys:
            os.write(self.terminal, key)

    async def shows(self, expected: bytes) -> None:
        async with asyncio.timeout(15):
            while expected not in self.shown:
                self.shown += await asyncio.to_thread(os.read, self.terminal, 4000)

    async def ends(self) -> int:
        """Read on, or it would wait for somebody who does, until it is gone."""
        ending = asyncio.create_task(self.process.wait())
        async with asyncio.timeout(10):
            while not ending.done():
                try:
                    self.shown += await asyncio.to_thread(os.read, self.terminal, 4000)
                except OSError:
                    break
        return await ending


@asynccontextmanager
async def window(state: Path) -> AsyncIterator[Window]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    process = await asyncio.create_subprocess_exec(
        *SIM, "desk", "--state", state, stdin=theirs, stdout=theirs, stderr=theirs, env=ENVIRONMENT
    )
    os.close(theirs)
    try:
        yield Window(terminal=ours, process=process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        os.close(ours)


@pytest.fixture
async def state(start: Start, tmp_path: Path) -> Path:
    """The state directory of a running practice with one reader."""
    (tmp_path / "world.toml").write_text(world_text(READERS), encoding="utf-8")
    # Not in the test's own folder: the path of a UNIX socket is short.
    running = await start(*SIM, "run", "--state", tmp_path / "s", "--world", tmp_path / "world.toml")
    await running.file(tmp_path / "s" / "sim.json")
    return tmp_path / "s"


async def state_of(state: Path) -> dict[str, Any]:
    address = json.loads((state / "sim.json").read_text())["control"]
    async with aiohttp.ClientSession() as session, session.get(f"{address}/state") as answer:
        told: dict[str, Any] = await answer.json()
        return told


@pytest.mark.parametrize("key", [b"q", b"\x03"])
async def test_cards_at_the_desk(state: Path, key: bytes) -> None:
    async with window(state) as desk:
        await desk.shows(b"kt-sprechzimmer")
        await desk.shows(b"Kartenleser bereit")
        await desk.shows(b"1: smcb-m1")
        desk.press(b"\t", b"\t", b"p")
        await desk.shows(b"drawer: smcb-m1")
        desk.press(b"p")
        await desk.shows(b"pad holds no card")
        desk.press(b"i", b"\t", b"i")
        await asyncio.sleep(0.5)
        desk.press(key)
        assert await desk.ends() == 0
    told = await state_of(state)
    assert told["readers"][0]["slots"] == {"1": "smcb-m1"}
    assert told["terminals"][0]["slots"]["1"] == "smcb-m2"


async def test_a_pin_typed_at_the_desk(state: Path) -> None:
    reader, writer = await asyncio.open_unix_connection(state / "readers" / "pad.sock")

    async def handler(operation: bytes, data: bytes = b"") -> bytes:
        writer.write((len(data) + 1).to_bytes(4, "big") + operation + data)
        return await reader.readexactly(int.from_bytes(await reader.readexactly(4), "big"))

    async with window(state) as desk:
        await desk.shows(b"Kartenleser bereit")
        assert (await handler(b"U"))[:3] == b"\x00\x00\x3b"
        entry = asyncio.create_task(handler(b"V", bytes.fromhex(verify_block(VERIFY_SMC))))
        desk.press(b"\t", b"\t")
        await desk.shows(b"PIN eingeben")
        desk.press(b"1", b"3", b"5", b"7", b"9", b"9", b"\x7f", b"0")
        await desk.shows(b"******")
        desk.press(b"\r")
        assert await asyncio.wait_for(entry, 10) == b"\x00\x00\x90\x00"
        await desk.shows(b"PIN korrekt")
        assert b"135" not in desk.shown
        desk.press(b"q")
        assert await desk.ends() == 0
    writer.close()
    await writer.wait_closed()


async def test_the_desk_without_a_terminal_window(state: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *SIM, "desk", "--state", state, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=ENVIRONMENT
    )
    _, said = await asyncio.wait_for(process.communicate(), 20)
    assert (process.returncode, b"needs a terminal" in said) == (1, True)
