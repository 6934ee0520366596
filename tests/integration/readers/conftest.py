"""pcscd in a network of its own, and the cards of the simulator's default practice."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from firmware_sim.simulation import Simulation
from kartenwart.domain.readers import Laboratory
from tests.integration.readers.at_pad import AtPad, agent_at_pad
from tests.integration.readers.plugged import Pcscd, Plugged
from tests.sim.conftest import sim_state
from tests.sim.cos.conftest import practice
from tests.sim.readers.conftest import handler

__all__ = ["handler", "practice", "sim_state"]

Plug = Callable[..., Plugged]
OpenPad = Callable[..., AbstractAsyncContextManager[AtPad]]


@pytest.fixture(scope="session")
def run_folder() -> Iterator[Path]:
    """Where every pcscd of this process has its socket: libpcsclite asks the environment once and never again."""
    folder = Path(tempfile.mkdtemp(prefix="kw-pcsc-"))
    os.environ["PCSCLITE_CSOCK_NAME"] = str(folder / "pcscd.comm")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def pcscd_with(tmp_path: Path, run_folder: Path) -> Iterator[Callable[..., Pcscd]]:
    """Makes the test's pcscd with so many pairs of slots; it is not started."""
    made: list[Pcscd] = []

    def make(entries: int = 1, more: str = "") -> Pcscd:
        made.append(Pcscd(tmp_path, run_folder, entries, more))
        return made[-1]

    yield make
    for one in made:
        one.stop()
        for left in run_folder.iterdir():
            left.unlink()


@pytest.fixture
def pcscd(pcscd_with: Callable[..., Pcscd]) -> Pcscd:
    """A running pcscd with two slots."""
    one = pcscd_with()
    one.start()
    return one


@pytest.fixture
def plug(pcscd: Pcscd, practice: Simulation) -> Iterator[Plug]:
    """Plugs a card of the practice into a slot."""
    plugged: list[Plugged] = []

    def into(name: str, slot: int = 0, *, atr: bytes | None = None) -> Plugged:
        plugged.append(Plugged(pcscd, slot, practice.chips.of_card(name), atr=atr))
        return plugged[-1]

    yield into
    for one in plugged:
        one.pull()


@pytest.fixture
def at_pad(sim_state: Path, tmp_path: Path, handler: Path, run_folder: Path) -> OpenPad:
    """`async with at_pad("smcb-m1") as here`: the agent at a reader with a pad, this card in it."""

    def open_with(card: str, laboratory: Laboratory | None = None) -> AbstractAsyncContextManager[AtPad]:
        return agent_at_pad(card, sim_state, tmp_path, handler, run_folder, laboratory)

    return open_with
