"""CETP: the Konnektor connects to each subscriber and sends its events; nothing is ever repeated.

A frame is "CETP", four bytes of length (big-endian), and the event as UTF-8 XML.
"""

import asyncio
import contextlib
import logging
import ssl
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Self
from urllib.parse import urlsplit

from firmware_sim.konnektor.filter import passes, to_xml
from firmware_sim.konnektor.xml import expanded, serialise
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.device import Device
from firmware_sim.world.events import Event, matches

_log = logging.getLogger(__name__)
_WAITING_FRAMES = 1000
_Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_Way = Callable[[str, int], Awaitable[tuple[str, int]]]


def frames(event: Event) -> Callable[[str], bytes]:
    """One event as it goes over the wire, by subscription: they differ in its id alone, and there may be a hundred."""
    whole = to_xml(event, "")
    ours = whole.find(expanded("EVT:SubscriptionID"))

    def frame(subscription_id: str) -> bytes:
        if ours is not None:
            ours.text = subscription_id
        document = serialise(whole)
        return b"CETP" + len(document).to_bytes(4, "big") + document

    return frame


class EventSender:
    """Sends events of one Konnektor, in order per endpoint. `tls` gives the client context, or None for plain TCP."""

    def __init__(self, device: Device, tls: Callable[[], ssl.SSLContext | None]) -> None:
        self._device = device
        self._tls = tls
        self._queues: dict[str, asyncio.Queue[bytes]] = {}
        self._workers: dict[str, asyncio.Task[None]] = {}
        self.way: _Way = _straight
        self.lose = 0
        self.lose_all = False
        self.sent: defaultdict[str, int] = defaultdict(int)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for worker in self._workers.values():
            worker.cancel()
        await asyncio.gather(*self._workers.values(), return_exceptions=True)

    def send(self, event: Event) -> None:
        """Queue an event for every subscription that covers it and may see its resource."""
        self._device.subscriptions.expire(self._device.now())
        frame = frames(event)
        for subscription in self._device.subscriptions:
            if not matches(subscription.topic, event.topic) or not _passes(subscription.filter, event):
                continue
            if self._device.may_hear(subscription.context, event):
                self._queue(subscription.event_to, frame(subscription.id))

    def send_booted(self) -> None:
        """BOOTUP/BOOTUP_COMPLETE with an empty SubscriptionID to every endpoint that survived the boot."""
        for endpoint in self._device.subscriptions.endpoints:
            self._queue(endpoint, frames(Event(topic="BOOTUP/BOOTUP_COMPLETE"))(""))

    def _queue(self, endpoint: str, data: bytes) -> None:
        if self.lose_all or self.lose > 0:
            self.lose = max(0, self.lose - 1)
            return
        if endpoint not in self._workers:
            self._queues[endpoint] = asyncio.Queue(_WAITING_FRAMES)
            self._workers[endpoint] = asyncio.create_task(self._work(endpoint))
        with contextlib.suppress(asyncio.QueueFull):  # what does not fit is lost, as events may be
            self._queues[endpoint].put_nowait(data)

    async def _work(self, endpoint: str) -> None:
        kept: _Streams | None = None
        try:
            while True:
                kept = await self._deliver(endpoint, await self._queues[endpoint].get(), kept)
        finally:
            if kept is not None:
                kept[1].transport.abort()

    async def _deliver(self, endpoint: str, data: bytes, kept: _Streams | None) -> _Streams | None:
        """Send one frame; returns the connection when it is kept."""
        try:
            streams = kept if kept is not None and not kept[0].at_eof() else await self._connect(endpoint)
            streams[1].write(data)
            await streams[1].drain()
        except (OSError, TimeoutError, ValueError) as error:
            _log.info("CETP: %s not reached: %s", endpoint, type(error).__name__)
            self._device.subscriptions.delivered(endpoint, False)
            return None
        self.sent[endpoint] += 1
        self._device.subscriptions.delivered(endpoint, True)
        if self._device.configuration.behaviour.cetp_connection == "kept":
            return streams
        await _close(streams[1])
        return None

    async def _connect(self, endpoint: str) -> _Streams:
        target = urlsplit(endpoint)
        async with asyncio.timeout(self._device.configuration.behaviour.event_connect_seconds):
            host, port = await self.way(target.hostname or "", target.port or 0)
            return await asyncio.open_connection(
                host, port, ssl=self._tls(), local_addr=(self._device.configuration.address, 0)
            )


async def _straight(host: str, port: int) -> tuple[str, int]:
    """Connect to a subscriber where it said."""
    return host, port


def _passes(expression: str, event: Event) -> bool:
    try:
        return passes(expression, event)
    except KonnektorError:
        return False


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):  # the event went out; how the peer hangs up is its own business
        async with asyncio.timeout(1.0):
            await writer.wait_closed()
