import asyncio

from hypothesis import given
from hypothesis import strategies as st

from kartenwart.domain.events import Event, EventType
from kartenwart.operations.events import EventRing, visible
from tests.unit.operations.memory import START


def event(subject: str = "cards/c-1", contexts: frozenset[str] = frozenset()) -> Event:
    return Event(type=EventType.CARD_INSERTED, time=START, subject=subject, contexts=contexts)


@given(capacity=st.integers(1, 20), added=st.integers(0, 50), after=st.integers(-5, 60), limit=st.integers(1, 30))
def test_a_page_is_consecutive_and_a_gap_is_said(capacity: int, added: int, after: int, limit: int) -> None:
    ring = EventRing(capacity=capacity)
    for number in range(added):
        assert ring.add(event(f"{number + 1}")) == number + 1
    page, gap = ring.after(after, limit)
    numbers = [number for number, _ in page]
    oldest = max(1, added - capacity + 1)
    foreign = not 0 <= after <= added
    expected_start = oldest if foreign else max(after + 1, oldest)
    assert numbers == list(range(expected_start, min(added, expected_start + limit - 1) + 1))
    assert [one.subject for _, one in page] == [str(number) for number in numbers]
    assert gap == (foreign or after + 1 < oldest)


async def test_a_slow_reader_is_told_of_its_gap_and_goes_on() -> None:
    ring = EventRing(capacity=3)
    ring.add(event("1"))
    reader = ring.watch(0)
    assert await anext(reader) == (1, event("1"), False)
    for number in range(2, 8):
        ring.add(event(str(number)))
    assert await anext(reader) == (4, None, True)
    assert [number for number, _, _ in [await anext(reader) for _ in range(3)]] == [5, 6, 7]
    waiting = asyncio.ensure_future(anext(reader))
    await asyncio.sleep(0)
    assert not waiting.done()
    ring.add(event("8"))
    assert (await waiting)[0] == 8
    await reader.aclose()  # type: ignore[attr-defined]


async def test_wait_returns_with_news_or_after_its_time() -> None:
    ring = EventRing()
    await ring.wait(0, 0.01)
    waiting = asyncio.ensure_future(ring.wait(0, 5))
    await asyncio.sleep(0)
    ring.add(event())
    async with asyncio.timeout(1):
        await waiting


def test_events_of_other_contexts_are_not_seen() -> None:
    ours = event(contexts=frozenset({"contexts/a"}))
    assert visible(ours, frozenset({"contexts/a"}))
    assert not visible(ours, frozenset({"contexts/b"}))
    assert visible(ours, None)
    assert not visible(event(), frozenset({"contexts/a"}))
    assert visible(event(), None)
