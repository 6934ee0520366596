"""What a card's private keys demand: PIN.SMC of an SM-B, PIN.CH of an HBA, verified in the caller's own session."""

from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.context import Context
from firmware_sim.world.device import Device, SeenCard


def require_unlocked(device: Device, context: Context, seen: SeenCard) -> None:
    """Raise 4085 unless the PIN is verified; an SM-B in a data centre may be unlocked by its operator."""
    wanted = "PIN.CH" if seen.card.kind == "hba" else "PIN.SMC"
    if wanted not in device.session(context, seen).verified and not seen.card.unlocked:
        raise KonnektorError(4085)
