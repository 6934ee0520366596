"""B1: GetSystem with identity, policy and metrics, against a bare default-loop grpc.aio mutual-TLS echo."""

import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from kartenwart.client import Profile
from tests.bench.ratios import Block, Figure, Wanted, compare, percentile
from tests.bench.sides import bare, cpu_seconds, keys_of, workstations
from tests.integration.security.conftest import lone_box

CALLS = 100
PAIRS = 60
WANTED = (
    Wanted(figure="GetSystem, sequential p50", unit="µs", bar=1.30),
    Wanted(figure="GetSystem, CPU of the server per call", unit="µs", bar=1.35),
)
GET_SYSTEM = "/kartenwart.api.system.v1.SystemService/GetSystem"


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """The echo gets and returns as many bytes as GetSystem answers."""
    async with AsyncExitStack() as stack:
        agent = await stack.enter_async_context(lone_box(folder / "box"))
        (profile,) = await workstations(agent, folder, 1)
        other = await stack.enter_async_context(bare(folder / "bare"))
        assert agent.process is not None
        ours = await _call(stack, profile)
        answer = await ours(b"")
        echo: Any = (await stack.enter_async_context(other.keys.channel())).unary_unary("/bare/Echo")
        return await compare(
            "B1",
            WANTED,
            _block(ours, b"", agent.process.process.pid),
            _block(echo, bytes(answer), other.pid),
            max(6, int(PAIRS * scale)),
        )


async def _call(stack: AsyncExitStack, profile: Profile) -> Any:
    return (await stack.enter_async_context(keys_of(profile).channel())).unary_unary(GET_SYSTEM)


def _block(call: Any, request: bytes, pid: int) -> Block:
    async def block() -> tuple[float, float]:
        took = []
        used = cpu_seconds(pid)
        for _ in range(CALLS):
            started = time.perf_counter()
            await call(request)
            took.append(time.perf_counter() - started)
        return percentile(took, 50) * 1e6, (cpu_seconds(pid) - used) / CALLS * 1e6

    return block
