"""B11: the box is killed and away for ten seconds: when is the last of 100 workstations back?

Three groups wait at once for the same box, from the moment when its port accepts again: ours with the client's options
and two with gRPC's default backoff. Those two against each other are the null, from the same kills as the figure.
gRPC draws its backoff at random, by 20 %, and the last of a group is an extreme of such draws: hence the rounds.
"""

import asyncio
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import fmean, median
from typing import Any

import grpc

from kartenwart.client.grpc_wire import RECONNECTING
from tests.bench.bench_b1 import GET_SYSTEM
from tests.bench.bench_b4 import accepts
from tests.bench.ratios import Figure
from tests.bench.sides import Keys, keys_of, workstations
from tests.integration.security.conftest import lone_box
from tests.practice import Agent

WORKSTATIONS = 100
ENROLLED = 5
ROUNDS = 8
DOWN_SECONDS = 10.0
BAR = 0.25
PATIENCE = 90.0


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """Every round is a kill of its own."""
    rounds = max(1, int(ROUNDS * scale))
    async with lone_box(folder / "box") as agent:
        profiles = await workstations(agent, folder, ENROLLED)
        keys = [keys_of(profiles[number % ENROLLED]) for number in range(WORKSTATIONS)]
        found = [await _round(agent, keys, (RECONNECTING, (), ())) for _ in range(rounds)]
    return [
        Figure(
            id="B11",
            figure="the last of 100 is back after a kill",
            ratio=median(ours / fmean(base) for ours, *base in found),
            bar=BAR,
            null=median(left / right for _, left, right in found),
            ours=median(ours for ours, *_ in found),
            base=median(fmean(base) for _, *base in found),
            unit="s",
        )
    ]


async def _round(agent: Agent, keys: Sequence[Keys], groups_options: Sequence[Any]) -> list[float]:
    """Return the seconds until the last of each group is back."""
    async with AsyncExitStack() as stack:
        groups = []
        for options in groups_options:
            channels = [await stack.enter_async_context(key.channel(options)) for key in keys]
            await asyncio.gather(*(_answered(channel) for channel in channels))
            groups.append(channels)
        await agent.kill()
        back = [asyncio.gather(*(_answered(channel) for channel in channels)) for channels in groups]
        await asyncio.sleep(DOWN_SECONDS)
        starting = asyncio.create_task(agent.start())
        await accepts(keys[0].port)
        since = time.perf_counter()
        waited = [max(times) - since for times in await asyncio.gather(*back)]
        await starting
        return waited


async def _answered(channel: grpc.aio.Channel) -> float:
    """Return when a call was answered; one that was under way when the box died is asked again."""
    call: Any = channel.unary_unary(GET_SYSTEM)
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await call(b"", wait_for_ready=True, timeout=PATIENCE)
            except grpc.aio.AioRpcError as error:
                if error.code() is not grpc.StatusCode.UNAVAILABLE:
                    raise
            else:
                return time.perf_counter()
