"""Readers of the simulator, found by a real pcscd."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.pcscd import build_handler
from tests.sim.readers.desk import Ask, Desk, client, desk


@pytest.fixture
async def handler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The IFD handler, built once."""
    folder = tmp_path_factory.getbasetemp() / "ifd"
    folder.mkdir(exist_ok=True)
    built = folder / "kartenwart_ifd.so"
    return built if built.exists() else await build_handler(folder)


@pytest.fixture
async def at_pad(sim_state: Path, tmp_path: Path, handler: Path) -> AsyncIterator[Desk]:
    """One reader with a pad where somebody types right PINs, the SMC-B of m1 in it."""
    readers = '[[readers]]\nname = "pad"\nkind = "pad"\ncard = "smcb-m1"\npad = "type_right"\n'
    async with desk(readers, sim_state, tmp_path, handler) as here:
        yield here


@pytest.fixture
async def ask(at_pad: Desk) -> AsyncIterator[Ask]:
    """A client that has found the pad's reader."""
    async with client(at_pad.pcscd.environment) as asking:
        await at_pad.readers(asking, 1)
        yield asking
