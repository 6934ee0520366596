"""A practice per test."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.operations.practice import Practice


@pytest.fixture
async def practice() -> AsyncIterator[Practice]:
    """A practice that is closed at the end, so that no job outlives its test."""
    made = Practice()
    yield made
    await made.jobs.close()
