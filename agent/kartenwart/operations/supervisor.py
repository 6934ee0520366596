"""Keeps the agent's own loops running: one that breaks is started again, ever more slowly, and never silently."""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Protocol, Self

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0


class Report(Protocol):
    """Where operations say what a technician may want to know: an event's name and plain fields."""

    def __call__(self, event: str, /, **fields: object) -> None: ...


def say_nothing(_event: str, /, **_fields: object) -> None:
    """Report nothing."""


class Supervisor:
    """Owns every loop; leaving the context stops them all."""

    def __init__(self, *, report: Report = say_nothing, first_pause: float = FIRST_PAUSE) -> None:
        self._report = report
        self._first_pause = first_pause
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        self._tasks.clear()

    def start(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run a loop until it returns by itself; after an exception it is started anew."""
        if name in self._tasks:
            raise ValueError(f"{name} runs already")
        self._tasks[name] = asyncio.create_task(self._keep(name, run), name=name)

    async def _keep(self, name: str, run: Callable[[], Coroutine[Any, Any, None]]) -> None:
        loop = asyncio.get_running_loop()
        pause = self._first_pause
        while True:
            started = loop.time()
            try:
                await run()
            except Exception as broken:  # noqa: BLE001 - whatever broke, the loop must go on
                self._report("loop.broken", loop=name, error=type(broken).__name__, pause=pause)
            else:
                return
            await asyncio.sleep(pause)
            healthy = loop.time() - started > LONGEST_PAUSE
            pause = self._first_pause if healthy else min(LONGEST_PAUSE, pause * 2)
