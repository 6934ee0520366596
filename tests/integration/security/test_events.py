"""Forged events: whoever sends them, the picture stays what the Konnektor says, and the agent answers."""

import asyncio
import json
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
import pytest_asyncio

from kartenwart.api.card.v1 import card_pb2
from tests.practice import Practice

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-events")]

KONNEKTOR, FOREIGN = "127.0.0.2", "127.0.0.9"
EVENT = """<?xml version="1.0" encoding="UTF-8"?>
<EVT:Event xmlns:EVT="http://ws.gematik.de/conn/EventService/v7.2">
<EVT:Topic>{topic}</EVT:Topic><EVT:Type>Operation</EVT:Type><EVT:Severity>Info</EVT:Severity>
<EVT:SubscriptionID>{subscription}</EVT:SubscriptionID><EVT:Message>{parameters}</EVT:Message></EVT:Event>"""


@dataclass(frozen=True, kw_only=True)
class Listener:
    """Where the agent takes events, and what a forger could know."""

    here: Practice
    host: str
    port: int
    subscription: str
    handles: Sequence[str]

    async def connect(self, source: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return await asyncio.open_connection(self.host, self.port, ssl=context, local_addr=(source, 0))

    async def send(self, source: str, data: bytes) -> None:
        """Send bytes and wait until the agent hangs up, or for a moment."""
        with suppress(OSError):
            reader, writer = await self.connect(source)
            writer.write(data)
            with suppress(OSError, TimeoutError):
                await writer.drain()
                await asyncio.wait_for(reader.read(), 0.3)
            writer.transport.abort()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def listener(here: Practice) -> Listener:
    async with here.technician() as box:
        await here.card(box, "HBA", "0201")
    async with asyncio.timeout(20):
        while not (state := await here.simulator.ask("/state"))["konnektors"][0]["subscriptions"]:
            await asyncio.sleep(0.1)
    subscription = state["konnektors"][0]["subscriptions"][0]
    place = urlsplit(subscription["event_to"])
    assert place.hostname is not None
    assert place.port is not None
    handles = [card["handle"] for card in state["cards"] if card["handle"]]
    return Listener(here=here, host=place.hostname, port=place.port, subscription=subscription["id"], handles=handles)


def removal(handle: str, subscription: str) -> bytes:
    parameters = f"<EVT:Parameter><EVT:Key>CardHandle</EVT:Key><EVT:Value>{handle}</EVT:Value></EVT:Parameter>"
    return framed(EVENT.format(topic="CARD/REMOVED", subscription=subscription, parameters=parameters).encode())


def framed(payload: bytes) -> bytes:
    return b"CETP" + len(payload).to_bytes(4, "big") + payload


async def picture(here: Practice) -> tuple[object, ...]:
    """Everything that an event could change, and how many edges there were."""
    async with here.technician() as box:
        seen = (await box.inventory.get()).inventory
        events = (await box.inventory.events(size=1000)).events
    cards = sorted((card.name, card.type, str(card.routes), str(card.pin_states)) for card in seen.cards)
    terminals = sorted((one.name, one.connected) for one in seen.terminals)
    links = sorted((one.name, one.link_state, str(one.error_conditions)) for one in seen.konnektors)
    return cards, terminals, links, len(events)


async def dropped(here: Practice) -> dict[str, int]:
    """What the journal says last of events that were not taken."""
    assert here.agent.process is not None
    lines = [line for line in here.agent.process.lines if '"cetp_dropped"' in line]
    told: dict[str, int] = json.loads(lines[-1].partition(">")[2]) if lines else {}
    return told


async def test_forged_events_change_nothing_and_are_counted(listener: Listener) -> None:
    here = listener.here
    before = await picture(here)
    forged = [removal(handle, "erfunden") for handle in listener.handles]
    stolen = [removal(handle, listener.subscription) for handle in listener.handles]
    for frame in stolen:  # an address that is not the Konnektor's: not even a subscription that is ours helps
        await listener.send(FOREIGN, frame)
    for frame in forged:  # the right address, and no subscription of ours
        await listener.send(KONNEKTOR, frame)
    for junk in (
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"CETP\xff\xff\xff\xff" + b"x" * 100_000,
        framed(b"no xml at all"),
        framed(b"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>"),
        framed(EVENT.format(topic="CARD/REMOVED", subscription="x", parameters="")[:-10].encode()),
        framed(b"\x00" * 60_000),
        removal("x", listener.subscription)[:40],
    ):
        await listener.send(KONNEKTOR, junk)
    async with asyncio.timeout(10):
        while (told := await dropped(here)).get("malformed", 0) < 5 or told.get("source", 0) < len(stolen):
            await asyncio.sleep(0.1)
    assert told["subscription"] == len(forged)
    assert await picture(here) == before
    assert "passwd" not in here.agent.said


async def test_slow_and_many_connections_keep_nobody_out(listener: Listener) -> None:
    here = listener.here
    before = await picture(here)
    held = [await listener.connect(KONNEKTOR) for _ in range(40)]
    for _, writer in held:
        writer.write(b"CETP\x00\x00")  # and never more
    foreign = [await plain(listener) for _ in range(100)]  # not even a handshake
    async with here.technician() as box:
        started = time.monotonic()
        await box.system.get()
        assert time.monotonic() - started < 1
        cursor = (await box.inventory.events(size=1000)).cursor
        assert await picture(here) == before
        # The Konnektor still gets in, and what it says counts.
        await here.simulator.do("/cards/egk-muster/pull")
        page = await box.inventory.events(cursor, wait=5)
        assert page.events
        cards = await box.cards.list()
    assert card_pb2.CARD_TYPE_EGK not in {card.type for card in cards}
    for writer in [*(one for _, one in held), *foreign]:
        writer.transport.abort()
    await here.simulator.do("/cards/egk-muster/insert", terminal="kt-empfang", slot=1)


async def plain(listener: Listener) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection(listener.host, listener.port, local_addr=(FOREIGN, 0))
    return writer
