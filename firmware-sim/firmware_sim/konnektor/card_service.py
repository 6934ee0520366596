"""CardService 8.1: state of a PIN, and PINs typed at a pad."""

from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.pin_dialog import CODE_OF, Asked, PinDialog
from firmware_sim.konnektor.requests import CARD_SERVICE
from firmware_sim.konnektor.soap import status
from firmware_sim.konnektor.xml import Element, element
from firmware_sim.pads.pad import Ended
from firmware_sim.world import pins
from firmware_sim.world.card import PIN_LENGTH, Comparison, Pin, PinState
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.device import SeenCard


class CardService:
    """GetPinStatus, VerifyPin, ChangePin, UnblockPin, and EnablePin and DisablePin of 8.1.2."""

    def __init__(self, around: Surroundings, dialog: PinDialog) -> None:
        self._around = around
        self._device = around.device
        self._dialog = dialog

    def operations(self) -> list[Operation]:
        """Each with its root element and shape."""
        handlers = {
            "CARD:GetPinStatus": self.get_pin_status,
            "CARD:VerifyPin": self.verify_pin,
            "CARD:ChangePin": self.change_pin,
            "CARD:UnblockPin": self.unblock_pin,
            "CARD:EnablePin": self.enable_pin,
            "CARD:DisablePin": self.disable_pin,
        }
        return [
            Operation(root=root, service="CardService", shape=CARD_SERVICE[root], handle=handle)
            for root, handle in handlers.items()
        ]

    async def get_pin_status(self, call: Call) -> Element:
        """The state in the caller's own session."""
        seen = self._card(call)
        reference = call.text("CARDCMN:PinTyp")
        self._pin(seen, reference)
        report = pins.report(self._device, self._device.session(call.context, seen), seen.card, reference)
        return element(
            "CARD:GetPinStatusResponse",
            status(self._around.now()),
            element("CARD:PinStatus", report.status),
            element("CARD:LeftTries", str(report.left_tries)) if report.left_tries is not None else None,
        )

    async def verify_pin(self, call: Call) -> Element:
        """Ask for the PIN, also when it is verified already (TAB_KON_047)."""
        seen = self._card(call)
        self._around.practice.counts.cards[seen.card.name].verify_pin_calls += 1
        _refuse_in_data_centre(seen)
        if seen.card.kind not in ("hba", "smcb"):
            raise KonnektorError(4209)
        asked = self._asked(call, seen)
        if asked.reference == "PIN.QES":
            raise KonnektorError(4072, "PIN.QES is verified by signing only")
        early = self._refused(asked.pin)
        if early is not None:
            return self._result("CARD:VerifyPinResponse", *early)
        session = self._device.session(call.context, seen)
        async with self._dialog.reserved(seen):
            outcome = await self._dialog.verify(asked)
        if outcome is Comparison.RIGHT:
            session.verified.add(asked.reference)
        elif isinstance(outcome, Comparison):
            session.verified.discard(asked.reference)
        return self._outcome("CARD:VerifyPinResponse", outcome, pins.left_tries(self._device, asked.pin))

    async def change_pin(self, call: Call) -> Element:
        """Ask for the old PIN, then twice for the new one."""
        seen = self._card(call)
        _refuse_in_data_centre(seen)
        asked = self._asked(call, seen)
        if asked.pin.state is PinState.BLOCKED:
            return self._result("CARD:ChangePinResponse", "WASBLOCKED", 4063)
        async with self._dialog.reserved(seen):
            with self._dialog.announced("CHANGE", asked):
                outcome = await self._change(asked)
        if outcome in (Comparison.WRONG, Comparison.NOW_BLOCKED):
            self._device.session(call.context, seen).verified.discard(asked.reference)
        return self._outcome("CARD:ChangePinResponse", outcome, pins.left_tries(self._device, asked.pin))

    async def unblock_pin(self, call: Call) -> Element:
        """Ask for the PUK, and for a new PIN when SetNewPin says so; LeftTries counts the PUK's tries."""
        seen = self._card(call)
        _refuse_in_data_centre(seen)
        asked = self._asked(call, seen)
        async with self._dialog.reserved(seen):
            outcome = await self._unblock(asked, call.text("CARD:SetNewPin") in ("true", "1"))
        never = self._device.configuration.behaviour.left_tries == "never"
        return self._outcome("CARD:UnblockPinResponse", outcome, None if never else asked.pin.puk_attempts_left)

    async def enable_pin(self, call: Call) -> Element:
        """Ask for the PIN and demand it from then on."""
        return await self._switch(call, "ENABLE", "CARD:EnablePinResponse")

    async def disable_pin(self, call: Call) -> Element:
        """Ask for the PIN and do without it from then on."""
        return await self._switch(call, "DISABLE", "CARD:DisablePinResponse")

    async def _switch(self, call: Call, act: str, name: str) -> Element:
        seen = self._card(call)
        if seen.card.kind != "egk":
            raise KonnektorError(4209)
        asked = self._asked(call, seen)
        if not asked.reference.startswith("MRPIN."):
            raise KonnektorError(4072, "only multi-reference PINs can be switched")
        early = self._refused(asked.pin)
        if early is not None:
            return self._result(name, *early)
        async with self._dialog.reserved(seen):
            with self._dialog.announced(act, asked):
                entry = await self._dialog.ask(asked, "pin", asked.pin.right_pin)
                outcome = entry if isinstance(entry, Ended) else self._dialog.compare(asked, entry)
        if outcome is Comparison.RIGHT:
            asked.pin.enable(act == "ENABLE")
        return self._outcome(name, outcome, pins.left_tries(self._device, asked.pin))

    async def _change(self, asked: Asked) -> Comparison | Ended:
        old = await self._dialog.ask(asked, "old", asked.pin.right_pin)
        if isinstance(old, Ended):
            return old
        new = await self._new_pin(asked)
        if isinstance(new, Ended):
            return new
        comparison = self._dialog.compare(asked, old)
        if comparison is Comparison.RIGHT:
            asked.pin.change(new)
        return comparison

    async def _unblock(self, asked: Asked, set_new: bool) -> Comparison | Ended:
        puk = await self._dialog.ask(asked, "puk", asked.pin.right_puk)
        if isinstance(puk, Ended):
            return puk
        new = await self._new_pin(asked) if set_new else None
        if isinstance(new, Ended):
            return new
        return asked.pin.unblock(puk.pin, new)

    async def _new_pin(self, asked: Asked) -> str | Ended:
        first = await self._dialog.ask(asked, "new", asked.pin.right_pin)
        if isinstance(first, Ended):
            return first
        again = await self._dialog.ask(asked, "repeat", first.pin)
        if isinstance(again, Ended):
            return again
        if len(first.pin) not in PIN_LENGTH:
            raise KonnektorError(4068)
        if first.pin != again.pin:
            raise KonnektorError(4067)
        return first.pin

    def _card(self, call: Call) -> SeenCard:
        seen = self._device.admit(call.context, handle=call.text("CONN:CardHandle"))
        if seen is None:
            raise KonnektorError(self._device.configuration.behaviour.dead_handle)
        if seen.terminal not in self._device.connected:
            raise KonnektorError(4222)
        return seen

    def _asked(self, call: Call, seen: SeenCard) -> Asked:
        reference = call.text("CARDCMN:PinTyp")
        pin = self._pin(seen, reference)
        return Asked(seen=seen, reference=reference, pin=pin, pad=pins.input_terminal(self._device, call.context, seen))

    @staticmethod
    def _pin(seen: SeenCard, reference: str) -> Pin:
        return pins.pin_of(seen.card, reference)

    def _refused(self, pin: Pin) -> tuple[pins.PinResult, int] | None:
        """A PIN that the Konnektor does not even ask for, with its result and code."""
        states: dict[PinState, tuple[pins.PinResult, int]] = {
            PinState.BLOCKED: ("WASBLOCKED", 4063),
            PinState.TRANSPORT: ("TRANSPORT_PIN", 4065),
            PinState.EMPTY: ("TRANSPORT_PIN", 4065),
        }
        refused = states.get(pin.state)
        if refused and self._device.configuration.behaviour.blocked_pin == "fault":
            raise KonnektorError(refused[1])
        return refused

    def _outcome(self, name: str, outcome: Comparison | Ended, left: int | None) -> Element:
        if isinstance(outcome, Comparison):
            tries = left if outcome is Comparison.WRONG else None
            return self._result(name, pins.RESULT_OF[outcome], left=tries)
        if outcome in (Ended.CARD_REMOVED, Ended.TERMINAL_LOST):
            raise KonnektorError(CODE_OF[outcome])
        if self._device.configuration.behaviour.pin_trouble == "fault":
            raise KonnektorError(CODE_OF[outcome])
        return self._result(name, "ERROR", CODE_OF[outcome])

    def _result(self, name: str, result: str, code: int = 0, left: int | None = None) -> Element:
        trouble = KonnektorError(code) if code else None
        return element(
            name,
            status(self._around.now(), trouble),
            element("CARDCMN:PinResult", result),
            element("CARDCMN:LeftTries", str(left)) if left is not None else None,
        )


def _refuse_in_data_centre(seen: SeenCard) -> None:
    """No pad asks for the PIN of an HSM-B (A_22039)."""
    if seen.card.kind == "hsmb":
        raise KonnektorError(4066, "the PIN of an HSM-B is entered in the gateway's administration")
