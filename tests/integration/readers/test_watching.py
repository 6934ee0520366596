"""Readers and cards come and go at a real pcscd, which is killed and started; the agent's readers tell it."""

import asyncio
from collections.abc import Callable

from firmware_sim.simulation import Simulation
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CardType
from kartenwart.domain.ports.readers import SeenReaders
from kartenwart.domain.readers import SlotState
from tests.integration.readers.conftest import Plug
from tests.integration.readers.desk import Desk, known, own_descriptors, reader_threads
from tests.integration.readers.plugged import Pcscd, Plugged


def condition(reason: Reason) -> Callable[[SeenReaders], bool]:
    return lambda seen: seen.condition is not None and seen.condition.reason is reason and not seen.readers


def all_empty(seen: SeenReaders) -> bool:
    return len(seen.readers) > 0 and all(reader.slot is SlotState.EMPTY for reader in seen.readers)


async def test_a_card_is_told_with_type_number_and_expiry_and_is_new_each_time(plug: Plug) -> None:
    async with Desk() as desk:
        assert len((await desk.until(all_empty)).readers) == 2
        inserted = plug("smcb-m1")
        first = await desk.card()
        assert (first.type, first.iccsn) == (CardType.SMC_B, "80276001011699900101")
        assert first.certificate_expiry is not None
        inserted.pull()
        await desk.until(all_empty)
        plug("smcb-m1")
        again = await desk.card()
        assert again.handle != first.handle
        assert again.iccsn == first.iccsn
        assert "80276001011699900101" not in repr(again)


async def test_each_kind_of_card_is_told(plug: Plug) -> None:
    kinds = {
        "hba-adler": CardType.HBA,
        "egk-muster": CardType.EGK,
        "kvk-mueller": CardType.KVK,
    }
    async with Desk() as desk:
        for name, kind in kinds.items():
            inserted = plug(name, slot=1)
            await desk.reader(known(kind), slot=1)
            inserted.pull()
            await desk.until(all_empty)


async def test_a_killed_pcscd_is_told_and_found_again(pcscd: Pcscd, practice: Simulation, plug: Plug) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1")
        before = await desk.card()
        pcscd.kill()
        await desk.until(condition(Reason.READER_SERVICE_DOWN))
        inserted.pull()
        pcscd.start()
        await desk.until(all_empty)
        assert desk.now.condition is None
        plug("smcb-m1")
        assert (await desk.card()).handle != before.handle


async def test_pcscd_may_come_after_the_agent(pcscd_with: Callable[..., Pcscd]) -> None:
    pcscd = pcscd_with()
    async with Desk() as desk:
        await desk.until(condition(Reason.READER_SERVICE_DOWN))
        pcscd.start()
        assert len((await desk.until(all_empty)).readers) == 2


async def test_readers_that_come_are_told_and_those_that_go(pcscd: Pcscd, practice: Simulation) -> None:
    async with Desk() as desk:
        await desk.until(all_empty)
        pcscd.kill()
        pcscd.add(1)
        pcscd.start()
        await desk.until(lambda seen: len(seen.readers) == 4)
        assert len(reader_threads()) == 4 + 1
        plugged = Plugged(pcscd, 3, practice.chips.of_card("hba-adler"))
        assert (await desk.card(slot=3)).type is CardType.HBA
        plugged.pull()
        pcscd.kill()
        pcscd.remove(0)
        pcscd.start()
        await desk.until(lambda seen: [reader.label[:10] for reader in seen.readers] == ["Virtual 01"] * 2)
        await asyncio.sleep(0.2)
        assert len(reader_threads()) == 2 + 1


async def test_eleven_readers_have_a_thread_each_and_leave_nothing(
    pcscd_with: Callable[..., Pcscd], practice: Simulation
) -> None:
    pcscd = pcscd_with(entries=6)
    pcscd.start()
    before = own_descriptors()
    async with Desk() as desk:
        await desk.until(lambda seen: len(seen.readers) == 12)
        names = ["smcb-m1", "hba-adler", "egk-muster", "kvk-mueller", "smcb-old", "hba-fresh", "egk-fresh"]
        plugged = [Plugged(pcscd, slot, practice.chips.of_card(name)) for slot, name in enumerate(names)]
        await desk.until(lambda seen: sum(reader.card is not None for reader in seen.readers) == len(names))
        assert len(reader_threads()) == 12 + 1
        for one in plugged:
            one.pull()
        await desk.until(all_empty)
    assert reader_threads() == []
    assert own_descriptors() == before


async def test_insertions_and_restarts_leave_no_thread_and_no_descriptor(
    pcscd: Pcscd, practice: Simulation, plug: Plug
) -> None:
    async with Desk() as desk:
        for _ in range(2):
            inserted = plug("smcb-m1")
            await desk.card()
            inserted.pull()
            await desk.until(all_empty)
        threads, descriptors = reader_threads(), own_descriptors()
        for number in range(8):
            inserted = plug("smcb-m1")
            await desk.card()
            inserted.pull()
            if number % 3 == 2:
                pcscd.kill()
                await desk.until(condition(Reason.READER_SERVICE_DOWN))
                pcscd.start()
            await desk.until(all_empty)
        await asyncio.sleep(0.5)
        assert reader_threads() == threads
        assert own_descriptors() == descriptors
