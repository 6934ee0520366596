"""Several pads at one pcscd: what happens at one does not hold up another."""

import asyncio
import time
from pathlib import Path

from tests.sim.readers.blocks import PIN_STATUS, VERIFY, VERIFY_SMC, verify_block
from tests.sim.readers.desk import client, desk


async def test_a_pin_is_asked_at_one_while_another_works(sim_state: Path, tmp_path: Path, handler: Path) -> None:
    readers = "".join(
        f'[[readers]]\nname = "{name}"\nkind = "pad"\ncard = "{card}"\npad = "silent"\n'
        for name, card in (("links", "smcb-m1"), ("rechts", "smcb-m2"))
    )
    async with (
        desk(readers, sim_state, tmp_path, handler) as here,
        client(here.pcscd.environment) as left,
        client(here.pcscd.environment) as right,
    ):
        assert await here.readers(left, 2) == ["links 00 00", "rechts 00 00"]
        await left("connect", reader="links 00 00")
        await right("connect", reader="rechts 00 00")
        asking = asyncio.ensure_future(left("control", feature=VERIFY, data=verify_block(VERIFY_SMC, seconds=3)))
        async with asyncio.timeout(5):
            while here.simulation.pads["links"].prompt is None:
                await asyncio.sleep(0.01)
        begun = time.monotonic()
        for _ in range(20):
            assert await right("transmit", data=PIN_STATUS) == "63c3"
        here.simulation.practice.pull("smcb-m2")
        await right("change", reader="rechts 00 00", present=False, within=5)
        assert time.monotonic() - begun < 2
        assert not asking.done()
        assert await asking == "6400"
