"""Terminals whose TLS hangs: the Konnektor believes them connected, and whoever needs one of their cards waits."""

import asyncio

from firmware_sim.world.codes import KonnektorError


class Hanging:
    """Which terminals of a Konnektor hang now; each until its time is up."""

    def __init__(self) -> None:
        self._healed: dict[str, asyncio.Event] = {}

    def begin(self, terminal: str, seconds: float) -> None:
        """Let a terminal's connection hang for so long, from now; 0 ends it at once."""
        self._heal(terminal)
        if seconds > 0:
            self._healed[terminal] = asyncio.Event()
            asyncio.get_running_loop().call_later(seconds, self._heal, terminal, self._healed[terminal])

    async def wait(self, terminal: str) -> None:
        """Wait while a terminal hangs. Raises 4044 where it did: the connection is made anew, the call is lost."""
        healed = self._healed.get(terminal)
        if healed is not None:
            await healed.wait()
            raise KonnektorError(4044, "the terminal did not answer")

    def _heal(self, terminal: str, which: asyncio.Event | None = None) -> None:
        healed = self._healed.get(terminal)
        if healed is not None and which in (None, healed):
            healed.set()
            del self._healed[terminal]
