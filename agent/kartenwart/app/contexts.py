"""From settings to the contexts in which Konnektoren are called, and the box's own readers."""

from kartenwart.domain.inventory import READERS, Context
from kartenwart.settings import Settings


def contexts(settings: Settings) -> dict[str, Context]:
    """Return the configured contexts by resource name."""
    found = (
        Context(
            name=f"contexts/{key}",
            konnektor=READERS if one.readers else f"konnektors/{one.konnektor}",
            mandant=one.mandant,
            client_system=one.client_system,
            workplace=one.workplace,
            local_terminals=one.local_terminals,
            remote_terminals=one.remote_terminals,
            remote_pin_terminal=one.remote_pin_terminal,
            purpose=one.purpose,
        )
        for key, one in settings.contexts.items()
    )
    return {context.name: context for context in found}
