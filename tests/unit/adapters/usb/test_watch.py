"""What needs no bus: coming, going, and asking for a reader that is not there."""

import os
import threading
from pathlib import Path

import pytest

from kartenwart.adapters.usb.watch import UsbReaders
from kartenwart.domain.failures import Reason, WorldError


def silent(event: str, **fields: object) -> None:
    pytest.fail(f"{event} {fields}")


async def test_the_first_picture_comes_at_once_and_watching_ends_with_leaving(tmp_path: Path) -> None:
    async with UsbReaders(silent, drivers=tmp_path) as usb:
        pictures = usb.watch()
        assert isinstance(await anext(pictures), tuple)
    with pytest.raises(StopAsyncIteration):
        await anext(pictures)


async def test_coming_and_going_leaves_no_thread_and_no_file(tmp_path: Path) -> None:
    async with UsbReaders(silent, drivers=tmp_path) as usb:
        await anext(usb.watch())
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for _ in range(20):
        async with UsbReaders(silent, drivers=tmp_path):
            pass

    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208
    assert [thread for thread in threading.enumerate() if thread.name == "usb"] == []


async def test_a_reader_that_was_never_seen_is_gone_and_nothing_was_sent(tmp_path: Path) -> None:
    async with UsbReaders(silent, drivers=tmp_path) as usb:
        with pytest.raises(WorldError) as refused:
            await usb.reset("9-9")

    assert (refused.value.failure.reason, refused.value.sent) == (Reason.READER_GONE, False)
