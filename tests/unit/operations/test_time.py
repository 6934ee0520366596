from datetime import timedelta

from kartenwart.operations.time import TrustedTime
from tests.unit.operations.memory import START, MemoryStore, SetClock


async def test_time_never_falls_below_what_was_kept_and_goes_on_from_there() -> None:
    clock, store = SetClock(), MemoryStore()
    kept = START + timedelta(days=30)
    store.mark = kept
    time = TrustedTime(clock=clock, facts=store)
    await time.load()
    assert time.now() == kept
    assert not time.clock_trusted
    clock.move(seconds=60)
    assert time.now() == kept + timedelta(seconds=60)
    clock.time = kept + timedelta(days=1)
    assert time.now() == kept + timedelta(days=1)
    assert time.clock_trusted


async def test_a_clock_that_is_set_back_while_running_moves_nothing_back() -> None:
    clock = SetClock()
    time = TrustedTime(clock=clock, facts=MemoryStore())
    await time.load()
    clock.time = START - timedelta(days=400)
    clock.seconds += 5
    assert time.now() == START + timedelta(seconds=5)


async def test_keep_persists_the_present() -> None:
    store = MemoryStore()
    time = TrustedTime(clock=SetClock(), facts=store)
    await time.keep()
    assert store.mark == START


async def test_time_never_falls_below_what_was_kept_while_running() -> None:
    clock, store = SetClock(), MemoryStore()
    time = TrustedTime(clock=clock, facts=store)
    await time.load()
    clock.time = START + timedelta(days=30)  # the network told the right time after the start
    await time.keep()
    clock.time = START
    clock.seconds += 5
    assert time.now() == START + timedelta(days=30, seconds=5)
    assert not time.clock_trusted
