"""One configured Konnektor behind the port `KonnektorPort`: polls, events, PIN and signature verbs."""

from kartenwart.adapters.konnektor.configuration import CetpConfiguration, KonnektorConfiguration
from kartenwart.adapters.konnektor.konnektor import Konnektor

__all__ = ["CetpConfiguration", "Konnektor", "KonnektorConfiguration"]
