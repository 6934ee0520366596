"""The box's own readers kept in the picture: what pcscd shows, and what is on the USB beside it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

from kartenwart.domain.ports.readers import ReaderWatch, SeenReaders, UsbWatch
from kartenwart.domain.readers import UsbDevice
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.supervisor import Report, say_nothing

T = TypeVar("T")

USB_SECONDS = 3.0
LOOK_SECONDS = 300.0


class ReaderLink:
    """Follows both watches. `after_change` (asks cards for PIN states) has a task of its own, as with a Konnektor.

    A reader is named by where it is plugged in, so at the start the USB is waited for, USB_SECONDS at most.
    """

    def __init__(
        self,
        *,
        readers: ReaderWatch,
        usb: UsbWatch | None,
        keeper: InventoryKeeper,
        after_change: Callable[[], Awaitable[None]] | None = None,
        usb_seconds: float = USB_SECONDS,
        report: Report = say_nothing,
    ) -> None:
        self._readers = readers
        self._usb = usb
        self._keeper = keeper
        self._after_change = after_change
        self._usb_seconds = usb_seconds
        self._report = report
        self._seen: SeenReaders | None = None
        self._devices: tuple[UsbDevice, ...] = ()
        self._usb_told = asyncio.Event()
        self._changed = asyncio.Event()

    async def run(self) -> None:
        """Run until cancelled, or until both watches are closed."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(self._readers.watch(), self._see))
            if self._usb is not None:
                group.create_task(self._follow(self._usb.watch(), self._plugged))
                group.create_task(self._stop_waiting())
            else:
                self._usb_told.set()
            if self._after_change is not None:
                group.create_task(self._look(self._after_change))

    async def _follow(self, news: AsyncIterator[T], take: Callable[[T], None]) -> None:
        async for one in news:
            take(one)
            self._show()

    async def _stop_waiting(self) -> None:
        await asyncio.sleep(self._usb_seconds)
        self._usb_told.set()
        self._show()

    def _see(self, seen: SeenReaders) -> None:
        self._seen = seen

    def _plugged(self, devices: tuple[UsbDevice, ...]) -> None:
        self._devices = devices
        self._usb_told.set()

    def _show(self) -> None:
        if self._seen is not None and self._usb_told.is_set():
            self._keeper.observe_readers(self._seen, self._devices)
            self._changed.set()

    async def _look(self, after_change: Callable[[], Awaitable[None]]) -> None:
        """Do what follows a change, and look again now and then: another program may have reset a card."""
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._changed.wait()
            except TimeoutError:
                pass
            self._changed.clear()
            try:
                await after_change()
            except Exception as broken:  # noqa: BLE001 - a defect must not end the link
                self._report("readers.look_broken", error=type(broken).__name__)
