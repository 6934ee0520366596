"""A real store in a folder of the test's own, and a clock that the test sets."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from kartenwart.adapters.store import Store, open_store
from tests.unit.adapters.store.scene import HandClock, Opener


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def anchor(tmp_path: Path) -> Path:
    return tmp_path / "elsewhere"


@pytest.fixture
def opener(state: Path, anchor: Path, clock: HandClock) -> Opener:
    """Open the store of this test; again after it was closed."""

    def reopen(*, anchor_seconds: float = 0.01) -> AbstractAsyncContextManager[Store]:
        return open_store(state=state, anchor=anchor, clock=clock, anchor_seconds=anchor_seconds)

    return reopen


@pytest.fixture
async def store(opener: Opener) -> AsyncIterator[Store]:
    async with opener() as opened:
        yield opened
