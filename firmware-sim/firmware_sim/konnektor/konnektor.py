"""One Konnektor, complete: state, listener, event sender, and what an administrator can do with it."""

import asyncio
import ssl
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Self

from firmware_sim.konnektor.authentication_service import AuthenticationService
from firmware_sim.konnektor.call import Operation, Surroundings
from firmware_sim.konnektor.calls import CallLog
from firmware_sim.konnektor.card_service import CardService
from firmware_sim.konnektor.card_terminal_service import CardTerminalService
from firmware_sim.konnektor.certificate_service import CertificateService
from firmware_sim.konnektor.cetp import EventSender
from firmware_sim.konnektor.comfort_service import ComfortService
from firmware_sim.konnektor.dispatch import Dispatcher
from firmware_sim.konnektor.encryption_service import EncryptionService
from firmware_sim.konnektor.event_service import EventService
from firmware_sim.konnektor.faults import FaultPlan
from firmware_sim.konnektor.lines import Lines
from firmware_sim.konnektor.listener import Listener, event_context
from firmware_sim.konnektor.pin_dialog import PinDialog
from firmware_sim.konnektor.profiles import has
from firmware_sim.konnektor.signature_service import SignatureService
from firmware_sim.konnektor.verification_service import VerificationService
from firmware_sim.konnektor.vsd_service import VsdService
from firmware_sim.pads.pad import Ended
from firmware_sim.pki import ClientIdentity, Pki, ServerIdentity
from firmware_sim.world.configuration import KeyKind
from firmware_sim.world.events import Event


class Konnektor:
    """`async with` starts and stops it. `passwords` maps user to (client system, password)."""

    def __init__(self, around: Surroundings, pki: Pki, passwords: dict[str, tuple[str, str]]) -> None:
        self.around = around
        self.device = around.device
        self.faults = FaultPlan()
        self.calls = CallLog()
        self.up = False
        self._pki = pki
        configuration = self.device.configuration
        self.clients: dict[str, ClientIdentity] = {
            system.name: pki.client(system.name, system.key, system.p12 == "legacy")
            for system in configuration.client_systems
        }
        self.passwords = passwords
        self.server: ServerIdentity = self._identity(configuration.server_key, renew=False)
        dispatcher = Dispatcher(around, _operations(around), self.faults, self.calls)
        certificates = {identity.certificate_der: name for name, identity in self.clients.items()}
        self.listener = Listener(self.device, dispatcher, certificates, self.passwords, pki.tls_root_pem)
        self.sender = EventSender(self.device, self._event_tls)
        self.lines = Lines(self.listener, self.sender, lambda: self.server)
        self._stack = AsyncExitStack()
        self._reboot: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._stack.enter_async_context(self.lines)
        await self._stack.enter_async_context(self.sender)
        await self.listener.open(self.server)
        self.up = True
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reboot is not None:
            self._reboot.cancel()
            await asyncio.gather(self._reboot, return_exceptions=True)
        self.up = False
        await self.listener.close()
        await self._stack.aclose()

    def announce(self, event: Event) -> None:
        """Send an event to whoever subscribed to it; while the Konnektor boots nobody hears anything."""
        if self.up:
            self.sender.send(event)

    async def reboot(self, down_seconds: float) -> None:
        """Go down now, cutting every connection, and come up in the background. Returns when it is down."""
        if not self.up:
            return
        self.up = False
        for terminal in self.device.model.terminals:
            self.around.pads[terminal].interrupt(Ended.TERMINAL_LOST)
        await self.listener.close()
        self._reboot = asyncio.create_task(self._come_up(down_seconds))

    async def wait_until_up(self) -> None:
        """Wait for the end of a reboot that is under way."""
        if self._reboot is not None:
            await self._reboot

    async def replace_certificate(self, key: KeyKind, *, renew: bool) -> None:
        """Show another certificate to connections from now on."""
        self.server = self._identity(key, renew=renew)
        if self.up:
            await self.listener.open(self.server)

    async def _come_up(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        self.device.boot()
        await self.listener.open(self.server)
        self.up = True
        self.sender.send_booted()

    def _identity(self, key: KeyKind, *, renew: bool) -> ServerIdentity:
        configuration = self.device.configuration
        return self._pki.server(configuration.host_names, key, renew)

    def _event_tls(self) -> ssl.SSLContext | None:
        return event_context(self.server) if self.device.configuration.cetp == "tls" else None

    @property
    def tls_root_pem(self) -> Path:
        """The root of the Konnektor's own TLS certificates."""
        return self._pki.tls_root_pem


def _operations(around: Surroundings) -> list[Operation]:
    dialog = PinDialog(around)
    operations = [
        *EventService(around).operations(),
        *CardService(around, dialog).operations(),
        *CertificateService(around).operations(),
        *CardTerminalService(around).operations(),
        *VsdService(around, dialog).operations(),
        *SignatureService(around, dialog, "SIG74").operations(),
        *VerificationService(around, "SIG74").operations(),
        *AuthenticationService(around).operations(),
        *EncryptionService(around).operations(),
    ]
    if has(around.device.configuration, "SignatureService", "7.5.5"):
        operations += SignatureService(around, dialog, "SIG75").operations()
        operations += VerificationService(around, "SIG75").operations()
        operations += ComfortService(around, dialog).operations()
    return operations
