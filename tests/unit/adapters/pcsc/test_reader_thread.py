"""One thread per reader: works in their order, verbs through their gate once, and what hangs hangs alone."""

import asyncio
import threading
from collections.abc import Callable

import pytest

from kartenwart.adapters.pcsc.reader_thread import Gate, ReaderThread
from kartenwart.adapters.pcsc.slot import Slot
from kartenwart.domain.catalogue import halted
from kartenwart.domain.failures import Reason, WorldError

SOON = 5.0


async def nothing() -> None:
    pass


@pytest.fixture
async def thread() -> ReaderThread:
    return ReaderThread("no such reader")


async def ended(thread: ReaderThread) -> None:
    thread.close()
    await asyncio.to_thread(thread.join, SOON)
    assert not thread._thread.is_alive()


def waiting(event: threading.Event) -> Callable[[Slot], bool]:
    return lambda slot: event.wait(SOON)


async def test_works_run_one_after_the_other_in_a_thread_of_their_own(thread: ReaderThread) -> None:
    ran: list[int] = []

    def work(number: int) -> Callable[[Slot], str]:
        def numbered(slot: Slot) -> str:
            ran.append(number)
            return threading.current_thread().name

        return numbered

    names = await asyncio.gather(*(thread.run(work(number), SOON) for number in range(5)))
    assert ran == [0, 1, 2, 3, 4]
    assert set(names) == {"pcsc-reader"}
    await ended(thread)


async def test_what_a_work_raises_reaches_who_waits(thread: ReaderThread) -> None:
    def failing(slot: Slot) -> None:
        raise halted(Reason.CARD_BUSY)

    with pytest.raises(WorldError) as told:
        await thread.run(failing, SOON)
    assert told.value.failure.reason is Reason.CARD_BUSY
    assert await thread.run(lambda slot: 1, SOON) == 1
    await ended(thread)


async def test_a_reader_that_hangs_is_told_at_once_from_then_on_until_it_is_well(thread: ReaderThread) -> None:
    go = threading.Event()
    with pytest.raises(WorldError) as told:
        await thread.run(waiting(go), 0.05)
    assert told.value.failure.reason is Reason.READER_FAULT
    async with asyncio.timeout(0.5):
        with pytest.raises(WorldError) as told:
            await thread.run(lambda slot: 1, SOON)
    assert (told.value.failure.reason, told.value.sent) == (Reason.READER_FAULT, False)
    go.set()
    await asyncio.sleep(0.1)
    assert await thread.run(lambda slot: 1, SOON) == 1
    await ended(thread)


async def test_a_work_that_nobody_waits_for_is_not_begun(thread: ReaderThread) -> None:
    go, begun = threading.Event(), threading.Event()
    first = asyncio.create_task(thread.run(waiting(go), SOON))
    second = asyncio.create_task(thread.run(lambda slot: begun.set(), SOON))
    await asyncio.sleep(0.05)
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    go.set()
    assert await first
    await thread.run(lambda slot: None, SOON)
    assert not begun.is_set()
    await ended(thread)


async def test_what_waits_when_the_reader_goes_is_refused(thread: ReaderThread) -> None:
    go = threading.Event()
    first = asyncio.create_task(thread.run(waiting(go), SOON))
    second = asyncio.create_task(thread.run(lambda slot: 1, SOON))
    await asyncio.sleep(0.05)
    thread.close()
    go.set()
    assert await first
    for late in (second, asyncio.create_task(thread.run(lambda slot: 1, SOON))):
        with pytest.raises(WorldError) as told:
            await late
        assert (told.value.failure.reason, told.value.sent) == (Reason.READER_GONE, False)
    await ended(thread)


@pytest.mark.parametrize("passes", [True, False])
async def test_a_verb_that_fails_says_whether_it_was_sent(thread: ReaderThread, passes: bool) -> None:
    def verb(slot: Slot, gate: Gate) -> None:
        if passes:
            gate()
        raise WorldError(halted(Reason.CARD_FAULT).failure, sent=True)

    with pytest.raises(WorldError) as told:
        await thread.verb(verb, nothing, SOON)
    assert told.value.sent is passes
    await ended(thread)


async def test_a_verb_that_hangs_behind_its_gate_was_sent(thread: ReaderThread) -> None:
    go = threading.Event()

    def verb(slot: Slot, gate: Gate) -> None:
        gate()
        go.wait(SOON)

    with pytest.raises(WorldError) as told:
        await thread.verb(verb, nothing, 0.3)
    assert told.value.sent
    go.set()
    await ended(thread)


@pytest.mark.parametrize("how", ["too late", "the caller left"])
async def test_nothing_is_sent_once_nobody_waits(thread: ReaderThread, how: str) -> None:
    go, asked, sent = asyncio.Event(), asyncio.Event(), threading.Event()

    async def before_send() -> None:
        asked.set()
        await go.wait()

    def verb(slot: Slot, gate: Gate) -> None:
        gate()
        sent.set()

    waits = asyncio.create_task(thread.verb(verb, before_send, 0.3 if how == "too late" else SOON))
    await asyncio.wait_for(asked.wait(), SOON)
    if how == "the caller left":
        waits.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waits
    else:
        with pytest.raises(WorldError) as told:
            await waits
        assert not told.value.sent
    go.set()
    await asyncio.sleep(0.1)
    await ended(thread)
    assert not sent.is_set()
