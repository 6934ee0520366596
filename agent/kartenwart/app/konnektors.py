"""The Konnektoren of the settings, entered; loaded while gRPC already serves (XML, SOAP, PKCS#12)."""

from collections.abc import Callable
from contextlib import AsyncExitStack

from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.konnektor import Konnektor
from kartenwart.app.links import configurations, current_certificate
from kartenwart.edge.identity import ServerIdentity
from kartenwart.edge.listening import PortTakenError
from kartenwart.settings import Settings


async def entered(
    stack: AsyncExitStack, settings: Settings, identity: Callable[[], ServerIdentity]
) -> dict[str, Konnektor]:
    """Return them by resource name, open until the stack closes. Raises SettingsError, PortTakenError."""
    found = {}
    for name, configuration in configurations(settings, current_certificate(identity)).items():
        try:
            found[name] = await stack.enter_async_context(Konnektor(configuration, SystemClock()))
        except OSError as error:
            raise PortTakenError(f"{name}: cannot listen for events (cetp_listen): {error.strerror}") from error
    return found
