"""The box's own readers as operations see them: what is there, and what becomes of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Protocol

from kartenwart.domain.failures import Failure
from kartenwart.domain.inventory import CardType
from kartenwart.domain.patients import CardData
from kartenwart.domain.ports.cards import CardCall, CardPort
from kartenwart.domain.readers import SlotState, UsbDevice


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderCard:
    """A card as it was read after its insertion; `handle` is new with each insertion. The ICCSN stays in memory.

    `type` UNKNOWN is a card that answers and is none of ours.
    """

    handle: str
    type: CardType
    iccsn: str = field(repr=False)
    inserted_at: datetime
    certificate_expiry: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenReader:
    """A reader as pcscd shows it; `label` is its name there, which lasts while it stays plugged in.

    `channel` is bus and device number on the USB, where the reader's driver tells them (SCARD_ATTR_CHANNEL_ID).
    """

    label: str
    slot: SlotState
    pad: bool
    card: ReaderCard | None = None
    condition: Failure | None = None
    channel: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenReaders:
    """All readers at one moment; `condition` says why none can be seen (pcscd not there, not permitted)."""

    readers: tuple[SeenReader, ...]
    condition: Failure | None = None


class ReaderPort(CardPort, Protocol):
    """The verbs on cards in the box's own readers; `call.context` and `call.user_id` are not looked at."""

    async def insurance_data(self, call: CardCall) -> CardData:
        """Read an eGK or KVK: no VSDM, no proof. WorldError LABORATORY_ONLY unless the settings switch it on."""
        ...


class ReaderWatch(Protocol):
    """Tells how the readers stand, at once and after each change."""

    def watch(self) -> AsyncIterator[SeenReaders]:
        """Yield the newest state, one reader only; ends when the port is closed."""
        ...


class UsbWatch(Protocol):
    """Tells which card readers are plugged in, whether pcscd sees them or not."""

    def watch(self) -> AsyncIterator[tuple[UsbDevice, ...]]:
        """Yield the newest state, one reader only; ends when the port is closed."""
        ...

    async def reset(self, port: str) -> None:
        """Reset the device at a port, once. WorldError READER_GONE, READER_NOT_PERMITTED, READER_FAULT."""
        ...
