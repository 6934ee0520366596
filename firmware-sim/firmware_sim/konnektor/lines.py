"""The two lines of a Konnektor, to it (SOAP) and from it (events): straight, or through a proxy with a fault."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Self

from firmware_sim.konnektor.cetp import EventSender
from firmware_sim.konnektor.listener import Listener
from firmware_sim.pki import ServerIdentity
from firmware_sim.proxy import LinkFault, Proxy


class Lines:
    """`async with` heals both lines at its end. An undisturbed line has no proxy on it and costs nothing."""

    def __init__(self, listener: Listener, sender: EventSender, identity: Callable[[], ServerIdentity]) -> None:
        self._listener = listener
        self._sender = sender
        self._identity = identity
        self._address = listener.address
        self._soap: Proxy | None = None
        self._events: LinkFault | None = None
        self._detours: dict[tuple[str, int], Proxy] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._sender.way = self._way
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def disturb_soap(self, fault: LinkFault) -> None:
        """Put a fault on the line by which clients come: connections are cut, new ones suffer it."""
        if self._soap is not None:
            self._soap.fault = fault
            return
        told = self._listener.port
        inner = await self._listener.move(self._identity(), 0)
        self._soap = await self._stack.enter_async_context(
            Proxy((self._address, told), (self._address, inner), fault, local=self._address)
        )

    def disturb_events(self, fault: LinkFault) -> None:
        """Put a fault on the line to every subscriber; a connection that a subscriber keeps stays as it is."""
        self._events = fault
        for detour in self._detours.values():
            detour.fault = fault

    async def heal(self) -> None:
        """Take the proxies away; what goes through them is cut."""
        disturbed, self._soap, self._events = self._soap is not None, None, None
        self._detours.clear()
        await self._stack.aclose()
        if disturbed:
            await self._listener.move(self._identity(), self._listener.port)

    async def _way(self, host: str, port: int) -> tuple[str, int]:
        """Where to connect to for a subscriber."""
        if self._events is None:
            return host, port
        if (host, port) not in self._detours:
            proxy = Proxy((self._address, 0), (host, port), self._events, local=self._address)
            self._detours[host, port] = await self._stack.enter_async_context(proxy)
        return self._detours[host, port].address
