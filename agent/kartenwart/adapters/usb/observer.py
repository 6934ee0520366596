"""The thread that hears of plugging in and out."""

import os
import select
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pyudev

from kartenwart.adapters.usb.drivers import DRIVER_FOLDER, read_drivers
from kartenwart.adapters.usb.picture import readers
from kartenwart.domain.readers import UsbDevice

SETTLE_SECONDS = 5.0
"""How long pcscd is given to see a reader that was plugged in."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
# A device comes with several events, one for each of its interfaces and again for each driver.
_BURST_SECONDS, _LONGEST_BURST = 0.01, 0.5
_AGAIN_SECONDS = 0.5  # the kernel tells of a removal before its files are gone
# What udev, libusb and devices that go away can raise: none of it ends the thread. ImportError: libudev is not there.
_TROUBLE = (OSError, LookupError, ValueError, RuntimeError, ImportError)


class Observer:
    """Looks at the USB when udev says that something changed, and tells what is there when it is not what was told.

    `tell` runs in the thread. `report(event, **fields)` hears of new trouble; the thread begins anew after a pause that
    grows.
    """

    def __init__(
        self,
        tell: Callable[[tuple[UsbDevice, ...]], None],
        report: Callable[..., None],
        drivers: Path = DRIVER_FOLDER,
    ) -> None:
        self._tell = tell
        self._report = report
        self._drivers = drivers
        self._told: tuple[UsbDevice, ...] | None = None
        self._since: dict[tuple[str, tuple[int, int] | None], float] = {}
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._trouble, self._pause = "", _FIRST_PAUSE
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="usb", daemon=True)

    def start(self) -> None:
        """Start the thread; it tells what is there at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and wait for it; at most as long as one look at the USB takes."""
        self._stopped = True
        os.eventfd_write(self._wake, 1)
        self._thread.join()
        os.close(self._wake)

    def _run(self) -> None:
        while not self._stopped:
            try:
                self._observe()
            except _TROUBLE as error:
                self._troubled(type(error).__name__)
                self._wait(None, self._pause)

    def _troubled(self, kind: str) -> None:
        if kind != self._trouble:
            self._report("usb.failed", kind=kind)
        self._pause = min(2 * self._pause, _LONGEST_PAUSE) if self._trouble else _FIRST_PAUSE
        self._trouble = kind

    def _observe(self) -> None:
        """Follow one monitor until it fails or we are stopped; what it lost before is found by looking first."""
        context = pyudev.Context()
        drivers = read_drivers(self._drivers)
        monitor = pyudev.Monitor.from_netlink(context)
        monitor.filter_by("usb")
        monitor.start()
        heard = False
        while not self._stopped:
            self._look(readers(context, drivers))
            heard = self._heard(monitor, _AGAIN_SECONDS if heard else self._next_settled())

    def _heard(self, monitor: pyudev.Monitor, seconds: float | None) -> bool:
        """Wait so long for events and take those that come together; False where none came."""
        self._wait(monitor, seconds)
        heard, until = False, time.monotonic() + _LONGEST_BURST
        while not self._stopped and time.monotonic() < until and monitor.poll(timeout=_BURST_SECONDS):
            heard = True
        return heard

    def _look(self, found: tuple[UsbDevice, ...]) -> None:
        self._trouble = ""
        now = time.monotonic()
        keys = [(device.port, device.channel) for device in found]
        self._since = {key: self._since.get(key, now) for key in keys}
        settled = tuple(
            replace(device, settled=now - self._since[key] >= SETTLE_SECONDS)
            for key, device in zip(keys, found, strict=True)
        )
        if settled != self._told:
            self._told = settled
            self._tell(settled)

    def _next_settled(self) -> float | None:
        """Return the seconds until the next reader is settled; None when all are."""
        young = [self._since[device.port, device.channel] for device in self._told or () if not device.settled]
        return max(0.0, min(young) + SETTLE_SECONDS - time.monotonic()) if young else None

    def _wait(self, monitor: pyudev.Monitor | None, seconds: float | None) -> None:
        poll = select.poll()
        poll.register(self._wake, select.POLLIN)
        if monitor is not None:
            poll.register(monitor.fileno(), select.POLLIN)
        poll.poll(None if seconds is None else seconds * 1000 + 1)
