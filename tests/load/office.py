"""A large practice at work: many workstations that read, one that never reads its stream, and strangers at the port."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import grpc

from kartenwart.api.inventory.v1 import inventory_service_pb2
from kartenwart.client import Profile
from kartenwart.client.grpc_wire import GrpcWire, grpc_wire
from tests.bench.ratios import percentile
from tests.bench.sides import keys_of
from tests.practice import Agent, Simulator

CALLS = (
    ("inventory.v1.InventoryService/GetInventory", b""),
    ("card.v1.CardService/ListCards", b""),
    ("system.v1.SystemService/GetSystem", b""),
    ("inventory.v1.InventoryService/ListEvents", b""),
    ("terminal.v1.TerminalService/ListTerminals", b""),
)
WATCH = "/kartenwart.api.inventory.v1.InventoryService/WatchInventory"
HANDSHAKES_AT_ONCE = 4


@dataclass(kw_only=True)
class Day:
    """What happened: seconds that calls took, and the words of those that failed."""

    took: list[float] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def p99(self) -> float:
        """The 99th percentile of all calls, in seconds."""
        return percentile(self.took, 99)


async def work(profiles: Sequence[Profile], count: int, seconds: float, each: float) -> Day:
    """Let `count` workstations make `each` calls a second, in turn of five kinds; workstations share the profiles."""
    day = Day()
    async with AsyncExitStack() as stack:
        desks = [
            await stack.enter_async_context(keys_of(profiles[number % len(profiles)]).channel())
            for number in range(count)
        ]
        start = asyncio.get_running_loop().time() + 0.5
        await asyncio.gather(
            *(_desk(desk, day, start + number / each / count, seconds, each) for number, desk in enumerate(desks))
        )
    return day


async def _desk(channel: grpc.aio.Channel, day: Day, start: float, seconds: float, each: float) -> None:
    loop = asyncio.get_running_loop()
    for number in range(int(seconds * each)):
        await asyncio.sleep(max(0.0, start + number / each - loop.time()))
        path, request = CALLS[number % len(CALLS)]
        call: Any = channel.unary_unary(f"/kartenwart.api.{path}")
        started = time.perf_counter()
        try:
            await call(request, timeout=10)
        except grpc.aio.AioRpcError as error:
            day.failed.append(f"{path}: {error.code().name} {error.details()}")
        day.took.append(time.perf_counter() - started)


@asynccontextmanager
async def busy_slot(simulator: Simulator, every: float) -> AsyncIterator[list[float]]:
    """Put a patient's card in and out, every so many seconds; yields when (monotonic) each change was made."""
    changes: list[float] = []

    async def change() -> None:
        while True:
            await asyncio.sleep(every)
            changes.append(time.monotonic())
            await simulator.do("/cards/egk-muster/pull")
            await asyncio.sleep(every)
            changes.append(time.monotonic())
            await simulator.do("/cards/egk-muster/insert", terminal="kt-empfang", slot=1)

    task = asyncio.create_task(change())
    try:
        yield changes
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def watching(profile: Profile) -> AsyncIterator[list[float]]:
    """Read the stream of the whole picture as one should; yields when (monotonic) each picture came."""
    pictures: list[float] = []

    async def read(channel: grpc.aio.Channel) -> None:
        watch: Any = channel.unary_stream(WATCH)
        async for _ in watch(b""):
            pictures.append(time.monotonic())  # noqa: PERF401 - each at once, while the stream goes on

    async with keys_of(profile).channel() as channel:
        task = asyncio.create_task(read(channel))
        try:
            yield pictures
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def slowest(changes: Sequence[float], pictures: Sequence[float]) -> float:
    """Return the longest time in which a change had no picture behind it; the last change may be on its way."""
    return max(next((seen for seen in pictures if seen > made), float("inf")) - made for made in changes[:-1])


@asynccontextmanager
async def never_reading(profile: Profile, streams: int) -> AsyncIterator[None]:
    """Open streams of the whole picture and read none of them: what was sent fills the connection and stays there."""
    async with keys_of(profile).channel((("grpc.http2.lookahead_bytes", 1024),)) as channel:
        opened = []
        for _ in range(streams):
            watch: Any = channel.unary_stream(WATCH)
            opened.append(watch(b""))
        await asyncio.gather(*(stream.initial_metadata() for stream in opened))
        yield
        for stream in opened:
            stream.cancel()


@asynccontextmanager
async def idle_strangers(port: int, count: int) -> AsyncIterator[None]:
    """Hold so many TCP connections and say nothing."""
    held = []
    try:
        for number in range(count):
            one = socket.socket()
            held.append(one)
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
            if number % 50 == 49:
                await asyncio.sleep(0.01)
        yield
    finally:
        for one in held:
            one.close()


@asynccontextmanager
async def handshakes(port: int, at_once: int = HANDSHAKES_AT_ONCE) -> AsyncIterator[list[int]]:
    """Shake hands without a certificate, again and again; yields a list with the number of tries so far."""
    tried = [0]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])

    async def flood() -> None:
        while True:
            tried[0] += 1
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
                writer.close()
            except OSError:
                await asyncio.sleep(0.01)

    tasks = [asyncio.create_task(flood()) for _ in range(at_once)]
    try:
        yield tried
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def loop_lag(agent: Agent) -> list[tuple[float, int]]:
    """Return the histogram of the loop's lag: (at most so many seconds, observations in all)."""
    connector = aiohttp.UnixConnector(path=str(agent.socket))
    async with aiohttp.ClientSession(connector=connector) as http, http.get("http://box/metrics") as answer:
        text = await answer.text()
    prefix = 'kartenwart_loop_lag_seconds_bucket{le="'
    lines = [line.removeprefix(prefix) for line in text.splitlines() if line.startswith(prefix)]
    return [(float(line.partition('"')[0]), int(float(line.rpartition(" ")[2]))) for line in lines]


def lag_p99(before: Sequence[tuple[float, int]], after: Sequence[tuple[float, int]]) -> float:
    """Return the bound under which 99 of 100 observations between two looks lie, in seconds."""
    counts = [(bound, now - then) for (bound, now), (_, then) in zip(after, before, strict=True)]
    whole = counts[-1][1]
    return next(bound for bound, count in counts if count >= 0.99 * whole)


async def seen(profile: Profile, cards: int, terminals: int, within: float = 90.0) -> None:
    """Wait until a workstation sees a practice of that size."""
    async with grpc_wire(profile) as wire, asyncio.timeout(within):
        while not _large(await _picture(wire), cards, terminals):
            await asyncio.sleep(0.5)


async def _picture(wire: GrpcWire) -> Any:
    request, reply = inventory_service_pb2.GetInventoryRequest(), inventory_service_pb2.GetInventoryResponse
    return (await wire.call(request, reply)).inventory


def _large(inventory: Any, cards: int, terminals: int) -> bool:
    return len(inventory.cards) >= cards and len(inventory.terminals) >= terminals
