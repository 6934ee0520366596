"""The load of scripts/load, short: no call fails, and those who know the box are served whatever strangers do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from tests.load.office import handshakes, idle_strangers, lag_p99, loop_lag, never_reading, work
from tests.load.practice import Office, large_practice

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("load"), pytest.mark.slow]

WORKSTATIONS = 50
SECONDS = 3.0
# The whole practice, 50 workstations and other tests share two cores here; scripts/load holds the real bound.
PATIENT_LAG = 0.25


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def office(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with large_practice(tmp_path_factory.mktemp("load"), 100, 40, profiles=5) as opened:
        yield opened


async def test_fifty_workstations_are_answered(office: Office) -> None:
    before = await loop_lag(office.agent)
    day = await work(office.profiles, WORKSTATIONS, SECONDS, 5.0)
    assert day.failed == []
    assert len(day.took) == WORKSTATIONS * SECONDS * 5
    assert lag_p99(before, await loop_lag(office.agent)) <= PATIENT_LAG


async def test_who_never_reads_and_strangers_cost_nobody_else(office: Office) -> None:
    port = office.agent.address.grpc_port
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(never_reading(office.profiles[0], 8))
        await stack.enter_async_context(idle_strangers(port, 2000))
        tried = await stack.enter_async_context(handshakes(port))
        day = await work(office.profiles[1:], 10, SECONDS, 2.0)
        await asyncio.sleep(0)
        assert tried[0] > 20
    assert day.failed == []
    assert len(day.took) == 10 * SECONDS * 2
