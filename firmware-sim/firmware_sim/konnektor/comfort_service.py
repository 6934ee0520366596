"""The comfort signature of SignatureService 7.5: switched on by an administrator, activated with PIN.QES once."""

from datetime import timedelta

from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.pin_dialog import Asked, PinDialog
from firmware_sim.konnektor.requests import comfort_signature
from firmware_sim.konnektor.soap import status
from firmware_sim.konnektor.xml import Element, element, expanded
from firmware_sim.world import pins
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.comfort import ComfortSession
from firmware_sim.world.device import SeenCard


class ComfortService:
    """Activation asks a person for PIN.QES; from then on SignDocument asks nobody while the session lasts."""

    def __init__(self, around: Surroundings, dialog: PinDialog) -> None:
        self._around = around
        self._device = around.device
        self._dialog = dialog

    def operations(self) -> list[Operation]:
        """Each with its root element and shape."""
        handlers = {
            "SIG75:ActivateComfortSignature": self.activate,
            "SIG75:DeactivateComfortSignature": self.deactivate,
            "SIG75:GetSignatureMode": self.get_signature_mode,
        }
        shapes = comfort_signature()
        return [
            Operation(root=root, service="SignatureService", shape=shapes[root], handle=handle)
            for root, handle in handlers.items()
        ]

    async def activate(self, call: Call) -> Element:
        """Check all conditions, then ask for PIN.QES; a UserId that was admitted is used up however it ends."""
        seen = self._hba(call)
        self._around.practice.counts.cards[seen.card.name].comfort_activations += 1
        asked = Asked(
            seen=seen,
            reference="PIN.QES",
            pin=pins.pin_of(seen.card, "PIN.QES"),
            pad=pins.input_terminal(self._device, call.context, seen),
        )
        self._device.comfort.check_activation(seen.handle, call.context.user)
        async with self._dialog.reserved(seen):
            await self._dialog.require_right(asked)
        if seen not in self._device.cards:
            raise KonnektorError(4045)
        self._device.comfort.activate(seen.handle, call.context.client_system, call.context.user)
        self._device.session(call.context, seen).verified.add("PIN.QES")
        now = self._around.now()
        return element("SIG75:ActivateComfortSignatureResponse", status(now), element("SIG75:SignatureMode", "COMFORT"))

    async def deactivate(self, call: Call) -> Element:
        """End all sessions of the cards, of whichever client system; this operation has no context."""
        if not self._device.comfort.settings.enabled:
            raise KonnektorError(4263)
        known = {seen.handle for seen in self._device.cards}
        trouble: KonnektorError | None = None
        for handle in _handles(call):
            if handle not in known:
                trouble = KonnektorError(4265)
            elif not self._device.comfort.end_of_card(handle):
                trouble = trouble or KonnektorError(4266)
        return element("SIG75:DeactivateComfortSignatureResponse", status(self._around.now(), trouble))

    async def get_signature_mode(self, call: Call) -> Element:
        """Switch, limits, and the caller's own session where it has one."""
        seen = self._hba(call)
        comfort = self._device.comfort
        session = comfort.of(seen.handle, call.context)
        return element(
            "SIG75:GetSignatureModeResponse",
            status(self._around.now()),
            element("SIG75:ComfortSignatureStatus", "ENABLED" if comfort.settings.enabled else "DISABLED"),
            element("SIG75:ComfortSignatureMax", str(comfort.settings.signatures)),
            element("SIG75:ComfortSignatureTimer", _duration(timedelta(seconds=comfort.settings.seconds))),
            self._told(session) if session else None,
        )

    def _told(self, session: ComfortSession) -> Element:
        return element(
            "SIG75:SessionInfo",
            element("SIG75:SignatureMode", "COMFORT"),
            element("SIG75:CountRemaining", str(session.left)),
            element("SIG75:TimeRemaining", _duration(session.ends_at - self._around.now())),
        )

    def _hba(self, call: Call) -> SeenCard:
        handle = call.text("CONN:CardHandle")
        if self._device.seen(handle).card.kind != "hba":
            raise KonnektorError(4274)
        seen = self._device.admit(call.context, handle=handle)
        if seen is None:
            raise KonnektorError(4274)
        return seen


def _duration(time: timedelta) -> str:
    """xs:duration in hours, minutes and whole seconds."""
    seconds = max(0, int(time.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    parts = ((hours, "H"), (rest // 60, "M"), (rest % 60, "S"))
    return "PT" + ("".join(f"{number}{unit}" for number, unit in parts if number) or "0S")


def _handles(call: Call) -> list[str]:
    return [(each.text or "").strip() for each in call.request.iterfind(expanded("CONN:CardHandle"))]
