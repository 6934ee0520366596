"""A large practice: the simulator's world generated, the agent, and workstations."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from kartenwart.client import Profile
from tests.bench.sides import workstations
from tests.bench.worlds import settings, with_cards
from tests.load.office import seen
from tests.practice import Agent, Simulator, practice


@dataclass(frozen=True, kw_only=True)
class Office:
    """The agent, those who call it, and the simulator."""

    agent: Agent
    profiles: Sequence[Profile]
    simulator: Simulator


@asynccontextmanager
async def large_practice(folder: Path, cards: int, terminals: int, *, profiles: int) -> AsyncIterator[Office]:
    """Run it until the block ends; entered when a workstation sees all of it."""
    world = folder / "world.toml"
    world.write_text(with_cards(cards, terminals), encoding="utf-8")
    async with practice(folder, world, settings(poll_interval=30)) as here:
        enrolled = await workstations(here.agent, folder, profiles, ("empfang",))
        await seen(enrolled[0], cards, terminals)
        yield Office(agent=here.agent, profiles=enrolled, simulator=here.simulator)
