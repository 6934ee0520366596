"""Streams go on after a break, calls that may be repeated are, and patience has an end."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from kartenwart.api.card.v1 import card_service_pb2
from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2 as exchange_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.client.failures import BoxUnreachable, CallFailed, Failure
from kartenwart.client.wire import insisted, method_path, resumed

GONE = BoxUnreachable("gone")


def job(name: str) -> job_pb2.Job:
    return job_pb2.Job(name=name)


class Line:
    """A stream that was opened several times; each opening plays its part."""

    def __init__(self, *parts: list[job_pb2.Job | Exception]) -> None:
        self._parts = iter(parts)
        self.opened = 0

    async def open(self) -> AsyncIterator[job_pb2.Job]:
        self.opened += 1
        for step in next(self._parts):
            if isinstance(step, Exception):
                raise step
            yield step


async def names(stream: AsyncIterator[job_pb2.Job]) -> list[str]:
    return [message.name async for message in stream]


async def test_a_broken_stream_goes_on() -> None:
    line = Line([job("a"), GONE], [GONE], [job("b")])
    assert await names(resumed(line.open)) == ["a", "b"]
    assert line.opened == 3


async def test_a_stream_ended_by_changed_rights_is_opened_again() -> None:
    changed = CallFailed(Failure(reason="CONFLICT"), code="ABORTED")
    assert await names(resumed(Line([job("a"), changed], [job("b")]).open)) == ["a", "b"]


async def test_a_revoked_caller_is_not_let_back() -> None:
    line = Line([job("a"), CallFailed(Failure(reason="REVOKED"), code="UNAUTHENTICATED")], [job("b")])
    with pytest.raises(CallFailed):
        await names(resumed(line.open))
    assert line.opened == 1


async def test_an_endless_stream_is_opened_again_after_its_end() -> None:
    stream = resumed(Line([job("a")], [job("b")]).open, endless=True)
    assert [(await anext(stream)).name, (await anext(stream)).name] == ["a", "b"]


async def test_patience_ends_with_the_silence() -> None:
    silences: list[list[job_pb2.Job | Exception]] = [[GONE]] * 100
    line = Line(*silences)
    with pytest.raises(BoxUnreachable):
        await names(resumed(line.open, patience=0.3))
    assert 2 < line.opened < 10


async def test_insisting_repeats_only_silence() -> None:
    answers: list[job_pb2.Job | Exception] = [GONE, GONE, job("a")]

    async def call() -> job_pb2.Job:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert (await insisted(call, patience=5.0)).name == "a"
    answers = [CallFailed(Failure(reason="AGENT_UNAVAILABLE")), job("b")]
    assert (await insisted(call, patience=5.0)).name == "b"
    answers = [CallFailed(Failure(reason="ROLE_MISSING")), job("b")]
    with pytest.raises(CallFailed):
        await insisted(call, patience=5.0)
    assert len(answers) == 1


def test_a_request_knows_its_method() -> None:
    assert method_path(card_service_pb2.ListCardsRequest) == "kartenwart.api.card.v1.CardService/ListCards"
    assert method_path(exchange_pb2.PollRequest).endswith("EnrolmentExchangeService/Poll")
    with pytest.raises(TypeError):
        method_path(job_pb2.Job)


@pytest.mark.parametrize("ticks", range(6))
async def test_who_leaves_as_the_first_message_comes_has_left(ticks: int) -> None:
    come = asyncio.Event()

    async def stream() -> AsyncIterator[job_pb2.Job]:
        await come.wait()
        yield job("a")
        await asyncio.Event().wait()

    watching = asyncio.create_task(names(resumed(stream, patience=60)))
    await asyncio.sleep(0.01)
    come.set()
    for _ in range(ticks):
        await asyncio.sleep(0)
    watching.cancel()
    await asyncio.wait({watching}, timeout=2)
    left = watching.cancelled()
    watching.cancel()
    assert left
