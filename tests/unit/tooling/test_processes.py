"""tests/processes.py itself: every integration test leans on it."""

import sys
from pathlib import Path

import pytest

from tests.processes import Start


async def test_a_line_is_found_and_the_process_is_stopped_by_its_own_pid(start: Start) -> None:
    running = await start(sys.executable, "-uc", "import time; print('port 4711'); time.sleep(60)")

    assert await running.line("port") == "port 4711"
    assert await running.stop() == -15


async def test_standard_error_and_the_environment_arrive(start: Start) -> None:
    running = await start(sys.executable, "-c", "import os, sys; sys.exit(os.environ['WORDS'])", WORDS="Guten Tag")

    assert await running.line("Guten") == "Guten Tag"
    assert await running.process.wait() == 1


async def test_a_process_that_ends_without_the_line_fails_at_once_with_what_it_said(start: Start) -> None:
    running = await start(sys.executable, "-c", "print('no such world')")

    with pytest.raises(pytest.fail.Exception, match=r"ended \(0\)[\s\S]*no such world"):
        await running.line("ready")


async def test_a_process_that_says_nothing_is_given_up(start: Start) -> None:
    running = await start(sys.executable, "-c", "import time; time.sleep(60)")

    with pytest.raises(pytest.fail.Exception, match=r"no sign of a line with 'ready' within 0\.2 s"):
        await running.line("ready", within=0.2)


async def test_a_process_that_ignores_the_wish_to_end_is_ended(start: Start) -> None:
    running = await start(
        sys.executable, "-uc", "import signal, time; signal.signal(15, signal.SIG_IGN); print('up'); time.sleep(60)"
    )
    await running.line("up")

    assert await running.stop(within=0.2) == -9


async def test_a_file_is_waited_for(start: Start, tmp_path: Path) -> None:
    made = tmp_path / "sim.json"
    running = await start(
        sys.executable, "-c", f"import time; time.sleep(.2); open({str(made)!r}, 'w'); time.sleep(60)"
    )

    assert await running.file(made) == made
