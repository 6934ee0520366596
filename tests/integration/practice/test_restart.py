"""A power cut: what is there afterwards, how soon workstations are back, and what becomes of work under way."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from time import monotonic

import pytest

from firmware_sim.signing import make_pdf
from kartenwart.api.inventory.v1 import inventory_service_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.client import CallFailed, Kartenwart
from tests.integration.practice.desk import (
    AT_THE_DOCTOR,
    AT_THE_RECEPTION,
    EMPFANG,
    bound,
    bound_and_learnt,
    pin_entry,
    reached,
    signature,
    why,
)
from tests.integration.practice.edges import edges_from_now
from tests.integration.practice.staff import staffed
from tests.practice import Agent, Simulator, practice
from tests.waiting import until

pytestmark = [pytest.mark.timeout(120), pytest.mark.xdist_group("practice-restart")]

BACK_WITHIN_SECONDS = 2.0


async def test_after_a_power_cut_everything_is_there_and_workstations_are_back(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with practice(tmp_path) as here, staffed(here, ("adler",)) as staff:
        hba = await here.card(staff.box, "HBA", "0201")
        await bound(here, staff.box, hba, "users/adler")
        before = await memory(staff.technician)
        identity = (await staff.box.system.get()).box_id
        pictures: asyncio.Queue[inventory_service_pb2.Inventory] = asyncio.Queue()
        watching = asyncio.create_task(watched(staff.box, pictures))
        await pictures.get()
        edges = await edges_from_now(staff.box)

        await here.agent.kill()
        while not pictures.empty():
            pictures.get_nowait()
        first_calls = [asyncio.create_task(first_call(box)) for box in (staff.box, staff.other)]
        listening = await started(here.agent)
        back = [await call - listening for call in first_calls]
        record_property("seconds_until_workstations_are_back", max(back))
        assert max(back) < BACK_WITHIN_SECONDS
        assert await asyncio.wait_for(pictures.get(), BACK_WITHIN_SECONDS) is not None
        watching.cancel()
        await edges.gap()
        await edges.close()

        assert await memory(staff.technician) == before
        assert (await staff.technician.audit.verify()).intact
        assert (await staff.box.system.get()).box_id == identity
        assert await here.card(staff.box, "HBA", "0201") == hba


async def test_work_under_way_in_a_power_cut_is_never_repeated(tmp_path: Path) -> None:
    async with practice(tmp_path) as here, staffed(here, ("adler",)) as staff:
        box, simulator = staff.box, here.simulator
        hba, smcb = await here.card(box, "HBA", "0201"), await here.card(box, "SMC_B", "0101")
        # Where the agent only guesses the pad, it uses no other beside it.
        await bound_and_learnt(here, box, hba, "users/adler", "112233")
        letter = await box.documents.upload(make_pdf("pdfa2"), "application/pdf")
        sign = signature(hba, letter.name, "users/adler")
        unlock = pin_entry(smcb, context=EMPFANG)
        waiting = pin_entry(hba, "users/adler")
        before = {card: await simulator.counts(card) for card in ("hba-adler", "smcb-m1")}

        await simulator.plays(AT_THE_DOCTOR)
        signing, unlocking = await box.signatures.start(sign), await box.pins.verify(unlock)
        await simulator.prompt(AT_THE_DOCTOR)
        await simulator.prompt(AT_THE_RECEPTION)
        queued = await box.pins.verify(waiting)
        await reached(box, queued.name, job_pb2.JOB_STATE_READY)
        await here.agent.kill()
        for pad, pin in ((AT_THE_DOCTOR, "445566"), (AT_THE_RECEPTION, "135790")):
            await simulator.do(f"/pads/{pad}/type", pin=pin)
        await until(lambda: signatures_made(simulator, before["hba-adler"]["signatures"] + 1))

        for _ in range(2):
            await here.agent.start()
            unknown = await box.signatures.start(sign)
            assert (unknown.name, unknown.state) == (signing.name, job_pb2.JOB_STATE_OUTCOME_UNKNOWN)
            assert why(unknown).reason == "OUTCOME_UNKNOWN"
            assert not unknown.sign_documents.documents
            assert unknown.job_number
            unknown = await box.pins.verify(unlock)
            assert (unknown.name, unknown.state) == (unlocking.name, job_pb2.JOB_STATE_OUTCOME_UNKNOWN)
            assert unknown.verify_pin.outcome == job_pb2.PIN_OUTCOME_OUTCOME_UNKNOWN
            told = [(one.step, one.terminal_label) for one in unknown.progress]
            assert told == [(job_pb2.JOB_STEP_SENT, ""), (job_pb2.JOB_STEP_PIN_ENTRY, "Empfang")]
            nothing = await box.pins.verify(waiting)
            assert (nothing.name, nothing.state) == (queued.name, job_pb2.JOB_STATE_FAILED)
            assert why(nothing).reason == "AGENT_RESTARTED"
            with pytest.raises(CallFailed) as gone:
                await box.documents.download(letter.name, letter.sha256)
            assert gone.value.reason == "NOT_FOUND"
            await here.card(box, "HBA", "0201")
            await here.agent.kill()

        after = {card: await simulator.counts(card) for card in before}
        assert after["hba-adler"]["sign_document_calls"] == before["hba-adler"]["sign_document_calls"] + 1
        assert after["hba-adler"]["signatures"] == before["hba-adler"]["signatures"] + 1
        assert after["hba-adler"]["verify_pin_calls"] == before["hba-adler"]["verify_pin_calls"]
        assert after["smcb-m1"]["verify_pin_calls"] == before["smcb-m1"]["verify_pin_calls"] + 1
        assert after["smcb-m1"]["pin_prompts"] == before["smcb-m1"]["pin_prompts"] + 1


async def memory(technician: Kartenwart) -> tuple[object, ...]:
    """Return what must outlive a power cut, as the technician sees it."""
    return (
        list(await technician.workstations.list()),
        list(await technician.users.list()),
        list((await technician.jobs.page()).jobs),
        [one for one in (await technician.audit.page()).records if one.action.startswith(("job.", "user."))],
    )


async def first_call(box: Kartenwart) -> float:
    """Call on a connection that has been there before; return when the answer came."""
    await box.system.get()
    return monotonic()


async def started(agent: Agent) -> float:
    """Start the agent and return when its ready file was there."""
    (agent.folder / "ready.json").unlink()
    starting = asyncio.create_task(agent.start())
    await until(lambda: exists(agent.folder / "ready.json"), every=0.005)
    listening = monotonic()
    await starting
    return listening


async def exists(file: Path) -> bool:
    """Tell whether a file is there."""
    return file.exists()


async def watched(box: Kartenwart, pictures: "asyncio.Queue[inventory_service_pb2.Inventory]") -> None:
    """Put every picture into the queue."""
    async for picture in box.inventory.watch():
        pictures.put_nowait(picture)


async def signatures_made(simulator: Simulator, number: int) -> bool:
    """Tell whether the card has made so many signatures."""
    return bool((await simulator.counts("hba-adler"))["signatures"] == number)
