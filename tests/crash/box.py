"""An agent that is cut and comes back: what systemd would do for it, and what is checked of how it ended."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.crash.cutting import Action, Cut, Cutter
from tests.integration.practice.staff import world
from tests.practice import Agent, Practice, Simulator, configuration, simulator
from tests.waiting import until

QUIET = "[konnektors.k1]\npoll_interval = 60\n[log]\nlevel = 'warning'\n"
COMFORT = ("[konnektors.behaviour]", "[konnektors.comfort]\nenabled = true\n\n[konnektors.behaviour]")
SECONDS_WITHOUT_SPACE = 0.7
START_SECONDS = 40.0


@dataclass(kw_only=True)
class Box:
    """A practice whose agent runs over a cutter. `ends` is how it ended, start after start; `days` counts the days."""

    practice: Practice
    cutter: Cutter
    cut: Cut | None = None
    days: int = 0
    serving: bool = False
    ends: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def arm(self, cut: Cut | None) -> None:
        """Let something happen at so many calls from now."""
        self.cut = cut
        self.cutter.forget()
        if cut is not None:
            self.cutter.arm(cut)

    async def keep_running(self) -> None:
        """Start the agent whenever it has ended; after a cut the power is back. Ends when cancelled."""
        while True:
            with suppress(pytest.fail.Exception):  # it ended before it served; how, is in `ends`
                await self.practice.agent.start()
                self.serving = True
            await self._note_end(self.practice.agent)
            self.cutter.disarm()

    async def _note_end(self, agent: Agent) -> None:
        assert agent.process is not None
        process = agent.process
        code = await process.process.wait()
        self.serving = False
        await until(lambda: _told(process.ended))
        self.ends.append(code)
        self.said = process.lines

    async def give_space(self) -> None:
        """Some time after the disk has become full somebody deletes something. Ends when cancelled."""
        while True:
            await asyncio.sleep(0.05)
            if self.full:
                await asyncio.sleep(SECONDS_WITHOUT_SPACE)
                self.cutter.disarm()

    @property
    def full(self) -> bool:
        """True while the disk is full."""
        return bool(self.cutter.struck) and self.cut is not None and self.cut.action is Action.ENOSPC

    async def has_space(self) -> None:
        """Wait until there is space again."""
        await until(lambda: _told(not self.full))

    async def serves(self) -> None:
        """Wait until the agent serves."""
        await until(lambda: _told(self.serving), within=START_SECONDS)

    async def kill(self) -> None:
        """End the agent as a power cut would, and wait until it is back."""
        ends = len(self.ends)
        await self.practice.agent.kill()
        await until(lambda: _told(len(self.ends) > ends))
        await self.serves()

    def assert_ended_as_it_should(self) -> None:
        """Check the last end: killed, or stopped with words for people because the disk refused at the start."""
        assert self.ends[-1] in (-signal.SIGKILL, 1), (self.ends, self.said[-30:])
        if self.ends[-1] == 1:
            assert self.cut is not None
            assert self.cut.action in (Action.EIO, Action.ENOSPC), self.said[-30:]
            assert any(line.startswith("kartenwart: ") for line in self.said), self.said[-30:]
        assert not any("Traceback" in line for line in self.said), self.said[-60:]


@asynccontextmanager
async def surroundings(folder: Path) -> AsyncIterator[Simulator]:
    """Run the practice around the box, with the comfort signature switched on."""
    async with simulator(folder / "sim", world(folder, COMFORT)) as sim:
        yield sim


@asynccontextmanager
async def box(folder: Path, simulator: Simulator, library: Path, cut: Cut | None = None) -> AsyncIterator[Box]:
    """Run an agent with fresh state in `folder`, start it again whenever it ends; `cut` is from its first start on."""
    home = folder / "box"
    (home / "conf.d").mkdir(parents=True)
    (home / "conf.d" / "quiet.toml").write_text(QUIET, encoding="utf-8")
    (home / "kartenwart.toml").write_text(configuration(simulator), encoding="utf-8")
    cutter = Cutter(folder, library)
    agent = Agent(folder=home, environment=cutter.environment(home / "state", home / "anchor"))
    here = Box(practice=Practice(folder=folder, simulator=simulator, agent=agent), cutter=cutter)
    here.arm(cut)
    keepers = [asyncio.create_task(here.keep_running()), asyncio.create_task(here.give_space())]
    try:
        await here.serves()
        yield here
    finally:
        for keeper in keepers:
            keeper.cancel()
        await asyncio.gather(*keepers, return_exceptions=True)
        if agent.process is not None:
            await agent.kill()
        await agent.close()
        cutter.close()


async def _told(value: object) -> bool:
    return bool(value)
