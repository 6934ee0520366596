"""From settings to the contexts in which Konnektoren are called, and the Konnektoren while they are still loaded."""

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Context
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.settings import Settings


class Reached(dict[str, KonnektorPort]):
    """Konnektoren by resource name; one that is configured and not entered yet is one that cannot be reached yet."""

    def __missing__(self, name: str) -> KonnektorPort:
        raise WorldError(failure(Reason.KONNEKTOR_UNREACHABLE), sent=False)


def contexts(settings: Settings) -> dict[str, Context]:
    """Return the configured contexts by resource name."""
    found = (
        Context(
            name=f"contexts/{key}",
            konnektor=f"konnektors/{one.konnektor}",
            mandant=one.mandant,
            client_system=one.client_system,
            workplace=one.workplace,
            local_terminals=one.local_terminals,
            remote_terminals=one.remote_terminals,
            remote_pin_terminal=one.remote_pin_terminal,
        )
        for key, one in settings.contexts.items()
    )
    return {context.name: context for context in found}
