import asyncio
import json
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.lacking import lacking
from tests.processes import REPOSITORY

HERE = Path(__file__).parent
DISTRIBUTION_PYTHON = "/usr/bin/python3"
SECONDS = 20.0
ENDPOINT = struct.pack("<BBBBHB", 7, 5, 0x81, 2, 64, 0)


@dataclass(kw_only=True)
class Talk:
    """A process that speaks JSON lines."""

    process: asyncio.subprocess.Process
    heard: list[dict[str, Any]] = field(default_factory=list)

    async def say(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line.encode() + b"\n")
        await self.process.stdin.drain()

    async def hear(self, fits: Callable[[dict[str, Any]], Any], within: float = SECONDS) -> dict[str, Any]:
        """The next that fits; what does not is kept in `heard` only."""
        assert self.process.stdout
        async with asyncio.timeout(within):
            while line := await self.process.stdout.readline():
                self.heard.append(json.loads(line))
                if fits(self.heard[-1]):
                    return self.heard[-1]
        raise EOFError(f"it ended; it had said {self.heard[-5:]}")

    async def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        await asyncio.wait_for(self.process.wait(), SECONDS)


@asynccontextmanager
async def talking(*command: str | Path, **environment: str) -> AsyncIterator[Talk]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=REPOSITORY,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY / "agent")} | environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**20,
    )
    try:
        yield Talk(process=process)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@dataclass(kw_only=True)
class Bus:
    """The USB of the test; what is told to it has happened when the call is over."""

    talk: Talk
    directory: str

    async def plug(self, device: dict[str, Any]) -> None:
        await self._order(plug=device)

    async def pull(self, port: str) -> None:
        await self._order(pull=port)

    async def again(self, port: str) -> None:
        await self._order(again=port)

    async def cycle(self, device: dict[str, Any]) -> None:
        await self._order(cycle=device)

    async def _order(self, **order: Any) -> None:
        await self.talk.say(json.dumps(order))
        await self.talk.hear(lambda said: "done" in said, within=60)


@dataclass(kw_only=True)
class Onlooker:
    """The agent's adapter, looking at this bus."""

    talk: Talk

    async def sees(self, fits: Callable[[list[dict[str, Any]]], Any], within: float = SECONDS) -> list[dict[str, Any]]:
        said = await self.talk.hear(lambda said: "readers" in said and fits(said["readers"]), within)
        found: list[dict[str, Any]] = said["readers"]
        return found

    async def count(self) -> dict[str, Any]:
        await self.talk.say("count")
        return await self.talk.hear(lambda said: "threads" in said)

    async def reset(self, port: str) -> dict[str, Any]:
        await self.talk.say(f"reset {port}")
        return await self.talk.hear(lambda said: "reset" in said)


@pytest.fixture(scope="session")
def umockdev() -> str:
    """umockdev-wrapper; without umockdev and the distribution's gi the test is skipped by name, in CI it fails."""
    wrapper = shutil.which("umockdev-wrapper")
    script = "import gi; gi.require_version('UMockdev', '1.0')"
    if (
        wrapper is None
        or subprocess.run([DISTRIBUTION_PYTHON, "-c", script], check=False, capture_output=True).returncode
    ):
        lacking("needs the packages umockdev, gir1.2-umockdev-1.0 and python3-gi")
    return wrapper


@pytest.fixture
async def bus(umockdev: str) -> AsyncIterator[Bus]:
    async with talking(umockdev, DISTRIBUTION_PYTHON, HERE / "bus.py") as talk:
        said = await talk.hear(lambda said: "directory" in said)
        yield Bus(talk=talk, directory=said["directory"])
        await talk.end()


@pytest.fixture
async def onlooker(bus: Bus, umockdev: str) -> AsyncIterator[Onlooker]:
    async with watching(bus, umockdev) as looking:
        yield looking


@asynccontextmanager
async def watching(bus: Bus, umockdev: str, *through: str) -> AsyncIterator[Onlooker]:
    """One more onlooker, started `through` another command."""
    command: tuple[str | Path, ...] = (*through, umockdev, sys.executable, HERE / "onlooker.py")
    async with talking(*command, UMOCKDEV_DIR=bus.directory) as talk:
        yield Onlooker(talk=talk)


def reader(
    port: str = "1-1",
    number: int = 2,
    *,
    vendor: int = 0x046A,
    product: int = 0x003E,
    names: tuple[str, ...] = ("",),
    pins: int = 3,
    slots: int = 1,
    features: int = 0x0004_0840,
    serial: str = "",
    described: bool = True,
    behind_endpoint: bool = False,
) -> dict[str, Any]:
    """A reader with an interface per name (empty: the interface has none).

    Its class descriptor stands behind the interface, or with some makers behind the endpoint.
    """
    own = _class_descriptor(slots, features, pins) if described else b""
    rest = ENDPOINT + own if behind_endpoint else own + ENDPOINT
    interfaces = [struct.pack("<BBBBBBBBB", 9, 4, each, 0, 1, 0x0B, 0, 0, 0) + rest for each in range(len(names))]
    length = 9 + sum(len(each) for each in interfaces)
    configuration = struct.pack("<BBHBBBBB", 9, 2, length, len(names), 1, 0, 0x80, 50) + b"".join(interfaces)
    head = struct.pack(
        "<BBHBBBBHHHBBBB", 18, 1, 0x0200, 0, 0, 0, 64, vendor, product, 0x0511, 1, 2, 3 * bool(serial), 1
    )
    return {
        "port": port,
        "number": number,
        "descriptors": (head + configuration).hex().upper(),
        "idVendor": f"{vendor:04x}",
        "idProduct": f"{product:04x}",
        "bcdDevice": "0511",
        "manufacturer": "Cherry GmbH",
        "product": "SmartTerminal ST-2xxx",
        "serial": serial,
        "speed": "12",
        "bConfigurationValue": "1",
        "interfaces": [{"class": "0b", "name": name} for name in names],
    }


def _class_descriptor(slots: int, features: int, pins: int) -> bytes:
    head = struct.pack("<BBHBBI", 54, 0x21, 0x0110, slots - 1, 0x07, 3)
    clocks = struct.pack("<IIBIIB", 4000, 4000, 0, 10752, 10752, 0)
    return head + clocks + struct.pack("<IIIIIBBHBB", 254, 0, 0, features, 279, 0xFF, 0xFF, 0, pins, 1)
