"""Readers and cards that go wrong, as a client of pcscd sees them; afterwards all is well again."""

import asyncio
import time
from pathlib import Path

import pytest

from firmware_sim.readers.faults import read_reader_fault
from tests.sim.readers.blocks import PIN_STATUS, VERIFY, VERIFY_SMC, verify_block
from tests.sim.readers.desk import Ask, Desk, Refused, client

PAD = "pad 00 00"
READ_GDO = "00b082000c"
NOT_TRANSACTED, READER_UNAVAILABLE = "80100016", "80100017"


async def refused(ask: Ask, what: str, **details: object) -> str:
    with pytest.raises(Refused) as refusal:
        await ask(what, **details)
    return str(refusal.value)


def plan(here: Desk, **document: object) -> None:
    here.simulation.readers["pad"].plan(read_reader_fault(document))


async def well_again(ask: Ask, within: float = 10) -> None:
    """The card can be read as if nothing had been, soon."""
    async with asyncio.timeout(within):
        while True:
            try:
                await ask("connect", reader=PAD)
                assert (await ask("transmit", data=READ_GDO)).endswith("9000")
                break
            except Refused:
                await asyncio.sleep(0.1)


async def test_a_card_that_does_not_answer(at_pad: Desk, ask: Ask) -> None:
    await ask("connect", reader=PAD)
    plan(at_pad, kind="mute")
    assert await refused(ask, "transmit", data=READ_GDO) == NOT_TRANSACTED
    assert (await ask("transmit", data=READ_GDO)).endswith("9000")


async def test_garbage_for_an_answer(at_pad: Desk, ask: Ask) -> None:
    await ask("connect", reader=PAD)
    plan(at_pad, kind="garbage", instruction="b0")
    assert await ask("transmit", data=PIN_STATUS) == "63c3"
    assert await ask("transmit", data=READ_GDO) == "5a00ffa53c"
    assert (await ask("transmit", data=READ_GDO)).endswith("9000")


async def test_a_card_that_takes_its_time(at_pad: Desk, ask: Ask) -> None:
    await ask("connect", reader=PAD)
    plan(at_pad, kind="hang", seconds=1)
    begun = time.monotonic()
    assert (await ask("transmit", data=READ_GDO)).endswith("9000")
    assert time.monotonic() - begun > 0.9


@pytest.mark.parametrize(("executed", "tries"), [(True, 1), (False, 0)])
async def test_a_card_pulled_inside_verify(at_pad: Desk, ask: Ask, executed: bool, tries: int) -> None:
    await ask("connect", reader=PAD)
    plan(at_pad, kind="card_pulled", instruction="20", execute=executed)
    assert await refused(ask, "control", feature=VERIFY, data=verify_block(VERIFY_SMC)) == NOT_TRANSACTED
    assert at_pad.simulation.practice.counts.cards["smcb-m1"].pin_tries_right == tries
    await ask("change", reader=PAD, present=False, within=5)
    at_pad.simulation.practice.insert("smcb-m1", "pad", 1)
    await ask("change", reader=PAD, present=True, within=5)
    await ask("connect", reader=PAD)
    assert await ask("transmit", data=PIN_STATUS) == "63c3"  # what was verified is gone with the power


async def test_a_reader_unplugged_inside_a_command(at_pad: Desk, ask: Ask) -> None:
    await ask("connect", reader=PAD)
    plan(at_pad, kind="unplugged")
    assert await refused(ask, "transmit", data=READ_GDO) == READER_UNAVAILABLE
    assert await refused(ask, "transmit", data=READ_GDO) in {READER_UNAVAILABLE, NOT_TRANSACTED}
    at_pad.simulation.readers["pad"].plug()
    await well_again(ask)


async def test_a_reader_unplugged_while_a_pin_is_asked(at_pad: Desk, ask: Ask) -> None:
    at_pad.simulation.pads["pad"].script.play([], "silent")
    await ask("connect", reader=PAD)
    asking = asyncio.create_task(refused(ask, "control", feature=VERIFY, data=verify_block(VERIFY_SMC)))
    async with asyncio.timeout(5):
        while at_pad.simulation.pads["pad"].prompt is None:
            await asyncio.sleep(0.01)
    at_pad.simulation.readers["pad"].unplug()
    assert await asking == READER_UNAVAILABLE
    at_pad.simulation.readers["pad"].plug()
    await well_again(ask)
    assert await ask("transmit", data=PIN_STATUS) == "63c3"


async def test_pcscd_killed_and_started_again(at_pad: Desk, ask: Ask) -> None:
    await ask("connect", reader=PAD)
    assert await ask("control", feature=VERIFY, data=verify_block(VERIFY_SMC)) == "9000"
    await at_pad.pcscd.kill()
    await refused(ask, "transmit", data=READ_GDO)
    await at_pad.pcscd.start()
    async with client(at_pad.pcscd.environment) as another:
        await at_pad.readers(another, 1)
        await another("connect", reader=PAD)
        assert await another("transmit", data=PIN_STATUS) == "63c3"


async def test_a_hundred_insertions(at_pad: Desk, ask: Ask) -> None:
    def descriptors() -> int:
        return len(list(Path(f"/proc/{at_pad.pcscd.pid}/fd").iterdir())) + len(list(Path("/proc/self/fd").iterdir()))

    practice = at_pad.simulation.practice
    before, tasks = descriptors(), len(asyncio.all_tasks())
    for _ in range(100):
        practice.pull("smcb-m1")
        await ask("change", reader=PAD, present=False, within=5)
        practice.insert("smcb-m1", "pad", 1)
        await ask("change", reader=PAD, present=True, within=5)
    assert (descriptors(), len(asyncio.all_tasks())) == (before, tasks)
