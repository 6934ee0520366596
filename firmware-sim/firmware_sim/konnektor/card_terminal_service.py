"""CardTerminalService 1.1: ask at a terminal for a card, or to take one out. Time-outs: seconds and milliseconds."""

import asyncio
from collections.abc import Callable

from firmware_sim.konnektor import resources
from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.requests import CARD_TERMINAL_SERVICE
from firmware_sim.konnektor.soap import status
from firmware_sim.konnektor.xml import Element, element
from firmware_sim.pads.pad import PadBusyError
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.device import SeenCard

_REQUEST_SECONDS = 20.0
_LOOK_SECONDS = 0.02
_KINDS = {"HBAx": ("HBA", "HBA-qSig", "ZOD_2.0"), "SM-B": ("SMC-B", "HSM-B")}


class CardTerminalService:
    """RequestCard and EjectCard."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._device = around.device

    def operations(self) -> list[Operation]:
        """Each with its root element and shape."""
        handlers = {"CTS:RequestCard": self.request_card, "CTS:EjectCard": self.eject_card}
        return [
            Operation(root=root, service="CardTerminalService", shape=CARD_TERMINAL_SERVICE[root], handle=handle)
            for root, handle in handlers.items()
        ]

    async def request_card(self, call: Call) -> Element:
        """Show the text and wait for a card in the slot; TimeOut is in seconds, 20 without one."""
        terminal, slot = self._slot(call)
        seen = self._device.in_slot(terminal, slot)
        already = seen is not None
        if seen is None:
            seconds = float(call.text("CTS:TimeOut") or _REQUEST_SECONDS)
            words = call.text("CTS:DisplayMsg") or "Bitte Karte stecken"
            await self._shown(terminal, words, seconds, lambda: self._device.in_slot(terminal, slot) is not None)
            seen = self._device.in_slot(terminal, slot)
        if seen is None:
            raise KonnektorError(4202)
        wanted = call.text("CARDCMN:CardType")
        if wanted and seen.card.card_type not in _KINDS.get(wanted, (wanted,)):
            raise KonnektorError(4058, "a card of another type")
        return element(
            "CTS:RequestCardResponse",
            status(self._around.now()),
            element("CTS:AlreadyInserted", "true" if already else "false"),
            resources.card(seen),
        )

    async def eject_card(self, call: Call) -> Element:
        """Deactivate the card and wait until it is taken out; TimeOut is in milliseconds, 20000 without one."""
        seen = self._inserted(call)
        if seen.handle in self._device.reserved:
            raise KonnektorError(4093)
        self._device.sessions.drop_card(seen.handle)
        milliseconds = call.text("CTS:TimeOut")
        seconds = float(milliseconds) / 1000 if milliseconds else _REQUEST_SECONDS
        words = call.text("CTS:DisplayMsg") or "Bitte Karte entnehmen"
        if not await self._shown(seen.terminal, words, seconds, lambda: seen not in self._device.cards):
            raise KonnektorError(4203)
        return element("CTS:EjectCardResponse", status(self._around.now()))

    def _slot(self, call: Call) -> tuple[str, int]:
        terminal, slot = call.text("CTS:Slot/CARDCMN:CtId"), int(call.text("CTS:Slot/CARDCMN:SlotId"))
        self._device.admit(call.context, terminal=terminal, session=False)
        if terminal not in self._device.connected:
            raise KonnektorError(4222)
        if slot > self._device.model.terminal(terminal).slots:
            raise KonnektorError(4097)
        return terminal, slot

    def _inserted(self, call: Call) -> SeenCard:
        handle = call.text("CONN:CardHandle")
        if handle:
            seen = self._device.admit(call.context, handle=handle, session=False)
        else:
            seen = self._device.in_slot(*self._slot(call))
        if seen is None:
            raise KonnektorError(4101 if handle else 4098)
        return seen

    async def _shown(self, terminal: str, words: str, seconds: float, done: Callable[[], bool]) -> bool:
        """Show the text until it is done or the time is over; 4039 where the terminal asks somebody already."""
        pad = self._around.pads[terminal]
        try:
            with pad.occupied(words):
                async with asyncio.timeout(seconds):
                    while not done():
                        if terminal not in self._device.connected:
                            raise KonnektorError(4044)
                        await asyncio.sleep(_LOOK_SECONDS)
        except PadBusyError as error:
            raise KonnektorError(4039) from error
        except TimeoutError:
            return done()
        return True
