"""The reset of a reader as far as umockdev can play it: to the kernel's answer, not the reader's."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.usb.conftest import Bus, Onlooker, reader, watching
from tests.lacking import lacking

pytestmark = pytest.mark.xdist_group("usb")


def replaced(node: Path) -> None:
    """By a folder."""
    node.unlink()
    node.mkdir()


async def test_a_reader_that_is_not_there_is_gone(bus: Bus, onlooker: Onlooker) -> None:
    assert await onlooker.reset("1-1") == {"reset": "READER_GONE", "sent": False}


async def test_a_reset_reaches_the_kernel_and_can_be_asked_again(bus: Bus, onlooker: Onlooker) -> None:
    await bus.plug(reader())
    await onlooker.sees(bool)

    # umockdev takes USBDEVFS_RESET and does nothing.
    assert await onlooker.reset("1-1") == {"reset": "done"}
    assert await onlooker.reset("1-1") == {"reset": "done"}


@pytest.mark.parametrize(("spoil", "reason"), [(Path.unlink, "READER_GONE"), (replaced, "READER_FAULT")])
async def test_a_device_without_node_is_gone_and_one_that_cannot_be_opened_is_a_fault(
    bus: Bus, onlooker: Onlooker, spoil: Callable[[Path], None], reason: str
) -> None:
    await bus.plug(reader())
    await onlooker.sees(bool)
    spoil(Path(bus.directory) / "dev/bus/usb/001/002")

    assert (await onlooker.reset("1-1"))["reset"] == reason


async def test_a_device_that_must_not_be_opened_is_not_permitted(bus: Bus, umockdev: str) -> None:
    setpriv = shutil.which("setpriv") or lacking("needs setpriv (util-linux)")
    await bus.plug(reader())
    (Path(bus.directory) / "dev/bus/usb/001/002").chmod(0)

    async with watching(bus, umockdev, setpriv, "--bounding-set", "-dac_override,-dac_read_search") as onlooker:
        await onlooker.sees(bool)
        assert (await onlooker.reset("1-1"))["reset"] == "READER_NOT_PERMITTED"


async def test_where_the_service_sees_no_device_nodes_it_is_not_permitted(bus: Bus, onlooker: Onlooker) -> None:
    await bus.plug(reader())
    await onlooker.sees(bool)
    shutil.rmtree(Path(bus.directory) / "dev/bus")

    assert await onlooker.reset("1-1") == {"reset": "READER_NOT_PERMITTED", "sent": False}
