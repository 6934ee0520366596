"""P1: ListCards by a connected workstation, against a fresh process that asks the Konnektor by SOAP."""

import asyncio
import sys
import time
from contextlib import AsyncExitStack
from pathlib import Path

from kartenwart.client import Kartenwart
from tests.bench.cards import adapter
from tests.bench.ratios import Block, Figure, Wanted, compare, percentile
from tests.practice import Practice, practice

PAIRS = 40
CALLS = 20
STARTS = 3
WANTED = (Wanted(figure="ListCards, connected", unit="ms", bar=0.05),)
SCRIPT = Path(__file__).with_name("asking.py")


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """Both list the same cards; the process is told where to ask, and the fastest of three starts counts."""
    async with AsyncExitStack() as stack:
        here = await stack.enter_async_context(practice(folder))
        profile = await here.workstation("Empfang", contexts=("empfang",))
        box = await stack.enter_async_context(here.connected(profile))
        await here.card(box, "SMC_B", "0101")
        command = await _command(here)
        assert await _asked(command) == len(await box.cards.list())
        return await compare("P1", WANTED, _ours(box), _base(command), max(2, int(PAIRS * scale)))


def _ours(box: Kartenwart) -> Block:
    async def block() -> tuple[float]:
        took = []
        for _ in range(CALLS):
            started = time.perf_counter()
            await box.cards.list()
            took.append(time.perf_counter() - started)
        return (percentile(took, 50) * 1000,)

    return block


def _base(command: list[str]) -> Block:
    async def block() -> tuple[float]:
        took = []
        for _ in range(STARTS):
            started = time.perf_counter()
            await _asked(command)
            took.append(time.perf_counter() - started)
        return (min(took) * 1000,)

    return block


async def _asked(command: list[str]) -> int:
    """Return how many cards the process found."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    assert process.returncode == 0
    return len(told.splitlines())


async def _command(here: Practice) -> list[str]:
    async with adapter(here.simulator) as konnektor:
        endpoint = (await konnektor._link.services()).of("EventService").endpoint
    told = here.simulator.konnektor
    client = told["clients"]["kartenwart"]
    where = [endpoint.host, str(endpoint.port), endpoint.path, told["root_pem"], client["cert_pem"], client["key_pem"]]
    return [sys.executable, str(SCRIPT), *where]
