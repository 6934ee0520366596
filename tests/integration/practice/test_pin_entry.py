"""People at the pad: every way in which a PIN entry can end, and what a caller may do meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
import pytest_asyncio

from kartenwart.api.job.v1 import job_pb2
from kartenwart.client import CallFailed
from tests.integration.practice.desk import (
    AT_THE_DOCTOR,
    AT_THE_RECEPTION,
    EMPFANG,
    SPRECHZIMMER,
    entered,
    pin_entry,
    reached,
    steps,
    why,
)
from tests.integration.practice.staff import Staffed, many_cards, staffed
from tests.practice import practice
from tests.waiting import until

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("practice-pins"),
]

USERS = ("adler", "brandt", "celler", "dorn", "esch", "falk", "gerth")
ADLER, BRANDT, CELLER, DORN, ESCH, FALK, GERTH = (f"users/{name}" for name in USERS)
TYPE_RIGHT = {"action": "type_right"}


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    folder = tmp_path_factory.mktemp("practice")
    async with practice(folder, many_cards(folder)) as here, staffed(here, USERS) as staff:
        yield staff


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _quiet(staff: Staffed) -> AsyncIterator[None]:
    """Every test begins and ends with pads that ask nobody."""
    for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
        await staff.practice.simulator.plays(pad)
    yield
    for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
        assert not (await staff.practice.simulator.ask(f"/pads/{pad}"))["prompt"]
    await staff.practice.simulator.do("/konnektors/konnektor/faults", "DELETE")


@pytest.mark.parametrize(
    ("act", "outcome", "reason", "left"),
    [
        ("type_right", job_pb2.PIN_OUTCOME_VERIFIED, None, None),
        ("type_wrong", job_pb2.PIN_OUTCOME_REJECTED, "PIN_REJECTED", 2),
        ("cancel", job_pb2.PIN_OUTCOME_ABORTED, "PIN_ABORTED", None),
        ("silent", job_pb2.PIN_OUTCOME_TIMED_OUT, "PIN_TIMED_OUT", None),
        ("pull_card", job_pb2.PIN_OUTCOME_CARD_REMOVED, "CARD_REMOVED", None),
    ],
)
async def test_each_end_of_an_entry_is_told(
    staff: Staffed, act: str, outcome: job_pb2.PinOutcome.ValueType, reason: str | None, left: int | None
) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    before = await here.simulator.counts("hba-falk")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": act, "after": 0.2}, TYPE_RIGHT)
    job = await entered(box, pin_entry(hba, FALK))
    assert job.verify_pin.outcome == outcome
    assert (job.state == job_pb2.JOB_STATE_SUCCEEDED) == (reason is None)
    if reason is not None:
        failure = why(job)
        assert (failure.reason, failure.attempts_left) == (reason, left)
    after = await here.simulator.counts("hba-falk")
    assert after["verify_pin_calls"] == before["verify_pin_calls"] + 1
    assert after["pin_prompts"] == before["pin_prompts"] + 1

    if act == "pull_card":
        await until(partial(gone, staff, hba))
        await here.simulator.do("/cards/hba-falk/insert", terminal=AT_THE_DOCTOR, slot=6)
        hba = await here.card(box, "HBA", "0206")
    again = await entered(box, pin_entry(hba, FALK))
    assert again.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED


async def test_the_last_try_needs_an_explicit_word(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0203")
    before = await here.simulator.counts("hba-celler")
    refused = await entered(box, pin_entry(hba, CELLER))
    failure = why(refused)
    assert (failure.reason, failure.attempts_left) == ("PIN_LAST_ATTEMPT", 1)
    assert await here.simulator.counts("hba-celler") | {"operations": {}} == before | {"operations": {}}
    await here.simulator.plays(AT_THE_DOCTOR, TYPE_RIGHT)
    job = await entered(box, pin_entry(hba, CELLER, accept_last_attempt=True))
    assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED


async def test_an_unknown_number_of_tries_needs_an_explicit_word(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    smcb = await here.card(box, "SMC_B", "0101")
    wish: dict[str, Any] = {"context": EMPFANG, "force": False}
    refused = await entered(box, pin_entry(smcb, accept_unknown_attempts=False, **wish))
    failure = why(refused)
    assert (failure.reason, failure.attempts_left) == ("PIN_ATTEMPTS_UNKNOWN", None)
    assert (await here.simulator.counts("smcb-m1"))["pin_prompts"] == 0
    await here.simulator.plays(AT_THE_RECEPTION, TYPE_RIGHT)
    job = await entered(box, pin_entry(smcb, **wish))
    assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED
    again = await entered(box, pin_entry(smcb, **wish))
    assert again.verify_pin.outcome == job_pb2.PIN_OUTCOME_ALREADY_VERIFIED
    assert (await here.simulator.counts("smcb-m1"))["pin_prompts"] == 1


@pytest.mark.parametrize(
    ("card", "tail", "user", "reason"),
    [("hba-dorn", "0204", DORN, "PIN_TRANSPORT"), ("hba-esch", "0205", ESCH, "PIN_BLOCKED")],
)
async def test_where_no_entry_is_possible_nobody_is_asked(
    staff: Staffed, card: str, tail: str, user: str, reason: str
) -> None:
    here, box = staff.practice, staff.box
    job = await entered(box, pin_entry(await here.card(box, "HBA", tail), user, accept_last_attempt=True))
    assert why(job).reason == reason
    assert (await here.simulator.counts(card))["verify_pin_calls"] == 0


async def test_too_many_wrong_pins_block_the_card_and_it_is_said(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0202")
    wrong = {"action": "type_wrong"}
    await here.simulator.plays(AT_THE_DOCTOR, wrong, wrong, wrong)
    for left in (2, 1):
        rejected = why(await entered(box, pin_entry(hba, BRANDT)))
        assert (rejected.reason, rejected.attempts_left) == ("PIN_REJECTED", left)
    blocked = await entered(box, pin_entry(hba, BRANDT, accept_last_attempt=True))
    assert blocked.verify_pin.outcome == job_pb2.PIN_OUTCOME_BLOCKED
    assert why(blocked).reason == "PIN_BLOCKED"
    assert why(await entered(box, pin_entry(hba, BRANDT))).reason == "PIN_BLOCKED"
    counts = await here.simulator.counts("hba-brandt")
    assert (counts["verify_pin_calls"], counts["pin_tries_wrong"]) == (3, 3)


async def test_progress_says_at_which_terminal_the_pin_is_asked_for(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0207")
    terminals = {one.label: one.name for one in await box.terminals.list()}
    for context, pad, label in (
        ("contexts/sprechzimmer", AT_THE_DOCTOR, "Sprechzimmer"),
        (EMPFANG, AT_THE_RECEPTION, "Empfang"),
    ):
        job = await box.pins.verify(pin_entry(hba, GERTH, context=context))
        await here.simulator.prompt(pad)
        asked = await until(partial(said, staff, job.name, expected=False))
        assert (asked.terminal, asked.terminal_label) == (terminals[label], label)
        assert label in asked.text
        await here.simulator.do(f"/pads/{pad}/type", keys="cancel")
        await box.jobs.follow(job)


async def test_without_events_progress_says_what_is_expected(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0207")
    await here.simulator.do("/konnektors/konnektor/events", lose="all")
    try:
        await here.simulator.plays(AT_THE_DOCTOR, {"action": "cancel", "after": 0.3})
        job = await entered(box, pin_entry(hba, GERTH))
    finally:
        await here.simulator.do("/konnektors/konnektor/events", lose=0)
    entries = [one for one in job.progress if one.step == job_pb2.JOB_STEP_PIN_ENTRY]
    assert [(one.terminal_label, one.expected) for one in entries] == [("Sprechzimmer", True)]


async def test_two_workstations_at_one_card_take_turns(staff: Staffed) -> None:
    here = staff.practice
    hba = await here.card(staff.box, "HBA", "0206")
    before = await here.simulator.counts("hba-falk")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "type_right", "after": 1}, {"action": "type_right"})
    first = await staff.box.pins.verify(pin_entry(hba, FALK))
    await here.simulator.prompt(AT_THE_DOCTOR)
    second = await staff.other.pins.verify(pin_entry(hba, FALK))
    ends = await asyncio.gather(staff.box.jobs.follow(first), staff.other.jobs.follow(second))
    assert [end.verify_pin.outcome for end in ends] == [job_pb2.PIN_OUTCOME_VERIFIED] * 2
    assert job_pb2.JOB_STEP_WAITING_FOR_CARD in steps(ends[1])
    assert ends[0].end_time.ToDatetime() <= sent_at(ends[1])
    assert (await here.simulator.counts("hba-falk"))["pin_prompts"] == before["pin_prompts"] + 2


async def test_two_cards_whose_pins_are_typed_at_one_pad_take_turns_though_one_is_elsewhere(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba, smcb = await here.card(box, "HBA", "0206"), await here.card(box, "SMC_B", "0101")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "type_right", "after": 1}, {"action": "type_right"})
    first = await box.pins.verify(pin_entry(smcb, context=SPRECHZIMMER))
    await here.simulator.prompt(AT_THE_DOCTOR)
    second = await box.pins.verify(pin_entry(hba, FALK, context=SPRECHZIMMER))
    ends = await asyncio.gather(box.jobs.follow(first), box.jobs.follow(second))
    assert [end.verify_pin.outcome for end in ends] == [job_pb2.PIN_OUTCOME_VERIFIED] * 2
    assert job_pb2.JOB_STEP_WAITING_FOR_CARD in steps(ends[1])


async def test_of_two_at_the_same_moment_one_person_is_asked(staff: Staffed) -> None:
    here = staff.practice
    hba = await here.card(staff.box, "HBA", "0201")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "type_right", "after": 0.5})
    wishes = [pin_entry(hba, ADLER, force=False) for _ in range(2)]
    ends = await asyncio.gather(entered(staff.box, wishes[0]), entered(staff.other, wishes[1]))
    outcomes = sorted(end.verify_pin.outcome for end in ends)
    assert outcomes == [job_pb2.PIN_OUTCOME_VERIFIED, job_pb2.PIN_OUTCOME_ALREADY_VERIFIED]
    assert sum(job_pb2.JOB_STEP_WAITING_FOR_CARD in steps(end) for end in ends) == 1
    assert (await here.simulator.counts("hba-adler"))["verify_pin_calls"] == 1


async def test_a_caller_who_leaves_blocks_nobody(staff: Staffed) -> None:
    here = staff.practice
    hba = await here.card(staff.box, "HBA", "0206")
    guest = await here.workstation("Gast", users=USERS)
    async with here.connected(guest) as leaving:
        left_behind = await leaving.pins.verify(pin_entry(hba, FALK))
        await here.simulator.prompt(AT_THE_DOCTOR)
    following = await staff.box.pins.verify(pin_entry(hba, FALK))
    await here.simulator.do(f"/pads/{AT_THE_DOCTOR}/type", keys="cancel")
    await here.simulator.do(f"/pads/{AT_THE_DOCTOR}/type", pin="314159", wait_seconds=10)
    assert (await staff.box.jobs.follow(following)).verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED
    async with here.connected(guest) as back:
        ended = await back.jobs.get(left_behind.name)
    assert ended.verify_pin.outcome == job_pb2.PIN_OUTCOME_ABORTED


async def test_cancelling_before_anything_was_sent_sends_nothing(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    before = await here.simulator.counts("hba-falk")
    first = await box.pins.verify(pin_entry(hba, FALK))
    await here.simulator.prompt(AT_THE_DOCTOR)
    second = await box.pins.verify(pin_entry(hba, FALK))
    await reached(box, second.name, job_pb2.JOB_STATE_READY)
    cancelled = await box.jobs.cancel(second.name)
    assert cancelled.state == job_pb2.JOB_STATE_FAILED
    assert why(cancelled).reason == "CANCELLED"
    await here.simulator.do(f"/pads/{AT_THE_DOCTOR}/type", keys="cancel")
    await box.jobs.follow(first)
    after = await here.simulator.counts("hba-falk")
    assert after["verify_pin_calls"] == before["verify_pin_calls"] + 1


@pytest.mark.parametrize(
    ("act", "outcome"),
    [({"pin": "314159"}, job_pb2.PIN_OUTCOME_VERIFIED), ({"keys": "cancel"}, job_pb2.PIN_OUTCOME_ABORTED)],
)
async def test_cancelling_what_was_sent_waits_for_the_konnektor_s_word(
    staff: Staffed, act: dict[str, str], outcome: job_pb2.PinOutcome.ValueType
) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    job = await box.pins.verify(pin_entry(hba, FALK))
    await here.simulator.prompt(AT_THE_DOCTOR)
    assert (await box.jobs.cancel(job.name)).state == job_pb2.JOB_STATE_CANCELLING
    await here.simulator.do(f"/pads/{AT_THE_DOCTOR}/type", **act)
    ended = await box.jobs.follow(job)
    assert ended.verify_pin.outcome == outcome
    assert job_pb2.JOB_STEP_CANCEL_REQUESTED in steps(ended)


async def test_a_request_is_carried_out_once_and_its_id_means_one_thing(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    before = await here.simulator.counts("hba-falk")
    request = pin_entry(hba, FALK)
    jobs = await asyncio.gather(*(box.pins.verify(request) for _ in range(5)))
    assert len({job.name for job in jobs}) == 1
    await here.simulator.do(f"/pads/{AT_THE_DOCTOR}/type", pin="314159", wait_seconds=10)
    ended = await box.jobs.follow(jobs[0])
    assert await box.pins.verify(request) == ended
    with pytest.raises(CallFailed) as reused:
        await box.pins.verify(pin_entry(hba, GERTH, request_id=request.request_id))
    assert reused.value.reason == "REQUEST_ID_REUSED"
    after = await here.simulator.counts("hba-falk")
    assert after["verify_pin_calls"] == before["verify_pin_calls"] + 1


@pytest.mark.parametrize(("kind", "details"), [("cut", {}), ("cut", {"bytes": 300}), ("garbage", {"execute": True})])
async def test_where_the_answer_is_lost_the_outcome_is_unknown(
    staff: Staffed, kind: str, details: dict[str, object]
) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0206")
    before = await here.simulator.counts("hba-falk")
    await here.simulator.plays(AT_THE_DOCTOR, TYPE_RIGHT)
    await here.simulator.fault("VerifyPin", kind, **details)
    request = pin_entry(hba, FALK)
    job = await entered(box, request)
    assert job.state == job_pb2.JOB_STATE_OUTCOME_UNKNOWN
    assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_OUTCOME_UNKNOWN
    assert why(job).reason == "OUTCOME_UNKNOWN"
    assert await box.pins.verify(request) == job
    after = await here.simulator.counts("hba-falk")
    assert after["verify_pin_calls"] == before["verify_pin_calls"] + 1
    assert after["pin_prompts"] == before["pin_prompts"] + 1


@pytest.mark.parametrize(
    ("code", "reason", "words"),
    [
        (4043, "PIN_TIMED_OUT", "nicht rechtzeitig"),
        (4049, "PIN_ABORTED", "abgebrochen"),
        (4063, "PIN_BLOCKED", "gesperrt"),
        (4085, "PIN_NOT_VERIFIED", "freigeschaltet"),
        (4092, "PIN_NO_TERMINAL", "Kartenterminal"),
        (4093, "CARD_BUSY", "reserviert"),
        (4018, "CARD_SESSION_FOREIGN", "andere Person"),
        (4047, "CARD_REMOVED", "kennt die Karte nicht mehr"),
        (4222, "TERMINAL_DISCONNECTED", "nicht mit dem Konnektor verbunden"),
        (4711, "KONNEKTOR_FAULT", "4711"),
    ],
)
async def test_each_fault_has_its_reason_and_words(staff: Staffed, code: int, reason: str, words: str) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0207")
    await here.simulator.fault("VerifyPin", "soap_fault", code=code)
    job = await entered(box, pin_entry(hba, GERTH))
    failure = why(job)
    assert job.state == job_pb2.JOB_STATE_FAILED
    assert failure.reason == reason
    assert words in failure.title


async def test_a_pad_that_is_switched_off_is_told(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    hba = await here.card(box, "HBA", "0207")
    await here.simulator.do(f"/terminals/{AT_THE_RECEPTION}/disconnect")
    try:
        job = await entered(box, pin_entry(hba, GERTH, context=EMPFANG))
    finally:
        await here.simulator.do(f"/terminals/{AT_THE_RECEPTION}/connect")
    assert why(job).reason == "TERMINAL_DISCONNECTED"


async def test_a_foreign_prompt_at_the_pad_is_no_failure_of_the_card(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    mine, other = await here.card(box, "HBA", "0206"), await here.card(box, "HBA", "0207")
    job = await box.pins.verify(pin_entry(mine, FALK))
    await here.simulator.prompt(AT_THE_DOCTOR)
    await here.simulator.fault("VerifyPin", "soap_fault", code=4060)
    queued = await box.pins.verify(pin_entry(other, GERTH))
    await reached(box, queued.name, job_pb2.JOB_STATE_READY)
    await here.simulator.do(f"/pads/{AT_THE_DOCTOR}/type", keys="cancel")
    await box.jobs.follow(job)
    assert why(await box.jobs.follow(queued)).reason == "CARD_BUSY"


async def gone(staff: Staffed, card: str) -> bool:
    """Tell whether the agent no longer shows a card."""
    return card not in [one.name for one in await staff.box.cards.list()]


async def said(staff: Staffed, job: str, *, expected: bool) -> job_pb2.JobProgress | None:
    """Return the step that says where the PIN is asked for."""
    progress = (await staff.box.jobs.get(job)).progress
    entries = (one for one in progress if one.step == job_pb2.JOB_STEP_PIN_ENTRY and one.expected is expected)
    return next(entries, None)


def sent_at(job: job_pb2.Job) -> datetime:
    """Return when a job's verb went out."""
    return next(one.time.ToDatetime() for one in job.progress if one.step == job_pb2.JOB_STEP_SENT)
