"""The box's own readers: looked at, and reset where one hangs, but never under somebody's fingers."""

from collections.abc import Mapping

from kartenwart.domain.catalogue import halted, refused
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import READERS
from kartenwart.domain.ports.readers import UsbWatch
from kartenwart.domain.readers import Reader
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.locks import CardLocks, Claim, Rank


class ReaderOperations:
    """Resets readers; `usb` has the USB under READERS once it is loaded."""

    def __init__(self, *, keeper: InventoryKeeper, locks: CardLocks, usb: Mapping[str, UsbWatch]) -> None:
        self._keeper = keeper
        self._locks = locks
        self._usb = usb

    async def reset(self, name: str) -> None:
        """Reset the device that a reader is on, with all its slots. What was verified in it is lost.

        CallerError NOT_FOUND; WorldError CARD_BUSY where one of its cards is at work or a PIN is typed there,
        READER_GONE (nobody knows which device it is), READER_NOT_PERMITTED, READER_FAULT.
        """
        reader = self._keeper.picture.inventory.reader(name)
        if reader is None:
            raise refused(Reason.NOT_FOUND)
        usb = self._usb.get(READERS)
        if reader.usb is None or usb is None:
            raise halted(Reason.READER_GONE)
        claims = self._claims(reader)
        if not self._locks.acquire_now(claims):
            raise halted(Reason.CARD_BUSY)
        try:
            await usb.reset(reader.usb.port)
        finally:
            self._locks.release(claims)

    def _claims(self, reader: Reader) -> tuple[Claim, ...]:
        """Return the claims on all slots of the device and on the cards in them."""
        inventory = self._keeper.picture.inventory
        port = reader.usb.port if reader.usb else ""
        slots = {one.name for one in inventory.readers if one.usb is not None and one.usb.port == port}
        cards = (card.name for card in inventory.cards if card.home(READERS) in slots)
        pads = (Claim(key=name, rank=Rank.PAD) for name in slots)
        return (*(Claim(key=name) for name in cards), *pads)
