"""The comfort signature of SignatureService 7.5 at a Konnektor on which nobody has switched it on."""

from firmware_sim.konnektor.call import Call, Operation, Surroundings
from firmware_sim.konnektor.requests import comfort_signature
from firmware_sim.konnektor.soap import status
from firmware_sim.konnektor.xml import Element, element
from firmware_sim.world.codes import KonnektorError


class ComfortService:
    """Activation is refused with 4263; the mode says DISABLED."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._device = around.device

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
        """Always 4263, after the checks that come first."""
        self._check_hba(call)
        raise KonnektorError(4263)

    async def deactivate(self, _: Call) -> Element:
        """Always 4263; this operation has no context."""
        raise KonnektorError(4263)

    async def get_signature_mode(self, call: Call) -> Element:
        """DISABLED with the default limits."""
        self._check_hba(call)
        return element(
            "SIG75:GetSignatureModeResponse",
            status(self._around.now()),
            element("SIG75:ComfortSignatureStatus", "DISABLED"),
            element("SIG75:ComfortSignatureMax", "100"),
            element("SIG75:ComfortSignatureTimer", "PT6H"),
        )

    def _check_hba(self, call: Call) -> None:
        seen = self._device.admit(call.context, handle=call.text("CONN:CardHandle"))
        if seen is None or seen.card.kind != "hba":
            raise KonnektorError(4274)
