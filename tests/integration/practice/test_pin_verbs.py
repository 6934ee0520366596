"""A PIN's life at real pads: transport PINs, PUKs, switches, and unlocking for everybody, each in its own session."""

import uuid
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2 as pins
from kartenwart.client import CallFailed, Kartenwart
from tests.integration.practice.desk import AT_THE_DOCTOR, AT_THE_RECEPTION, EMPFANG, SPRECHZIMMER, why
from tests.integration.practice.staff import Staffed, doctor, staffed, world
from tests.practice import CONTEXTS, practice
from tests.waiting import until

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("practice-pin-verbs"),
]

USERS = ("dorn", "esch", "isa")
DORN, ESCH, ISA = (f"users/{name}" for name in USERS)
RIGHT, WRONG = {"action": "type_right"}, {"action": "type_wrong"}
NEW_PIN = {"pin": "13572468"}
PVS, NEIGHBOUR = "contexts/pvs", "contexts/nachbar"
UNSET = ', state = "transport"'
OUTCOMES = job_pb2.PinOutcome


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    folder = tmp_path_factory.mktemp("practice")
    async with practice(folder, _world(folder), PURPOSES) as here, staffed(here, USERS) as staff:
        yield staff


PURPOSES = "".join(
    f'[contexts.{name}]\nkonnektor = "k1"\nmandant = "{mandant}"\nclient_system = "{system}"\nworkplace = "{place}"\n'
    f'purpose = "{"pvs" if system == "pvs" else "agent"}"\n'
    for name, (mandant, system, place) in CONTEXTS.items()
)


def _world(folder: Path) -> Path:
    return world(
        folder,
        ("slots = 4", "slots = 8"),
        ("pin_entry_seconds = 60", "pin_entry_seconds = 8\nevent_connect_seconds = 20"),
        ('pin = "246802", puk = "24680213" }', 'pin = "246802", puk = "24680213", state = "blocked" }'),
        more=doctor("dorn", "0204", 4, ch=UNSET, qes=UNSET)
        + doctor("esch", "0205", 5, ch=', state = "blocked", puk_attempts = 3')
        + doctor("isa", "0209", 6, qes=UNSET),
    )


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _quiet(staff: Staffed) -> AsyncIterator[None]:
    for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
        await staff.practice.simulator.plays(pad)
    yield
    for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
        assert not (await staff.practice.simulator.ask(f"/pads/{pad}"))["prompt"]


async def done(box: Kartenwart, request: Any) -> job_pb2.Job:
    request.request_id = request.request_id or str(uuid.uuid4())
    return await box.jobs.follow(await box.pins.start(request))


def outcomes(job: job_pb2.Job) -> Sequence[str]:
    return [OUTCOMES.Name(step.outcome).removeprefix("PIN_OUTCOME_") for step in job.pin_steps.steps]


def change(card: str, user: str, **more: Any) -> pins.ChangePinRequest:
    defaults: dict[str, Any] = {"context": SPRECHZIMMER, "accept_unknown_attempts": True}
    return pins.ChangePinRequest(card=card, user=user, **(defaults | more))


async def test_transport_pins_are_replaced_in_one_job_and_only_on_request(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0204")
    refused = await done(box, change(hba, DORN, pin=card_pb2.PIN_CH))
    assert (why(refused).reason, outcomes(refused)) == ("PIN_TRANSPORT", ["NOT_ASKED"])
    assert (await here.simulator.counts("hba-dorn"))["pin_prompts"] == 0
    slowly = {"action": "type_right", "after": 0.5}
    await here.simulator.plays(AT_THE_DOCTOR, slowly, NEW_PIN, NEW_PIN, slowly, NEW_PIN, NEW_PIN)
    job = await done(box, change(hba, DORN, transport_pin=True))
    assert (job.state, outcomes(job)) == (job_pb2.JOB_STATE_SUCCEEDED, ["DONE", "DONE"]), job
    assert [step.pin for step in job.pin_steps.steps] == [card_pb2.PIN_CH, card_pb2.PIN_QES]
    told = [one.text for one in job.progress if one.step == job_pb2.JOB_STEP_PIN_ENTRY and not one.expected]
    assert [("Transport-PIN" in text, "Sprechzimmer" in text) for text in told] == [(True, True)] * 2
    counts = await here.simulator.counts("hba-dorn")
    assert (counts["operations"]["ChangePin"], counts["pin_prompts"], counts["pin_tries_wrong"]) == (2, 6, 0)
    again = await done(box, change(hba, DORN, transport_pin=True))
    assert (why(again).reason, outcomes(again)) == ("PIN_ALREADY_SET", ["NOT_ASKED"])
    assert (await here.simulator.counts("hba-dorn"))["operations"]["ChangePin"] == 2


async def test_the_guided_change_stops_at_the_first_that_fails(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0209")
    job = await done(box, change(hba, ISA, transport_pin=True))
    assert (why(job).reason, outcomes(job)) == ("PIN_ALREADY_SET", ["NOT_ASKED"])
    await here.simulator.plays(AT_THE_DOCTOR, RIGHT, NEW_PIN, {"pin": "13572469"})
    twice = await done(box, change(hba, ISA, pin=card_pb2.PIN_QES, transport_pin=True))
    assert why(twice).reason == "PIN_NEW_INVALID"
    await here.simulator.plays(AT_THE_DOCTOR, RIGHT, NEW_PIN, NEW_PIN)
    job = await done(box, change(hba, ISA, pin=card_pb2.PIN_QES, transport_pin=True))
    assert outcomes(job) == ["DONE"]


async def test_a_puks_tries_are_its_own_and_never_become_the_pins(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0205")
    wish: dict[str, Any] = {"card": hba, "user": ESCH, "context": SPRECHZIMMER, "pin": card_pb2.PIN_CH}
    blind = await done(box, pins.UnblockPinRequest(**wish))
    assert (why(blind).reason, outcomes(blind)) == ("PIN_ATTEMPTS_UNKNOWN", ["NOT_ASKED"])
    wish["accept_unknown_attempts"] = True
    await here.simulator.plays(AT_THE_DOCTOR, WRONG)
    wrong = await done(box, pins.UnblockPinRequest(**wish))
    assert (why(wrong).reason, why(wrong).attempts_left, outcomes(wrong)) == ("PUK_REJECTED", 2, ["REJECTED"])
    state = await box.pins.status(hba, card_pb2.PIN_CH, context=SPRECHZIMMER, user=ESCH)
    assert (state.status, state.attempts_left) == (card_pb2.PIN_STATUS_BLOCKED, 0)
    await here.simulator.plays(AT_THE_DOCTOR, RIGHT, NEW_PIN, NEW_PIN)
    job = await done(box, pins.UnblockPinRequest(set_new_pin=True, **wish))
    assert outcomes(job) == ["DONE"]
    state = await box.pins.status(hba, card_pb2.PIN_CH, context=SPRECHZIMMER, user=ESCH)
    assert (state.status, state.attempts_left) == (card_pb2.PIN_STATUS_VERIFIABLE, 3)
    last = await done(box, pins.UnblockPinRequest(**wish))
    assert (why(last).reason, why(last).attempts_left) == ("PIN_LAST_ATTEMPT", 1)
    await here.agent.kill()
    await here.agent.start()
    async with here.connected(await here.workstation("Nach dem Neustart", users=(ESCH.rpartition("/")[2],))) as anew:
        await here.card(anew, "HBA", "0205")
        last = await done(anew, pins.UnblockPinRequest(**wish))
    assert (why(last).reason, why(last).attempts_left) == ("PIN_LAST_ATTEMPT", 1)
    assert (await here.simulator.counts("hba-esch"))["operations"]["UnblockPin"] == 2


async def test_a_patients_pin_is_switched_only_where_it_has_to_be(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    egk = await here.card(box, "EGK")
    wish: dict[str, Any] = {"card": egk, "context": EMPFANG, "pin": card_pb2.PIN_MRPIN_NFD}
    off = await done(box, pins.DisablePinRequest(**wish))
    assert (off.state, outcomes(off)) == (job_pb2.JOB_STATE_SUCCEEDED, ["NOT_ASKED"])
    await here.simulator.plays(AT_THE_RECEPTION, RIGHT)
    on = await done(box, pins.EnablePinRequest(accept_unknown_attempts=True, **wish))
    assert outcomes(on) == ["DONE"], on
    assert outcomes(await done(box, pins.EnablePinRequest(**wish))) == ["NOT_ASKED"]
    with pytest.raises(CallFailed) as caught:
        await done(box, pins.EnablePinRequest(**(wish | {"pin": card_pb2.PIN_CH})))
    assert caught.value.failure.reason == "CARD_TYPE_WRONG"
    with pytest.raises(CallFailed) as caught:
        await done(staff.technician, pins.EnablePinRequest(**wish))
    assert caught.value.failure.reason == "ROLE_MISSING"


async def test_the_practice_is_unlocked_context_by_context_in_one_job(staff: Staffed) -> None:
    here = staff.practice
    async with here.connected(
        await here.workstation("Empfang", role="WORKSTATION", contexts=("empfang", "pvs", "sprechzimmer", "nachbar"))
    ) as box:
        before = {cell.context: cell for cell in await box.pins.matrix()}
        assert before[PVS].state.status == card_pb2.PIN_STATUS_VERIFIED
        assert before[EMPFANG].state.status == card_pb2.PIN_STATUS_VERIFIABLE
        assert not before[EMPFANG].state.HasField("attempts_left")
        assert before[NEIGHBOUR].state.status == card_pb2.PIN_STATUS_BLOCKED
        assert before[EMPFANG].pad.certainty == pins.PAD_CERTAINTY_SURE
        assert before[EMPFANG].pad.terminal_label == "Empfang"
        blind = await done(box, pins.UnlockPracticeCardsRequest(context=EMPFANG))
        assert outcomes(blind) == ["NOT_ASKED", "ALREADY_VERIFIED", "NOT_ASKED"]
        assert why(blind).reason == "PIN_ATTEMPTS_UNKNOWN"
        await here.simulator.plays(AT_THE_RECEPTION, RIGHT)
        await here.simulator.plays(AT_THE_DOCTOR, WRONG)
        wish: dict[str, Any] = {"context": EMPFANG, "accept_unknown_attempts": True}
        job = await done(box, pins.UnlockPracticeCardsRequest(**wish))
        assert [step.context for step in job.pin_steps.steps] == [EMPFANG, PVS, SPRECHZIMMER]
        # One session of (mandant, client system): whoever unlocked at the reception did so for the doctor's room.
        assert outcomes(job) == ["VERIFIED", "ALREADY_VERIFIED", "ALREADY_VERIFIED"], job
        counts = await here.simulator.counts("smcb-m1")
        assert (counts["operations"]["VerifyPin"], counts["pin_prompts"]) == (1, 1)
        again = await done(box, pins.UnlockPracticeCardsRequest(context=EMPFANG))
        assert (again.state, set(outcomes(again))) == (job_pb2.JOB_STATE_SUCCEEDED, {"ALREADY_VERIFIED"})
        assert (await here.simulator.counts("smcb-m1"))["operations"]["VerifyPin"] == 1
        neighbour = await done(box, pins.UnlockPracticeCardsRequest(**(wish | {"context": NEIGHBOUR})))
        assert (outcomes(neighbour), why(neighbour).reason) == (["NOT_ASKED"], "PIN_BLOCKED")


async def reinserted(staff: Staffed, card: str, terminal: str, slot: int) -> None:
    """Take a card out and put it back: all its sessions are gone, whoever had verified in them."""
    await staff.practice.simulator.do(f"/cards/{card}/pull")
    await staff.practice.simulator.do(f"/cards/{card}/insert", terminal=terminal, slot=slot)


async def once_seen(box: Kartenwart, wish: dict[str, Any]) -> job_pb2.Job:
    """Unlock once a poll has seen the card where it is now."""

    async def unlocked() -> job_pb2.Job | None:
        try:
            job = await done(box, pins.UnlockPracticeCardsRequest(**wish))
        except CallFailed:
            return None
        return job if why(job).reason != "CARD_REMOVED" else None

    return await until(unlocked)


async def test_each_client_system_has_its_own_entry_and_a_wrong_pin_ends_the_round_of_entries(staff: Staffed) -> None:
    here = staff.practice
    contexts = ("empfang", "pvs")
    async with here.connected(await here.workstation("Theke", role="WORKSTATION", contexts=contexts)) as box:
        await reinserted(staff, "smcb-m1", AT_THE_RECEPTION, 3)
        card = await here.card(box, "SMC_B", "0101")
        before = await here.simulator.counts("smcb-m1")
        wish: dict[str, Any] = {"card": card, "context": EMPFANG, "accept_unknown_attempts": True}

        await here.simulator.plays(AT_THE_RECEPTION, WRONG, RIGHT)
        rejected = await once_seen(box, wish)
        assert (outcomes(rejected), why(rejected).attempts_left) == (["REJECTED"], 2)
        after = await here.simulator.counts("smcb-m1")
        assert after["pin_tries_wrong"] - before["pin_tries_wrong"] == 1
        assert after["operations"]["VerifyPin"] - before["operations"].get("VerifyPin", 0) == 1
        await here.simulator.plays(AT_THE_RECEPTION, RIGHT, RIGHT)
        half = await done(box, pins.UnlockPracticeCardsRequest(card=card, context=EMPFANG))
        assert (outcomes(half), why(half).reason) == (["VERIFIED", "NOT_ASKED"], "PIN_ATTEMPTS_UNKNOWN")
        job = await done(box, pins.UnlockPracticeCardsRequest(**wish))
        assert (outcomes(job), job.state) == (["ALREADY_VERIFIED", "VERIFIED"], job_pb2.JOB_STATE_SUCCEEDED)
        assert (await here.simulator.counts("smcb-m1"))["pin_prompts"] - after["pin_prompts"] == 2


async def test_where_no_pad_is_defined_is_learnt_from_the_konnektor_and_told(staff: Staffed) -> None:
    here = staff.practice
    await here.simulator.do("/konnektors/konnektor/model", take="remote-pin", mandant="m1", workplace="sprechzimmer")
    await reinserted(staff, "smcb-m1", AT_THE_RECEPTION, 3)
    async with here.connected(await here.workstation("Zimmer", role="WORKSTATION")) as box:
        wish: dict[str, Any] = {"context": SPRECHZIMMER, "accept_unknown_attempts": True}
        job = await once_seen(box, wish)
        failed = why(job)
        assert (failed.reason, failed.konnektor_code, outcomes(job)) == ("PIN_NO_TERMINAL", 4092, ["NOT_ASKED"])
        (cell,) = [one for one in await box.pins.matrix() if one.context == SPRECHZIMMER]
        assert (cell.pad.certainty, cell.pad.failure.konnektor_code) == (pins.PAD_CERTAINTY_NOWHERE, 4092)
    await here.simulator.do("/konnektors/konnektor/model", "DELETE")
