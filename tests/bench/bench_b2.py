"""B2: a CETP frame in until the last of 100 subscribers has what it changed, against a bare one-to-100 fan-out.

WatchEvents gets a PIN entry that began: an edge that asks for no poll. WatchInventory gets an error condition, on a
picture of 40 cards; the poll that then takes it back is waited for, on either side.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from kartenwart.domain.inventory import CardType
from tests.bench.cards import adapter
from tests.bench.ratios import Block, Figure, Wanted, compare, percentile
from tests.bench.sides import Frames, Stream, bare, frames, keys_of, streams, workstations
from tests.bench.worlds import settings, with_cards
from tests.practice import Practice, practice

SUBSCRIBERS = 100
CARDS = 40
ENROLLED = 5  # workstations; each has its share of the subscribers, every subscriber a connection of its own
PAIRS = 60
FRAMES = 10
SLOW_FRAMES = 2
POLL_SECONDS = 0.5
DESK = ("m1", "empfang", "kartenwart")
TOPICS = 5
EVENTS = "/kartenwart.api.inventory.v1.InventoryService/WatchEvents"
PICTURES = "/kartenwart.api.inventory.v1.InventoryService/WatchInventory"
EVENT = (
    '<Event xmlns="http://ws.gematik.de/conn/EventService/v7.2"><Topic>{topic}</Topic><Type>Operation</Type>'
    "<Severity>Info</Severity><SubscriptionID>{subscription}</SubscriptionID><Message>{parameters}</Message></Event>"
)


async def measure(folder: Path, scale: float = 1.0) -> list[Figure]:
    """Both kinds of stream, each with a null of its own."""
    world = folder / "world.toml"
    world.write_text(with_cards(CARDS), encoding="utf-8")
    async with practice(folder, world, settings(poll_interval=3600)) as here, bare(folder / "bare") as other:
        profiles = await workstations(here.agent, folder, ENROLLED, ("empfang",))
        ours = [keys_of(profiles[number % ENROLLED]) for number in range(SUBSCRIBERS)]
        events = await _side(here, scale, ours, [other.keys] * SUBSCRIBERS, other.events, pictures=False)
        pictures = await _side(here, scale, ours, [other.keys] * SUBSCRIBERS, other.events, pictures=True)
        return [*events, *pictures]


async def _side(here: Practice, scale: float, ours: Any, theirs: Any, port: int, *, pictures: bool) -> list[Figure]:
    konnektor = await _konnektor(here)
    name = "WatchInventory, 40 cards" if pictures else "WatchEvents"
    async with AsyncExitStack() as stack:
        mine = await stack.enter_async_context(streams(ours, PICTURES if pictures else EVENTS, b""))
        into = await stack.enter_async_context(frames(konnektor.port, konnektor.source))
        agent = Fan(streams=mine, frames=into)
        if pictures:
            sample = (await agent.read())[0]
            block = _pictures(agent, konnektor)
        else:
            await asyncio.sleep(0.5)  # a stream of events says nothing until there is one
            sample = (await agent.after(konnektor.pin_entry()))[1]
            block = _block(agent, konnektor.pin_entry, FRAMES)
        bare_streams = await stack.enter_async_context(streams(theirs, "/bare/Watch", sample))
        plain = Fan(streams=bare_streams, frames=await stack.enter_async_context(frames(port)))
        await plain.read()
        frame = konnektor.condition("BENCH", active=True) if pictures else konnektor.pin_entry()
        other = _block(plain, lambda: frame, SLOW_FRAMES if pictures else FRAMES)
        wanted = (
            Wanted(figure=f"{name}: frame to the last of 100, p50", unit="ms", bar=1.5),
            Wanted(figure=f"{name}: frame to the last of 100, p99", unit="ms", bar=2.0),
        )
        pairs = max(6, int(PAIRS * scale))
        return _over_all(await compare("B2", wanted, block, other, pairs), agent.took, plain.took)


@dataclass(kw_only=True)
class Fan:
    """One way in and 100 ways out."""

    streams: list[Stream]
    frames: Frames

    def __post_init__(self) -> None:
        self.took: list[float] = []

    async def read(self) -> list[bytes]:
        """Read the next message of every stream."""
        return list(await asyncio.gather(*(stream.read() for stream in self.streams)))

    async def after(self, payload: bytes) -> tuple[float, bytes]:
        """Send a frame; return the milliseconds until the last has its message, and the message."""
        reading = asyncio.gather(*(stream.read() for stream in self.streams))
        await asyncio.sleep(0.005)
        started = time.perf_counter()
        self.frames.send(payload)
        messages = await asyncio.wait_for(reading, 20)
        return (time.perf_counter() - started) * 1000, messages[-1]


def _block(fan: Fan, payload: Callable[[], bytes], count: int) -> Block:
    async def block() -> tuple[float, float]:
        took = [(await fan.after(payload()))[0] for _ in range(count)]
        fan.took += took
        return percentile(took, 50), percentile(took, 99)

    return block


def _pictures(fan: Fan, konnektor: "Konnektor") -> Block:
    """A condition that no poll confirms is in the picture for one change, and with the poll out of it by another."""

    async def once() -> float:
        took, message = await fan.after(konnektor.condition("BENCH", active=True))
        assert b"EC_BENCH" in message
        async with asyncio.timeout(20):
            while b"EC_BENCH" in (await fan.read())[-1]:
                pass
        await asyncio.sleep(POLL_SECONDS)
        return took

    async def block() -> tuple[float, float]:
        took = [await once() for _ in range(SLOW_FRAMES)]
        fan.took += took
        return percentile(took, 50), percentile(took, 99)

    return block


def _over_all(figures: list[Figure], ours: list[float], base: list[float]) -> list[Figure]:
    """A p99 within a block of ten is its worst; told beside the ratio is that of all frames."""
    half, tail = figures
    return [half, replace(tail, ours=percentile(ours, 99), base=percentile(base, 99))]


@dataclass(frozen=True, kw_only=True)
class Konnektor:
    """What is needed to speak in a Konnektor's place."""

    subscriptions: dict[str, str]
    card: str
    port: int
    source: str

    def pin_entry(self) -> bytes:
        """A PIN entry begins at a pad."""
        return self._event("CARD/PIN/VERIFY_STARTED", CardHandle=self.card, PinRef="PIN.CH", PinInputCtID="kt-empfang")

    def condition(self, name: str, *, active: bool) -> bytes:
        """An error condition of the Konnektor begins or ends."""
        return self._event(f"OPERATIONAL_STATE/EC_{name}", Value="true" if active else "false")

    def _event(self, topic: str, **parameters: str) -> bytes:
        listed = "".join(f"<Parameter><Key>{k}</Key><Value>{v}</Value></Parameter>" for k, v in parameters.items())
        subscription = self.subscriptions[topic.partition("/")[0]]
        return EVENT.format(topic=topic, subscription=subscription, parameters=listed).encode()


async def _konnektor(here: Practice) -> Konnektor:
    async with adapter(here.simulator) as device:
        card = next(one for one in (await device.observe()).cards if one.type is CardType.HBA)

    async def ours() -> list[dict[str, Any]]:
        told = (await here.simulator.ask("/state"))["konnektors"][0]["subscriptions"]
        return [one for one in told if (one["mandant"], one["workplace"], one["client_system"]) == DESK]

    async with asyncio.timeout(30):
        while len(found := await ours()) < TOPICS:
            await asyncio.sleep(0.2)
    return Konnektor(
        subscriptions={one["topic"]: one["id"] for one in found},
        card=card.handle,
        port=int(found[0]["event_to"].rpartition(":")[2]),
        source=here.simulator.konnektor["address"],
    )
