"""B4: process start to the first answered mutual-TLS gRPC call, against the start of a Python with four imports.

The agent finds its state and its port as after a power cut: it was killed before. Both sides find bytecode: pip
compiles what it installs, deploy/install compiles our own code, and so does this bench with the checkout. (A machine
may forbid Python to write any by itself; then one side alone would compile at each start.)

Of three starts in a row the fastest counts, on both sides and in the null: what others do on the machine only ever
adds, and a single start is too short to average it out.
"""

import asyncio
import compileall
import socket
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.bench_b1 import GET_SYSTEM
from tests.bench.ratios import Block, Figure, Wanted, compare
from tests.bench.sides import Keys, keys_of, workstations
from tests.integration.security.conftest import lone_box
from tests.practice import Agent
from tests.processes import REPOSITORY

PAIRS = 15
STARTS = 3
WANTED = (Wanted(figure="start to the first answered call", unit="s", bar=2.5),)
IMPORTS = "import grpc.aio, cryptography.x509, zeroconf, lxml.etree; print(flush=True)"
LOOK_SECONDS = 0.002


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """The base is done when it says so, before it tidies up."""
    assert compileall.compile_dir(REPOSITORY / "agent" / "kartenwart", quiet=1)
    async with lone_box(folder / "box") as agent:
        (profile,) = await workstations(agent, folder, 1)
        await agent.kill()
        ours, base = _fastest(_ours(agent, keys_of(profile))), _fastest(_base)
        return await compare("B4", WANTED, ours, base, max(3, int(PAIRS * scale)))


def _fastest(start: Block) -> Block:
    async def block() -> tuple[float]:
        return (min([(await start())[0] for _ in range(STARTS)]),)

    return block


async def _base() -> tuple[float]:
    started = time.perf_counter()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", IMPORTS, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    await process.stdout.readline()
    took = time.perf_counter() - started
    await process.wait()
    return (took,)


def _ours(agent: Agent, keys: Keys) -> Block:
    async def block() -> tuple[float]:
        started = time.perf_counter()
        starting = asyncio.create_task(agent.start())
        await accepts(keys.port)
        async with keys.channel() as channel:
            call: Any = channel.unary_unary(GET_SYSTEM)
            await call(b"", wait_for_ready=True, timeout=20)
            took = time.perf_counter() - started
        await starting
        await agent.kill()
        return (took,)

    return block


async def accepts(port: int) -> None:
    """Return when somebody listens at a port."""
    async with asyncio.timeout(30):
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            await asyncio.sleep(LOOK_SECONDS)
