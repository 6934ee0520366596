"""The box's mDNS announcement: `_kartenwart._tcp`, a hint and never trust, without practice or doctor name."""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from ipaddress import ip_address
from types import TracebackType
from typing import Self

from zeroconf import Error as ZeroconfError
from zeroconf import InterfaceChoice, IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

from kartenwart.adapters.mdns.announcement import Announcement

SERVICE_TYPE = "_kartenwart._tcp.local."
RETRY_SECONDS = 30.0


class Announcer:
    """Keeps one announcement on the network; entering never waits for it, leaving withdraws it.

    `report(event, **fields)` is told when the network does not let us announce; it is tried again every 30 seconds.
    """

    def __init__(self, announcement: Announcement, report: Callable[..., None]) -> None:
        self._announcement = announcement
        self._report = report
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="mdns")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def update(self, announcement: Announcement) -> None:
        """Announce something else from now on."""
        self._announcement = announcement
        self._changed.set()

    async def _run(self) -> None:
        while True:
            try:
                await self._announce()
            except (OSError, RuntimeError, ZeroconfError) as error:
                self._report("mdns.failed", kind=type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)

    async def _announce(self) -> None:
        interfaces: list[str] | InterfaceChoice = InterfaceChoice.All
        if self._announcement.interface:
            _require_address(self._announcement.interface)
            interfaces = [self._announcement.interface]
        zeroconf = AsyncZeroconf(interfaces=interfaces, ip_version=IPVersion.V4Only)
        try:
            await self._follow(zeroconf)
        finally:
            await asyncio.shield(_withdraw(zeroconf))

    async def _follow(self, zeroconf: AsyncZeroconf) -> None:
        self._changed.clear()
        await zeroconf.async_register_service(_service(self._announcement), allow_name_change=True)
        self._report("mdns.announced")
        while True:
            await self._changed.wait()
            self._changed.clear()
            await zeroconf.async_update_service(_service(self._announcement))


def _require_address(address: str) -> None:
    """Raise OSError unless the box has this address; zeroconf would leave a socket open behind its own error."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((address, 0))


async def _withdraw(zeroconf: AsyncZeroconf) -> None:
    await zeroconf.async_unregister_all_services()
    await zeroconf.async_close()


def _service(announcement: Announcement) -> AsyncServiceInfo:
    packed = [socket.inet_aton(address) for address in announcement.addresses if ip_address(address).version == 4]
    return AsyncServiceInfo(
        SERVICE_TYPE,
        f"{announcement.box_id}.{SERVICE_TYPE}",
        port=announcement.grpc_port,
        addresses=packed,
        properties=announcement.properties(),
        server=f"{announcement.box_id}.local.",
    )
