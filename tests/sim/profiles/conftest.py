"""Worlds with a profile: the default practice, played by another device."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from firmware_sim.konnektor.konnektor import Konnektor
from firmware_sim.simulation import Simulation, build
from firmware_sim.world.reading import default_text, read_world
from tests.conformance.sim.conftest import judge
from tests.sim.conftest import session, sim_state

__all__ = ["judge", "session", "sim_state"]

Playing = Callable[..., AbstractAsyncContextManager[Simulation]]


@pytest.fixture
def playing(sim_state: Path) -> Playing:
    """`async with playing('profile = "rise"'):` the default world with these lines, running.

    `managed` is another SMC-B of m1, `more` TOML behind it all.
    """

    @asynccontextmanager
    async def play(*lines: str, managed: str = "smcb-m2", more: str = "") -> AsyncIterator[Simulation]:
        text = default_text().replace("signature_seconds = 0.1", "signature_seconds = 0.0")
        text = text.replace('managed_smb = ["smcb-m1"]', f'managed_smb = ["smcb-m1", "{managed}"]')
        for line in lines:
            key = line.partition(" =")[0]
            kept = [each for each in text.splitlines() if not each.startswith(f"{key} =") or "konnektor" in each]
            text = "\n".join(kept).replace('address = "127.0.0.2"', f'address = "127.0.0.2"\n{line}', 1) + "\n"
        async with build(read_world(text + more), sim_state) as simulation:
            yield simulation

    return play


def only(simulation: Simulation) -> Konnektor:
    """The one Konnektor of the default world."""
    return simulation.konnektors["konnektor"]
