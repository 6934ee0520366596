"""Processes with a bounded life: what integration tests start, listen to and stop by its own process id."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
START_SECONDS = 30.0
STOP_SECONDS = 10.0


class Start(Protocol):
    """The `start` fixture: `await start("kartenwart-sim", "run", ..., NAME="value")`."""

    async def __call__(self, *command: str | Path, **environment: str) -> "Running":
        """Start `command`; names in capitals are added to its environment, which finds both packages here."""
        ...


@dataclass(kw_only=True, slots=True)
class Running:
    """A process that a test started.

    `lines` is what it has said so far, standard output and error as they came; `ended` is True when it has ended and
    all that it said has been read.
    """

    process: asyncio.subprocess.Process
    lines: list[str] = field(default_factory=list)
    ended: bool = False
    _said: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def line(self, part: str, within: float = START_SECONDS) -> str:
        """The first line that contains `part`; fails after `within` seconds or when the process ends without it."""

        def found() -> str | None:
            return next((line for line in self.lines if part in line), None)

        async def wait() -> None:
            async with self._said:
                await self._said.wait_for(lambda: found() is not None or self.ended)

        await self._bounded(wait(), within, f"a line with {part!r}")
        if (line := found()) is None:
            pytest.fail(f"the process ended ({self.process.returncode}) without a line with {part!r}:\n{self.said}")
        return line

    async def file(self, path: Path, within: float = START_SECONDS) -> Path:
        """`path` once it exists; fails after `within` seconds or when the process ends without making it."""

        async def wait() -> None:
            while not path.exists() and not self.ended:
                await asyncio.sleep(0.05)

        await self._bounded(wait(), within, f"the file {path}")
        if not path.exists():
            pytest.fail(f"the process ended ({self.process.returncode}) without making {path}:\n{self.said}")
        return path

    async def stop(self, within: float = STOP_SECONDS) -> int:
        """Ask it to end (SIGTERM), end it (SIGKILL) after `within` seconds; the exit status, negative for a signal."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                await asyncio.wait_for(self.process.wait(), within)
            except TimeoutError:
                await self.kill()
        return await self.process.wait()

    async def kill(self) -> None:
        """End it at once, as a power cut would (SIGKILL)."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    @property
    def said(self) -> str:
        """The last hundred lines, for a failing test to show."""
        return "\n".join(self.lines[-100:])

    async def _bounded(self, waiting: Awaitable[None], within: float, what: str) -> None:
        try:
            await asyncio.wait_for(waiting, within)
        except TimeoutError:
            pytest.fail(f"no sign of {what} within {within} s:\n{self.said}")

    async def read(self) -> None:
        """Collect what it says until it has ended."""
        assert self.process.stdout is not None
        async for raw in self.process.stdout:
            async with self._said:
                self.lines.append(raw.decode(errors="replace").rstrip("\n"))
                self._said.notify_all()
        await self.process.wait()
        async with self._said:
            self.ended = True
            self._said.notify_all()


@asynccontextmanager
async def running(
    command: Sequence[str | Path], environment: Mapping[str, str], keep: Sequence[int] = ()
) -> AsyncIterator[Running]:
    """A started process, stopped when the block ends; it inherits the descriptors `keep`."""
    path = os.pathsep.join(str(REPOSITORY / source) for source in ("agent", "firmware-sim"))
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": path, **environment},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        pass_fds=keep,
    )
    started = Running(process=process)
    reader = asyncio.create_task(started.read())
    try:
        yield started
    finally:
        await started.stop()
        await reader
