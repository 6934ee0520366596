"""The box's own readers, entered where the settings switch them on; nothing of their libraries is loaded elsewhere."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.journal import Report
from kartenwart.app.loading import loaded
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason
from kartenwart.domain.ports.readers import ReaderPort, ReaderWatch, SeenReaders, UsbWatch
from kartenwart.domain.readers import Laboratory
from kartenwart.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What reaches the readers; `cards` is None where PC/SC cannot be loaded, `usb` where the USB cannot."""

    watch: ReaderWatch
    cards: ReaderPort | None = None
    usb: UsbWatch | None = None


class NoService:
    """Stands for PC/SC where pyscard or libpcsclite is not installed."""

    async def watch(self) -> AsyncIterator[SeenReaders]:
        """Say so, once."""
        yield SeenReaders(readers=(), condition=failure(Reason.READER_SERVICE_DOWN))


async def entered(stack: AsyncExitStack, settings: Settings, report: Report) -> Desk:
    """Return what could be loaded, open until the stack closes; what is missing is told once in the journal."""
    laboratory = Laboratory(
        qes=settings.readers.laboratory.qes, insurance_data=settings.readers.laboratory.insurance_data
    )
    cards, usb = None, None
    if (pcsc := await _loaded("kartenwart.adapters.pcsc.readers", report)) is not None:
        cards = await stack.enter_async_context(pcsc.Readers(SystemClock(), laboratory))
    if (plugged := await _loaded("kartenwart.adapters.usb.watch", report)) is not None:
        usb = await stack.enter_async_context(plugged.UsbReaders(report))
    return Desk(cards=cards, watch=cards or NoService(), usb=usb)


async def _loaded(module: str, report: Report) -> Any:
    """Return the module; None where a library of it is missing, which is a condition and no reason to stop."""
    try:
        return await loaded(module)
    except ImportError as error:
        report("readers.library_missing", level="warning", module=module, error=str(error))
        return None
