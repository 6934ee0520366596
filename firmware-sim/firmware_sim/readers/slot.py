"""One slot of a reader: its card, its power, and what comes back from the card or instead of it."""

import asyncio
from collections.abc import Callable

from firmware_sim.cos.chips import Chip, Chips
from firmware_sim.cos.objects import Password
from firmware_sim.readers.faults import ReaderFault, ReaderFaults
from firmware_sim.world.card import Card
from firmware_sim.world.practice import Practice, WorldError

GARBAGE = bytes.fromhex("5A00FFA53C")


class NoCardError(Exception):
    """There is no card in the slot, or it has no power."""


class MuteCardError(Exception):
    """The card in the slot does not answer."""


class NoReaderError(Exception):
    """The reader was unplugged."""


class ReaderSlot:
    """A slot as the reader's electronics see it. `unplug` takes the whole reader away, as a fault may."""

    def __init__(
        self,
        reader: str,
        number: int,
        *,
        practice: Practice,
        chips: Chips,
        faults: ReaderFaults,
        unplug: Callable[[], None],
    ) -> None:
        self.reader = reader
        self.number = number
        self.change = asyncio.Event()
        self._practice = practice
        self._chips = chips
        self._faults = faults
        self._unplug = unplug
        self._powered: Chip | None = None

    @property
    def card(self) -> Card | None:
        return self._practice.in_slot(self.reader, self.number)

    @property
    def powered(self) -> bool:
        return self._powered is not None

    def changed(self) -> None:
        """A card has come or gone: whichever had power has it no more."""
        self.power_off()
        self.change.set()

    def atr(self) -> bytes:
        """What the card would answer to power, without giving it any; empty without a card that answers."""
        chip = self._chip()
        return chip.atr if chip else b""

    def password(self, reference: int) -> Password | None:
        """The password that the card would take for this reference (P2) now."""
        return self._powered.password(reference) if self._powered else None

    def power_on(self) -> bytes:
        """Returns the ATR. Raises `NoCardError`, `MuteCardError`."""
        if self.card is None:
            raise NoCardError
        self.power_off()
        self._powered = self._chip()
        if self._powered is None:
            raise MuteCardError
        return self._powered.power_on()

    def power_off(self) -> None:
        if self._powered is not None:
            self._powered.power_off()
            self._powered = None

    def reset(self) -> bytes:
        """A warm reset. Raises `NoCardError`, `MuteCardError`."""
        return self.power_on() if self._powered is None else self._powered.reset()

    async def transmit(self, command: bytes) -> bytes:
        """Data and status word, or what a fault makes of it. Raises `NoCardError`, `MuteCardError`, `NoReaderError`."""
        chip = self._powered
        if chip is None:
            raise NoCardError
        fault = self._faults.due(command)
        if fault is None:
            return chip.transmit(command)
        return await self._spoilt(fault, chip, command)

    async def _spoilt(self, fault: ReaderFault, chip: Chip, command: bytes) -> bytes:
        answer = chip.transmit(command) if fault.executed else b"\x6f\x00"
        match fault.kind:
            case "mute":
                raise MuteCardError
            case "garbage":
                return GARBAGE
            case "card_pulled":
                if self.card is not None:
                    self._practice.pull(self.card.name)
                raise NoCardError
            case "unplugged":
                self._unplug()
                raise NoReaderError
            case "hang":
                await asyncio.sleep(fault.seconds)
        if self._powered is not chip:
            raise NoCardError  # pulled while it hung
        return answer

    def _chip(self) -> Chip | None:
        if self.card is None:
            return None
        try:
            return self._chips.of_card(self.card.name)
        except WorldError:
            return None  # plastic without a chip that answers
