"""What is loaded beside the loop, and the time before it is there."""

import subprocess
import sys

import pytest

from kartenwart.app.following import Reached, ReachedReaders
from kartenwart.app.loading import loaded
from kartenwart.domain.failures import Reason, WorldError


async def test_the_loop_has_its_usual_turns_back_after_loading() -> None:
    usual = sys.getswitchinterval()
    assert (await loaded("kartenwart.app.verdict")).NOT_SET_UP
    assert sys.getswitchinterval() == usual
    with pytest.raises(ModuleNotFoundError):
        await loaded("kartenwart.app.none")
    assert sys.getswitchinterval() == usual


def test_a_konnektor_that_is_not_loaded_yet_cannot_be_reached_yet() -> None:
    with pytest.raises(WorldError) as refused:
        Reached()["konnektors/k1"]
    assert refused.value.failure.reason is Reason.KONNEKTOR_UNREACHABLE
    assert not refused.value.sent


def test_readers_that_are_not_loaded_are_a_service_that_is_down() -> None:
    with pytest.raises(WorldError) as refused:
        ReachedReaders()["readers"]
    assert (refused.value.failure.reason, refused.value.sent) == (Reason.READER_SERVICE_DOWN, False)


def said(code: str) -> list[str]:
    """What a process prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.split()


def test_the_libraries_of_readers_are_loaded_only_where_readers_are_switched_on() -> None:
    code = "import sys, kartenwart.app.following, kartenwart.app.readers; print(*sys.modules)"
    assert not {"smartcard", "pyudev", "usb", "kartenwart.adapters.pcsc", "kartenwart.adapters.usb"} & set(said(code))


def test_a_library_that_is_missing_is_a_condition_and_no_crash() -> None:
    code = """
import asyncio, sys
from contextlib import AsyncExitStack
from pathlib import Path
sys.modules.update(smartcard=None, pyudev=None)
from kartenwart.app.readers import entered
from kartenwart.settings import Settings

async def main():
    async with AsyncExitStack() as stack:
        desk = await entered(stack, Settings(), lambda event, **fields: print(event, fields["module"]))
        async for seen in desk.watch.watch():
            print(seen.condition.reason, desk.cards, desk.usb)

asyncio.run(main())
"""
    missing = "readers.library_missing"
    assert said(code) == [
        *(missing, "kartenwart.adapters.pcsc.readers", missing, "kartenwart.adapters.usb.watch"),
        *("READER_SERVICE_DOWN", "None", "None"),
    ]
