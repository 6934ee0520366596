"""The call context of the Konnektor's operations."""

from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True, slots=True)
class Context:
    """Who calls: mandant, client system and workplace always, the user for operations on an HBA."""

    mandant: str
    client_system: str
    workplace: str
    user: str = field(default="", repr=False)
