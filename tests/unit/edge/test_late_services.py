"""Calls that come before their service is there."""

import asyncio
from collections.abc import Awaitable
from typing import Any

import pytest

from kartenwart.api.card.v1.card_service_pb2 import ListCardsRequest
from kartenwart.api.inventory.v1.inventory_service_pb2 import WatchEventsRequest
from kartenwart.api.job.v1.job_service_pb2 import GetJobRequest
from kartenwart.domain.failures import Reason
from kartenwart.domain.principals import Role
from kartenwart.edge.refusals import Refused
from kartenwart.edge.shared import Reply
from tests.unit.edge.opponents import Practice, PresentSource, principal
from tests.unit.edge.test_edge import Received


@pytest.mark.parametrize("name", ["CardService/ListCards", "InventoryService/WatchEvents"])
async def test_who_calls_before_a_service_is_there_waits_for_it(name: str) -> None:
    practice, sink = Practice(late=True), Received()
    method = practice.method(name)
    source = PresentSource(
        principal(Role.WORKSTATION), ListCardsRequest() if name.startswith("C") else WatchEventsRequest()
    )
    call: Any = (
        practice.edge.stream(method, source, None, sink) if method.streams else practice.edge.unary(method, source, 5)
    )
    task = asyncio.create_task(call)
    await asyncio.sleep(0.05)
    assert not task.done()
    assert not sink.opened.is_set()
    practice.services_arrive()
    await asyncio.wait_for(sink.got.wait() if method.streams else task, 5)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_before_a_service_is_there_roles_deadlines_and_a_stop_count_already() -> None:
    practice = Practice(late=True)
    method, source = practice.method("JobService/GetJob"), PresentSource(principal(Role.VIEWER), GetJobRequest())
    assert (await _refusal(practice.edge.unary(method, source, 5))).reason is Reason.ROLE_MISSING
    source = PresentSource(principal(Role.WORKSTATION), GetJobRequest(name="jobs/j1"))
    assert (await _refusal(practice.edge.unary(method, source, 0.05))).reason is Reason.DEADLINE_EXCEEDED
    task = asyncio.create_task(practice.edge.unary(method, source, 5))
    await asyncio.sleep(0.01)
    practice.edge.end_visits()
    assert (await _refusal(task)).reason is Reason.AGENT_UNAVAILABLE


async def _refusal(call: Awaitable[Reply]) -> Refused:
    with pytest.raises(Refused) as caught:
        await asyncio.wait_for(call, 2)
    return caught.value
