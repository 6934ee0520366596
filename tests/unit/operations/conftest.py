"""A practice per test."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.operations.house import TECHNICIAN, House
from tests.unit.operations.practice import Practice


@pytest.fixture
async def practice() -> AsyncIterator[Practice]:
    """A practice that is closed at the end, so that no job outlives its test."""
    made = Practice()
    yield made
    await made.jobs.close()


@pytest.fixture
async def house() -> House:
    """Enrolment, opened by a technician."""
    made = House()
    made.enrolments.open(TECHNICIAN)
    return made
