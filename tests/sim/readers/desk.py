"""A practice with readers, a pcscd that has found them, and clients of that pcscd."""

import asyncio
import json
import re
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firmware_sim.readers.conf import VPCD, described, write_conf
from firmware_sim.simulation import Simulation, build
from firmware_sim.world.reading import default_text, read_world
from tests.lacking import lacking
from tests.pcscd import Pcscd, pcscd

_CLIENT = Path(__file__).with_name("pcsc_client.py")
_PLACE = re.compile(r"^(terminal|slot) = .*\n", re.MULTILINE)


class Refused(Exception):
    """PC/SC's error code, as 8 hexadecimal digits."""


Ask = Callable[..., Awaitable[Any]]


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What a test has: the practice, its pcscd, and where both write."""

    simulation: Simulation
    pcscd: Pcscd
    folder: Path

    async def readers(self, ask: Ask, count: int, within: float = 15) -> list[str]:
        """The names that pcscd lists, once there are so many."""
        found: list[str] = []
        async with asyncio.timeout(within):
            while len(found) != count:
                try:
                    found = await ask("readers")
                except Refused:  # none at all
                    found = []
                await asyncio.sleep(0.05)
        return found

    async def opensc(self, *arguments: str) -> str:
        """What opensc-tool prints."""
        process = await asyncio.create_subprocess_exec(
            "opensc-tool",
            *arguments,
            env={"PATH": "/usr/bin:/bin", **self.pcscd.environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(), 20)
        return said.decode()


def world_text(readers: str) -> str:
    """The default world with all cards in a drawer, and these readers."""
    text = _PLACE.sub("", default_text())
    text, _, _ = text.partition("# The PVS unlocked")
    return text + readers


@asynccontextmanager
async def desk(readers: str, state: Path, folder: Path, handler: Path) -> AsyncIterator[Desk]:
    """Everything running; `state` may keep the PKI of other tests."""
    simulation = build(read_world(world_text(readers)), state)
    if not VPCD.exists() or shutil.which("opensc-tool") is None:
        lacking("needs vsmartcard-vpcd and opensc")
    configured = simulation.practice.configuration.readers
    write_conf([described(one, state) for one in configured], folder / "conf", state, handler, VPCD)
    ports = [one.port + slot for one in configured if one.kind == "plain" for slot in range(one.slots)]
    async with simulation, pcscd(folder / "conf", ports) as daemon:
        yield Desk(simulation=simulation, pcscd=daemon, folder=folder)


@asynccontextmanager
async def client(environment: Mapping[str, str]) -> AsyncIterator[Ask]:
    """`await ask("transmit", data="00A4040C")`: a client of pcscd. Raises `Refused` with PC/SC's code."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        _CLIENT,
        env={"PATH": "/usr/bin:/bin", **environment},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )

    async def ask(what: str, **details: Any) -> Any:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps({"do": what, **details}).encode() + b"\n")
        answer = json.loads(await asyncio.wait_for(process.stdout.readline(), 40))
        if "error" in answer:
            raise Refused(answer["error"])
        return answer["answer"]

    try:
        yield ask
    finally:
        process.kill()
        await process.wait()
