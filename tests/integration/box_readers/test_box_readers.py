"""What a box does with readers: their cards in the picture, PINs at the pad only, and a pcscd that dies."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.pads.script import read_steps
from kartenwart.api.authentication.v1 import authentication_service_pb2 as authentication_pb2
from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.pin.v1 import pin_service_pb2 as pin_pb2
from kartenwart.api.reader.v1 import reader_pb2
from kartenwart.api.user.v1 import user_service_pb2 as user_pb2
from kartenwart.client import CallFailed
from tests.integration.box_readers.laboratory import LABORATORY, NEIGHBOUR, Laboratory, laboratory

SMCB, HBA = card_pb2.CARD_TYPE_SMC_B, card_pb2.CARD_TYPE_HBA

pytestmark = pytest.mark.timeout(120)


async def until(look: Callable[[], Awaitable[Any]], within: float = 25.0) -> Any:
    """Return what `look` finds, once it is something."""
    async with asyncio.timeout(within):
        while not (found := await look()):
            await asyncio.sleep(0.1)
    return found


async def card_of(box: Any, kind: int) -> card_pb2.Card:
    async def look() -> card_pb2.Card | None:
        return next((one for one in await box.cards.list() if one.type == kind), None)

    found: card_pb2.Card = await until(look)
    return found


async def all_readers(box: Any, count: int = 3) -> dict[str, reader_pb2.Reader]:
    async def look() -> dict[str, reader_pb2.Reader]:
        found = (await box.readers.list()).readers
        return {one.label: one for one in found} if len(found) == count else {}

    known: dict[str, reader_pb2.Reader] = await until(look)
    return known


def verify(card: str) -> pin_pb2.VerifyPinRequest:
    return pin_pb2.VerifyPinRequest(
        request_id=str(uuid.uuid4()),
        card=card,
        context=LABORATORY,
        pin=card_pb2.PIN_SMC,
        accept_unknown_attempts=True,
    )


async def test_the_cards_of_readers_work_without_a_konnektor(here: Laboratory) -> None:
    counts = here.desk.simulation.practice.counts.cards["smcb-m1"]
    async with here.technician() as box:
        smcb, hba = await card_of(box, SMCB), await card_of(box, HBA)
        readers = await all_readers(box)
        pad, plain = readers["pad 00 00"], readers["plain 00 00"]
        assert (pad.pad, plain.pad, pad.card, plain.card) == (True, False, smcb.name, hba.name)
        assert readers["plain 00 01"].slot_state == reader_pb2.SLOT_STATE_EMPTY
        route = smcb.routes[0]
        assert (route.reader, route.konnektor, route.terminal) == (pad.name, "", "")

        certificate = await box.cards.certificate(smcb.name, card_pb2.CERTIFICATE_REFERENCE_AUT, context=LABORATORY)
        assert certificate.telematik_id
        state = await box.pins.status(smcb.name, card_pb2.PIN_SMC, context=LABORATORY)
        assert (state.status, state.attempts_left) == (card_pb2.PIN_STATUS_VERIFIABLE, 3)

        done = await box.jobs.follow(await box.pins.verify(verify(smcb.name)))
        assert (done.state, done.verify_pin.outcome) == (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.PIN_OUTCOME_VERIFIED)
        assert done.back_end == "readers"
        asked = [step for step in done.progress if step.step == job_pb2.JOB_STEP_PIN_ENTRY]
        assert [(step.terminal, step.terminal_label) for step in asked] == [(pad.name, pad.label)]
        assert "Kartenleser" in asked[0].text
        assert (counts.pin_prompts, counts.pin_tries_right) == (1, 1)
        state = await box.pins.status(smcb.name, card_pb2.PIN_SMC, context=NEIGHBOUR)
        assert state.status == card_pb2.PIN_STATUS_VERIFIED  # a card in a reader has no sessions by context


async def test_what_needs_a_pad_or_a_konnektor_is_refused_before_the_card_is_asked(here: Laboratory) -> None:
    pulled = here.desk.simulation.practice
    async with here.technician() as box:
        smcb = await card_of(box, SMCB)
        pulled.pull("smcb-m1")
        pulled.insert("smcb-m1", "plain", 2)

        async def moved() -> bool:
            card = await card_of(box, SMCB)
            readers = await all_readers(box)
            return bool(card.routes) and card.routes[0].reader == readers["plain 00 01"].name

        await until(moved)
        failed = await box.jobs.follow(await box.pins.verify(verify(smcb.name)))
        assert failed.failure.reason == failure_pb2.REASON_READER_WITHOUT_PAD
        der = (await box.cards.certificate(smcb.name, card_pb2.CERTIFICATE_REFERENCE_AUT, context=LABORATORY)).der
        with pytest.raises(CallFailed) as refused:
            await box.certificates.verify(der, context=LABORATORY)
        assert refused.value.failure.reason == "KONNEKTOR_NEEDED"
        assert here.desk.simulation.practice.counts.cards["smcb-m1"].pin_prompts == 0


async def test_a_card_pulled_at_the_pad_leaves_the_outcome_unknown_and_the_pin_is_asked_once(
    here: Laboratory,
) -> None:
    counts = here.desk.simulation.practice.counts.cards["smcb-m1"]
    async with here.technician() as box:
        smcb = await card_of(box, SMCB)
        here.desk.simulation.pads["pad"].script.play(read_steps([{"action": "pull_card"}]), "silent")
        request = verify(smcb.name)
        told = await box.jobs.follow(await box.pins.verify(request))
        assert told.state == job_pb2.JOB_STATE_OUTCOME_UNKNOWN
        assert told.failure.reason == failure_pb2.REASON_OUTCOME_UNKNOWN
        again = await box.jobs.follow(await box.pins.verify(request))
        assert (again.name, again.state, counts.pin_prompts) == (told.name, told.state, 1)


async def test_a_pcscd_that_dies_is_told_and_its_readers_come_back(here: Laboratory) -> None:
    async with here.technician() as box:
        await card_of(box, SMCB)
        before = await all_readers(box)
        await here.desk.pcscd.kill()

        async def down() -> bool:
            told = await box.readers.list()
            return told.condition.reason == failure_pb2.REASON_READER_SERVICE_DOWN and not told.readers

        await until(down)
        await here.desk.pcscd.start()
        after = await all_readers(box)
        assert {one.name for one in after.values()} == {one.name for one in before.values()}
        assert not (await box.readers.list()).HasField("condition")
        events = [(one.type, one.detail) for one in (await box.inventory.events("")).events]
        for wanted in (inventory_pb2.EVENT_TYPE_CONDITION_SET, inventory_pb2.EVENT_TYPE_CONDITION_CLEARED):
            assert (wanted, "READER_SERVICE_DOWN") in events
        assert [kind for kind, _ in events].count(inventory_pb2.EVENT_TYPE_READER_ADDED) == 6


async def test_a_signature_is_made_after_the_pin_was_typed_at_the_pad(here: Laboratory) -> None:
    profile = await here.signer()
    async with here.technician() as box, here.connected(profile) as seat:
        smcb = await card_of(seat, SMCB)
        request = authentication_pb2.ExternalAuthenticateRequest(
            request_id=str(uuid.uuid4()),
            card=smcb.name,
            context=LABORATORY,
            scheme=authentication_pb2.SIGNATURE_SCHEME_ECDSA_RAW,
            digest=b"h" * 32,
        )
        with pytest.raises(CallFailed) as refused:
            await seat.authentication.sign(request)
        assert refused.value.failure.reason == "PIN_NOT_VERIFIED"
        await box.jobs.follow(await box.pins.verify(verify(smcb.name)))
        request.request_id = str(uuid.uuid4())
        assert len(await seat.authentication.sign(request)) == 64  # the box has held it against C.AUT


@pytest.mark.parametrize("switched_on", [False, True])
async def test_insurance_data_are_read_for_a_laboratory_only(
    tmp_path: Path, sim_state: Path, switched_on: bool
) -> None:
    settings = f"[readers.laboratory]\ninsurance_data = {str(switched_on).lower()}\n"
    async with laboratory(tmp_path, sim_state, settings) as here:
        here.desk.simulation.practice.insert("egk-muster", "plain", 2)
        async with here.connected(await here.signer()) as seat:
            egk = await card_of(seat, card_pb2.CARD_TYPE_EGK)
            assert (egk.holder, egk.iccsn_tail) == ("", "")
            reading = await seat.patients.read_vsd(egk.name, context=LABORATORY)
        if not switched_on:
            assert reading.failure.reason == failure_pb2.REASON_LABORATORY_ONLY
            return
        assert not reading.HasField("failure")
        assert reading.HasField("person")
        assert reading.HasField("insurance")
        assert not reading.HasField("proof")


async def test_a_doctor_is_bound_to_her_card_at_a_pad_and_then_uses_it(here: Laboratory) -> None:
    practice = here.desk.simulation.practice
    async with here.technician() as box:
        await box.users.create("adler", "Dr. Adler")
        await card_of(box, HBA)
        practice.pull("smcb-m1")
        practice.pull("hba-adler")

        async def all_out() -> bool:
            return not await box.cards.list()

        await until(all_out)
        practice.insert("hba-adler", "pad", 1)
    async with here.connected(await here.signer("users/adler")) as seat:
        hba = await card_of(seat, HBA)
        bound = await seat.jobs.follow(
            await seat.users.bind(
                user_pb2.BindUserRequest(
                    request_id=str(uuid.uuid4()), user="users/adler", card=hba.name, context=LABORATORY
                )
            )
        )
        assert (bound.state, bound.bind_user.card) == (job_pb2.JOB_STATE_SUCCEEDED, hba.name)
        request = authentication_pb2.ExternalAuthenticateRequest(
            request_id=str(uuid.uuid4()),
            card=hba.name,
            user="users/adler",
            context=LABORATORY,
            scheme=authentication_pb2.SIGNATURE_SCHEME_ECDSA_RAW,
            digest=b"h" * 32,
        )
        assert len(await seat.authentication.sign(request)) == 64
