"""PinService at the edge: scope, roles, orders, and results as messages."""

from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2 as pins
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, VerifyPinResult
from kartenwart.domain.ports.cards import PinReading
from kartenwart.domain.principals import Role
from kartenwart.edge.principals import Principal
from kartenwart.edge.refusals import Refused
from tests.unit.edge.house import House, at_the_box, desk, neighbour
from tests.unit.operations.practice import DESK, EGK, OTHER, SMCB, named

UUID = "2F1C6A5E-8A4B-4F0E-9A63-0D1F4D1B7C11"
WAIT = Duration(seconds=10)


@pytest.fixture
def house(tmp_path: Path) -> House:
    found = House(tmp_path)
    found.practice.konnektor.go.set()
    return found


async def refused(house: House, name: str, request: Any, who: Principal) -> Reason:
    with pytest.raises(Refused) as caught:
        await house.call(name, request, who)
    return caught.value.reason


async def test_a_change_is_a_job_with_its_steps(house: House) -> None:
    house.practice.konnektor.answer = VerifyPinResult(outcome=PinOutcome.DONE)
    request = pins.ChangePinRequest(request_id=UUID, card=named(SMCB), pin=card_pb2.PIN_SMC, wait=WAIT)
    job = (await house.call("PinService/ChangePin", request, desk())).job
    assert (job.kind, job.state, job.request_id) == (
        job_pb2.JOB_KIND_CHANGE_PIN,
        job_pb2.JOB_STATE_SUCCEEDED,
        UUID.lower(),
    )
    (step,) = job.pin_steps.steps
    assert (step.verb, step.outcome, step.context) == (job_pb2.PIN_VERB_CHANGE, job_pb2.PIN_OUTCOME_DONE, DESK)
    request.transport_pin = True
    assert await refused(house, "PinService/ChangePin", request, desk()) is Reason.REQUEST_ID_REUSED


async def test_unlocking_keeps_to_the_callers_scope(house: House) -> None:
    request = pins.UnlockPracticeCardsRequest(request_id=UUID, context=OTHER, wait=WAIT)
    assert await refused(house, "PinService/UnlockPracticeCards", request, desk()) is Reason.OUT_OF_SCOPE
    assert await refused(house, "PinService/UnlockPracticeCards", request, desk(Role.VIEWER)) is Reason.ROLE_MISSING
    # The neighbour sees no card of ours, and a technician at the box unlocks like anybody else.
    foreign = pins.UnlockPracticeCardsRequest(request_id=UUID, card=named(SMCB))
    assert await refused(house, "PinService/UnlockPracticeCards", foreign, neighbour()) is Reason.NOT_FOUND
    request.context = DESK
    job = (await house.call("PinService/UnlockPracticeCards", request, at_the_box())).job
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED
    assert {step.outcome for step in job.pin_steps.steps} == {job_pb2.PIN_OUTCOME_VERIFIED}


async def test_a_patients_pin_is_nothing_for_technicians(house: House) -> None:
    request = pins.EnablePinRequest(request_id=UUID, card=named(EGK), context=DESK, pin=card_pb2.PIN_MRPIN_NFD)
    assert await refused(house, "PinService/EnablePin", request, at_the_box()) is Reason.ROLE_MISSING
    change = pins.ChangePinRequest(request_id=UUID, card=named(EGK), context=DESK, pin=card_pb2.PIN_CH)
    assert await refused(house, "PinService/ChangePin", change, at_the_box()) is Reason.ROLE_MISSING
    request.pin = card_pb2.PIN_UNSPECIFIED
    assert await refused(house, "PinService/EnablePin", request, desk()) is Reason.INVALID_ARGUMENT


async def test_the_matrix_tells_states_without_making_up_attempts(house: House) -> None:
    reading = PinReading(status=PinStatus.VERIFIABLE, attempts_left=None)
    house.practice.konnektor.readings[DESK, Pin.SMC] = reading
    cells = (await house.call("PinService/GetPinMatrix", pins.GetPinMatrixRequest(), desk(Role.VIEWER))).cells
    (mine,) = [cell for cell in cells if cell.context == DESK]
    assert (mine.card, mine.pin, mine.state.status) == (
        named(SMCB),
        card_pb2.PIN_SMC,
        card_pb2.PIN_STATUS_VERIFIABLE,
    )
    assert not mine.state.HasField("attempts_left")
    assert mine.pad.certainty in {pins.PAD_CERTAINTY_SURE, pins.PAD_CERTAINTY_EXPECTED}
    assert not list((await house.call("PinService/GetPinMatrix", pins.GetPinMatrixRequest(), neighbour())).cells)
    stranger = pins.GetPinMatrixRequest(user="users/somebody")
    assert await refused(house, "PinService/GetPinMatrix", stranger, desk()) is Reason.OUT_OF_SCOPE
