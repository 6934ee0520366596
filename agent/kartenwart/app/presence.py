"""The box as others see it: its certificate and its announcement, kept true while addresses and enrolment change."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from kartenwart.adapters.journal import Report
from kartenwart.adapters.mdns import Announcement, own_addresses
from kartenwart.adapters.site import Site
from kartenwart.app.loading import loaded
from kartenwart.domain.clock import Clock
from kartenwart.edge.identity import ServerIdentity
from kartenwart.settings import Listen

LOOK_SECONDS = 30.0


class Presence:
    """Holds the identity that TLS shows, and announces the box.

    `now_and_then` looks at addresses, certificate and enrolment, at once when `changed` was called.
    """

    def __init__(self, *, site: Site, listen: Listen, clock: Clock, report: Report) -> None:
        self._site = site
        self._listen = listen
        self._clock = clock
        self._report = report
        self._told = asyncio.Event()
        self._addresses: tuple[str, ...] = ()
        self._look()

    def current(self) -> ServerIdentity:
        """Return what TLS shows now; asked at each handshake."""
        return self._identity

    def changed(self) -> None:
        """Look again at once: enrolment has opened or closed."""
        self._told.set()

    async def now_and_then(self, ports: "Ports", is_open: Callable[[], bool]) -> None:
        """Announce until cancelled (where mDNS is configured) and keep certificate and announcement true."""
        async with contextlib.AsyncExitStack() as stack:
            announcer = None
            if self._listen.mdns:
                mdns = await loaded("kartenwart.adapters.mdns.announcer")
                announcer = mdns.Announcer(self._announcement(ports, is_open()), self._report)
                await stack.enter_async_context(announcer)
            shown = self._announcement(ports, is_open())
            while True:
                await self._pause()
                await asyncio.to_thread(self._look)
                if announcer is not None and (now := self._announcement(ports, is_open())) != shown:
                    announcer.update(now)
                    shown = now

    async def _pause(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LOOK_SECONDS):
                await self._told.wait()
        self._told.clear()

    def _look(self) -> None:
        self._addresses = own_addresses(self._listen.address)
        names = (*self._addresses, *self._listen.host_names)
        kept = self._site.server_identity(names, self._clock.now())
        self._identity = ServerIdentity(chain_pem=kept.chain_pem, key_pem=kept.key_pem, root_pem=self._site.root_pem)

    def _announcement(self, ports: "Ports", enrolment_open: bool) -> Announcement:
        return Announcement(
            box_id=self._site.box_id,
            fingerprint=self._site.fingerprint,
            grpc_port=ports.grpc,
            json_port=ports.json,
            enrol_port=ports.enrol,
            enrolment_open=enrolment_open,
            addresses=self._addresses,
            interface=self._listen.mdns_interface,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The TCP ports in use."""

    grpc: int
    json: int
    enrol: int
