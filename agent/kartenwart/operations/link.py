"""The link to one Konnektor: subscribe, listen, poll; polls are repeated when something changed meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import AgentError, Reason
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.domain.ports.observations import Observation
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.supervisor import Report, say_nothing

POLLS_AT_ONCE = 3
LONGEST_PAUSE = 60.0


class KonnektorLink:
    """Keeps one Konnektor in the picture. `interval` and `breath` (least pause between polls) are in seconds.

    What follows each poll (`after_poll`) asks cards; so it has a task of its own: where a card's terminal hangs, polls
    go on.
    """

    def __init__(
        self,
        *,
        port: KonnektorPort,
        keeper: InventoryKeeper,
        interval: float = 30.0,
        first_pause: float = 1.0,
        breath: float = 0.2,
        after_poll: Callable[[], Awaitable[None]] | None = None,
        report: Report = say_nothing,
    ) -> None:
        self._port = port
        self._keeper = keeper
        self._interval = interval
        self._first_pause = first_pause
        self._breath = breath
        self._after_poll = after_poll
        self._report = report
        self._told = 0
        self._wake = asyncio.Event()
        self._polled = asyncio.Event()

    async def run(self) -> None:
        """Run until cancelled; what goes wrong stands in the picture and is tried again, ever more slowly."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen())
            group.create_task(self._poll())
            if self._after_poll is not None:
                group.create_task(self._follow(self._after_poll))

    async def _listen(self) -> None:
        while True:
            try:
                async for notice in self._port.notices():
                    if self._keeper.notice(notice):
                        self._told += 1
                        self._wake.set()
                return
            except Exception as broken:  # noqa: BLE001 - a broken notice must not end the link
                self._report("link.notices_broken", konnektor=self._port.name, error=type(broken).__name__)
                await asyncio.sleep(self._first_pause)

    async def _poll(self) -> None:
        pause = self._first_pause
        while True:
            self._wake.clear()
            if await self._attempt():
                pause = self._first_pause
                await self._rest(self._interval)
            else:
                await self._rest(pause)
                pause = min(LONGEST_PAUSE, pause * 2)

    async def _attempt(self) -> bool:
        try:
            await self._subscribe()
            observation, disturbed = await self._undisturbed()
            self._keeper.observe(observation, disturbed=disturbed)
            self._polled.set()
        except AgentError as error:
            self._failed(error)
            return False
        except Exception as broken:  # noqa: BLE001 - a defect must not end the link, and must not hide either
            self._report("link.broken", konnektor=self._port.name, error=type(broken).__name__)
            self._keeper.link_failed(self._port.name, failure(Reason.INTERNAL))
            return False
        return True

    async def _follow(self, after_poll: Callable[[], Awaitable[None]]) -> None:
        """Do what follows a poll, one after the other; of polls that came meanwhile the last one counts."""
        while True:
            await self._polled.wait()
            self._polled.clear()
            try:
                await after_poll()
            except Exception as broken:  # noqa: BLE001 - a defect must not end the link
                self._report("link.look_broken", konnektor=self._port.name, error=type(broken).__name__)

    async def _subscribe(self) -> None:
        """Subscribe before polling, so that nothing lies between; without events the polls still tell."""
        try:
            await self._port.subscribe()
        except AgentError as error:
            self._report("link.not_subscribed", konnektor=self._port.name, reason=error.failure.reason.value)

    async def _undisturbed(self) -> tuple[Observation, bool]:
        """Return a poll during which nothing was told, and whether that failed: after a few tries the last one counts.

        Contexts are asked side by side, and what changes meanwhile is seen by some and not by others; its event may
        come later, or never. So a poll that finds what the picture does not expect counts once the next one agrees.
        """
        before: Observation | None = None
        for _ in range(POLLS_AT_ONCE):
            told = self._told
            observation = await self._port.observe()
            if told == self._told:
                agreed = before is not None and observation.cards == before.cards
                if agreed or self._keeper.expects(observation):
                    self._wake.clear()
                    break
            before = observation
        return observation, told != self._told

    def _failed(self, error: AgentError) -> None:
        self._report(
            "link.failed",
            konnektor=self._port.name,
            reason=error.failure.reason.value,
            code=error.failure.konnektor_code,
        )
        self._keeper.link_failed(self._port.name, error.failure)

    async def _rest(self, seconds: float) -> None:
        """Wait so long, or until something was told; never less than a breath."""
        await asyncio.sleep(min(self._breath, seconds))
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return
