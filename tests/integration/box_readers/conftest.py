"""The readers of a box, with everything real: pcscd, the driver with a pad, the agent as a process."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.integration.box_readers.laboratory import Laboratory, laboratory
from tests.sim.conftest import sim_state

__all__ = ["sim_state"]


@pytest.fixture
async def here(tmp_path: Path, sim_state: Path) -> AsyncIterator[Laboratory]:
    """Everything running."""
    async with laboratory(tmp_path, sim_state) as running:
        yield running
