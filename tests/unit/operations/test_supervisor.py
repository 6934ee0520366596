import asyncio

import pytest

from kartenwart.operations.supervisor import Supervisor


async def test_a_loop_that_breaks_is_reported_and_started_anew() -> None:
    reports: list[tuple[str, dict[str, object]]] = []
    runs = 0
    done = asyncio.Event()

    async def loop() -> None:
        nonlocal runs
        runs += 1
        if runs < 3:
            raise ValueError("secret")
        done.set()

    def report(event: str, /, **fields: object) -> None:
        reports.append((event, fields))

    async with Supervisor(report=report, first_pause=0.001) as supervisor, asyncio.timeout(5):
        supervisor.start("poll", loop)
        await done.wait()
    assert [event for event, _ in reports] == ["loop.broken", "loop.broken"]
    assert "secret" not in str(reports)


async def test_leaving_stops_every_loop() -> None:
    stopped: list[str] = []

    async def loop(name: str) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            stopped.append(name)

    async with Supervisor() as supervisor:
        supervisor.start("one", lambda: loop("one"))
        supervisor.start("two", lambda: loop("two"))
        with pytest.raises(ValueError, match="one"):
            supervisor.start("one", lambda: loop("one"))
        await asyncio.sleep(0)
    assert sorted(stopped) == ["one", "two"]
