"""Plugging in and out, through the real udev monitor and libusb's enumeration of a bus that umockdev plays."""

from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.integration.usb.conftest import Bus, Onlooker, reader, watching
from tests.lacking import lacking

pytestmark = pytest.mark.xdist_group("usb")

NAME = "Cherry GmbH SmartTerminal ST-2xxx"
DRIVER = Path("/usr/lib/pcsc/drivers/ifd-ccid.bundle/Contents/Info.plist")


@pytest.fixture(autouse=True)
def driver() -> None:
    """The CCID driver's list of readers, as Debian brings it."""
    if not DRIVER.exists():
        lacking("needs the package libccid")


def ports(readers: list[dict[str, Any]]) -> list[str]:
    return [each["port"] for each in readers]


def has(readers: list[dict[str, Any]], channel: list[int]) -> bool:
    return channel in [each["channel"] for each in readers]


def settled(readers: list[dict[str, Any]]) -> bool:
    return bool(readers) and all(each["settled"] for each in readers)


async def test_a_reader_comes_with_what_it_says_of_itself_and_goes(bus: Bus, onlooker: Onlooker) -> None:
    await onlooker.sees(lambda readers: readers == [])
    await bus.plug(reader(serial="4711"))
    (found,) = await onlooker.sees(lambda readers: readers and readers[0]["pcsc_names"])

    assert found == {
        "port": "1-1",
        "vendor_id": 0x046A,
        "product_id": 0x003E,
        "manufacturer": "Cherry GmbH",
        "product": "SmartTerminal ST-2xxx",
        "firmware": "5.11",
        "slots": 1,
        "pad": True,
        "extended": True,
        "longest_message": 279,
        "channel": [1, 2],
        "pcsc_names": [f"{NAME} (4711)"],
        "settled": False,
        "condition": None,
    }
    await bus.pull("1-1")
    await onlooker.sees(lambda readers: readers == [])


async def test_what_is_plugged_in_before_is_found_and_what_is_no_reader_is_not(bus: Bus, umockdev: str) -> None:
    mouse = reader("1-2", 3, vendor=0x17EF, product=0x6019, described=False)
    mouse["interfaces"][0]["class"] = "03"
    await bus.plug(mouse)
    await bus.plug(reader("1-1.4", 4))

    async with watching(bus, umockdev) as late:
        assert ports(await late.sees(bool)) == ["1-1.4"]


async def test_an_event_that_comes_twice_tells_nothing_new(bus: Bus, onlooker: Onlooker) -> None:
    await onlooker.sees(lambda readers: not readers)
    await bus.plug(reader())
    await onlooker.sees(bool)
    for _ in range(3):
        await bus.again("1-1")
    await onlooker.sees(settled)
    await bus.pull("1-1")
    await onlooker.sees(lambda readers: not readers)
    pictures = [said["readers"] for said in onlooker.talk.heard]

    assert all(one != next_one for one, next_one in pairwise(pictures))
    assert [ports(each) for each in pictures].count([]) == 2  # before and after


async def test_each_interface_is_a_reader_of_its_own_to_pcscd(bus: Bus, onlooker: Onlooker) -> None:
    await bus.plug(reader(names=("Contact", "Contactless 4711"), serial="4711", slots=2, pins=0))
    (found,) = await onlooker.sees(lambda readers: readers and len(readers[0]["pcsc_names"]) == 2)

    # The serial number does not stand twice in a name.
    assert found["pcsc_names"] == [f"{NAME} [Contact] (4711)", f"{NAME} [Contactless 4711]"]
    assert (found["slots"], found["pad"]) == (4, False)


async def test_a_reader_without_driver_is_shown_and_has_no_name_at_pcscd(bus: Bus, onlooker: Onlooker) -> None:
    await bus.plug(reader(vendor=0xFFF0, product=0x0001))
    found = await onlooker.sees(settled)

    assert (found[0]["pcsc_names"], found[0]["slots"], found[0]["pad"]) == ([], 1, True)


async def test_a_reader_of_a_makers_own_kind_is_known_by_its_driver(bus: Bus, onlooker: Onlooker) -> None:
    own = reader()
    own["interfaces"][0]["class"] = "ff"
    await bus.plug(own)
    (found,) = await onlooker.sees(lambda readers: readers and readers[0]["pcsc_names"])

    assert (found["pcsc_names"], found["slots"]) == ([NAME], 1)


async def test_a_description_behind_the_endpoint_is_found(bus: Bus, onlooker: Onlooker) -> None:
    await bus.plug(reader(behind_endpoint=True))
    (found,) = await onlooker.sees(bool)

    assert (found["slots"], found["pad"]) == (1, True)


async def test_a_reader_that_says_nothing_of_itself_has_no_pad(bus: Bus, onlooker: Onlooker) -> None:
    await bus.plug(reader(described=False))
    found = await onlooker.sees(lambda readers: readers and readers[0]["pcsc_names"])

    assert (found[0]["slots"], found[0]["pad"], found[0]["extended"]) == (0, False, False)


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_a_thousand_times_out_and_in_leaves_nothing_behind(bus: Bus, onlooker: Onlooker) -> None:
    await bus.plug(reader("1-3", 120))
    await bus.plug(reader("1-1", 119))
    await onlooker.sees(lambda readers: ports(readers) == ["1-1", "1-3"])
    before = await onlooker.count()
    for each in range(1, 1001):
        number = 1 + each % 100
        await bus.cycle(reader("1-1", number) | {"interfaces": []})
        # Sockets of the played bus hold ten events: the onlooker is given the time to take them.
        if each % 4 == 0:
            await onlooker.sees(partial(has, channel=[1, number]))

    assert await onlooker.count() == before
    assert [said for said in onlooker.talk.heard if "trouble" in said] == []


async def test_leaving_ends_the_thread(bus: Bus, onlooker: Onlooker) -> None:
    await bus.plug(reader())
    await onlooker.sees(bool)
    await onlooker.talk.end()
    said = await onlooker.talk.hear(lambda said: "left" in said)

    assert (said["left"], onlooker.talk.process.returncode) == ([], 0)
