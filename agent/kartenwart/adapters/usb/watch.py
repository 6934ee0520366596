"""The port `UsbWatch`: what is plugged in, at once and after each change, and the reset of one reader."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from kartenwart.adapters.usb.drivers import DRIVER_FOLDER
from kartenwart.adapters.usb.observer import Observer
from kartenwart.adapters.usb.resetting import reset
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.readers import UsbDevice

RESET_SECONDS = 20.0


class UsbReaders:
    """Follows the USB from entering to leaving; one thread of its own, one hop into the loop per change.

    `report(event, **fields)` hears of trouble, in the loop.
    """

    def __init__(self, report: Callable[..., None], drivers: Path = DRIVER_FOLDER) -> None:
        self._report = report
        self._drivers = drivers
        self._newest: tuple[UsbDevice, ...] = ()
        self._changed = asyncio.Event()
        self._closed = False
        self._resetting: set[str] = set()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()

        def hop(call: Callable[[], None]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(call)

        self._observer = Observer(
            tell=lambda devices: hop(lambda: self._take(devices)),
            report=lambda event, **fields: hop(lambda: self._report(event, **fields)),
            drivers=self._drivers,
        )
        self._observer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed = True
        self._changed.set()
        await asyncio.shield(asyncio.to_thread(self._observer.stop))

    async def watch(self) -> AsyncIterator[tuple[UsbDevice, ...]]:
        """Yield the newest state, one reader only; ends when this is left."""
        while True:
            await self._changed.wait()
            if self._closed:
                return
            self._changed.clear()
            yield self._newest

    async def reset(self, port: str) -> None:
        """Reset the device at a port, once; within 20 seconds. The caller sees to it that no PIN is being typed.

        WorldError READER_GONE, READER_NOT_PERMITTED, READER_FAULT (also while another reset of it is not over).
        """
        channel = next((each.channel for each in self._newest if each.port == port), None)
        if channel is None:
            raise WorldError(failure(Reason.READER_GONE), sent=False)
        if port in self._resetting:
            raise WorldError(failure(Reason.READER_FAULT), sent=False)
        self._resetting.add(port)
        work = asyncio.ensure_future(asyncio.to_thread(reset, channel))
        work.add_done_callback(lambda done: self._reset_is_over(port, done))
        try:
            async with asyncio.timeout(RESET_SECONDS):
                await asyncio.shield(work)
        except TimeoutError:
            raise WorldError(failure(Reason.READER_FAULT)) from None

    def _reset_is_over(self, port: str, done: asyncio.Future[None]) -> None:
        self._resetting.discard(port)
        if not done.cancelled():
            done.exception()  # whoever asked may have left

    def _take(self, devices: tuple[UsbDevice, ...]) -> None:
        self._newest = devices
        self._changed.set()
