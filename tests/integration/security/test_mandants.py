"""Two practices under one roof share the box and see nothing of each other."""

import asyncio
import hashlib
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.document.v1 import document_service_pb2 as documents_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2, job_service_pb2
from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.api.user.v1 import user_service_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import CallFailed, Kartenwart
from kartenwart.client.wire import Wire
from tests.integration.security.conftest import by_code, grpc, json
from tests.practice import Practice

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-mandants")]

LETTER = b"Sehr geehrte Kollegin, Befund anbei."


@dataclass(frozen=True, kw_only=True)
class House:
    """Workstations of m1 (two) and m2 (one), each connected, and what m1 has."""

    here: Practice
    ours: Kartenwart
    beside: Kartenwart
    theirs: Kartenwart
    wires: tuple[Wire, Wire]
    smcb: str
    hba: str
    job: job_pb2.Job
    document: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(here: Practice) -> AsyncIterator[House]:
    """m1 has unlocked its SMC-B, uploaded a letter and signed it; m2 stands beside."""
    await here.simulator.do("/pads/kt-empfang/script", entries=[], default="type_right")
    async with here.technician() as box:
        await box.users.create("adler", "Dr. Adler")
        await box.users.create("fremd", "Dr. Fremd")
    ours = await here.workstation("Unsere", contexts=("empfang", "sprechzimmer"), users=("adler",))
    beside = await here.workstation("Nebenan", contexts=("empfang",))
    theirs = await here.workstation("Nachbar", contexts=("nachbar",), users=("fremd",))
    async with AsyncExitStack() as stack:
        boxes = [await stack.enter_async_context(here.connected(one)) for one in (ours, beside, theirs)]
        wires = await stack.enter_async_context(grpc(theirs)), await stack.enter_async_context(json(theirs))
        smcb, hba = await here.card(boxes[0], "SMC_B"), await here.card(boxes[0], "HBA", "0201")
        await unlocked(boxes[0], smcb)
        document = await boxes[0].documents.upload(LETTER, "text/plain")
        started = await boxes[0].signatures.start(signing(smcb, document.name))
        job = await boxes[0].jobs.follow(started)
        assert job.state == job_pb2.JOB_STATE_SUCCEEDED, job.failure
        kept = await boxes[0].documents.upload(LETTER + b"2", "text/plain")
        yield House(
            here=here,
            ours=boxes[0],
            beside=boxes[1],
            theirs=boxes[2],
            wires=wires,
            smcb=smcb,
            hba=hba,
            job=job,
            document=kept.name,
        )


async def unlocked(box: Kartenwart, card: str) -> None:
    request = pin_service_pb2.VerifyPinRequest(
        request_id=str(uuid.uuid4()), card=card, pin=card_pb2.PIN_SMC, accept_unknown_attempts=True
    )
    job = await box.jobs.follow(await box.pins.verify(request))
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED, job.failure


def signing(card: str, document: str, *, context: str = "", user: str = "") -> signature_pb2.SignDocumentsRequest:
    wished = signature_pb2.DocumentToSign(
        document=document, format=signature_pb2.SIGNATURE_FORMAT_CADES_DETACHED, short_text="Brief"
    )
    return signature_pb2.SignDocumentsRequest(
        request_id=str(uuid.uuid4()), card=card, context=context, user=user, documents=[wished]
    )


async def reason_of(call: Awaitable[object]) -> str:
    with pytest.raises(CallFailed) as refused:
        await call
    return refused.value.reason


async def test_each_sees_its_own_cards_and_terminals(house: House) -> None:
    picture = (await house.theirs.inventory.get()).inventory
    theirs = {card.type: card for card in picture.cards}
    assert house.smcb not in {card.name for card in picture.cards}
    assert card_pb2.CARD_TYPE_HBA not in theirs
    assert [one.label for one in picture.terminals] == ["Empfang"]
    shown = {slot.card for terminal in picture.terminals for slot in terminal.slots if slot.card}
    assert shown == {card.name for card in picture.cards}
    assert {state.context for card in picture.cards for state in card.pin_states} <= {"contexts/nachbar"}
    assert [one.name for one in await house.theirs.konnektors.contexts()] == ["contexts/nachbar"]
    ours = (await house.ours.inventory.get()).inventory
    assert {one.label for one in ours.terminals} == {"Empfang", "Sprechzimmer"}
    assert theirs[card_pb2.CARD_TYPE_SMC_B].name not in {card.name for card in ours.cards}


async def test_a_card_of_the_others_cannot_be_named(house: House) -> None:
    theirs, request_id = house.theirs, str(uuid.uuid4())
    for card in (house.smcb, house.hba):
        assert await reason_of(theirs.cards.get(card)) == "NOT_FOUND"
        assert await reason_of(theirs.cards.certificate(card, card_pb2.CERTIFICATE_REFERENCE_AUT)) == "NOT_FOUND"
        status = pin_service_pb2.GetPinStatusRequest(card=card, pin=card_pb2.PIN_SMC)
        for wire in house.wires:
            assert await reason_of(wire.call(status, pin_service_pb2.GetPinStatusResponse)) == "NOT_FOUND"
        verify = pin_service_pb2.VerifyPinRequest(request_id=request_id, card=card, pin=card_pb2.PIN_SMC)
        assert await reason_of(theirs.pins.verify(verify)) == "NOT_FOUND"
    assert await reason_of(theirs.signatures.start(signing(house.smcb, house.document))) == "NOT_FOUND"


@pytest.mark.parametrize("context", ["contexts/empfang", "contexts/pvs", "contexts/gibtsnicht"])
async def test_a_context_of_the_others_is_out_of_scope(house: House, context: str) -> None:
    status = pin_service_pb2.GetPinStatusRequest(card=house.smcb, pin=card_pb2.PIN_SMC, context=context)
    for wire in house.wires:
        with pytest.raises(CallFailed) as refused:
            await wire.call(status, pin_service_pb2.GetPinStatusResponse)
        assert (refused.value.code, refused.value.reason) == ("PERMISSION_DENIED", "OUT_OF_SCOPE")
        assert [one.field for one in refused.value.failure.violations] == ["context"]
    calls: tuple[Callable[[], Awaitable[object]], ...] = (
        lambda: house.theirs.signatures.start(signing(house.smcb, house.document, context=context)),
        lambda: house.theirs.cards.certificate(house.smcb, card_pb2.CERTIFICATE_REFERENCE_AUT, context=context),
        lambda: house.theirs.pins.verify(
            pin_service_pb2.VerifyPinRequest(
                request_id=str(uuid.uuid4()), card=house.smcb, pin=card_pb2.PIN_SMC, context=context
            )
        ),
    )
    for call in calls:
        assert await reason_of(call()) == "OUT_OF_SCOPE"


async def test_a_user_of_the_others_is_out_of_scope(house: House) -> None:
    bind = user_service_pb2.BindUserRequest(request_id=str(uuid.uuid4()), user="users/adler", card=house.hba)
    assert await reason_of(house.theirs.users.bind(bind)) == "OUT_OF_SCOPE"
    sign = signing(house.hba, house.document, user="users/adler")
    assert await reason_of(house.theirs.signatures.start(sign)) == "OUT_OF_SCOPE"
    assert [user.name for user in await house.theirs.users.list()] == ["users/fremd"]


async def test_jobs_and_documents_belong_to_the_workstation_that_made_them(house: House) -> None:
    job, document = house.job.name, house.document
    for box in (house.theirs, house.beside):
        for call in (box.jobs.get(job), box.jobs.wait(job, 1), box.jobs.cancel(job), box.documents.delete(document)):
            assert await reason_of(call) == "NOT_FOUND"
        assert await reason_of(anext(box.jobs.watch(job))) == "NOT_FOUND"
        assert await reason_of(box.documents.download(document, "0" * 64)) == "NOT_FOUND"
        assert list((await box.jobs.page()).jobs) == []
        assert list((await box.jobs.page(request_id=house.job.request_id)).jobs) == []
    for wire in house.wires:
        chunk = documents_pb2.UploadChunkRequest(document=document, offset=0, data=b"x")
        assert await reason_of(wire.call(chunk, documents_pb2.UploadChunkResponse)) == "NOT_FOUND"
        waited = job_service_pb2.WaitJobRequest(name=job)
        assert await reason_of(wire.call(waited, job_service_pb2.WaitJobResponse)) == "NOT_FOUND"
    stolen = signing(house.smcb, document)
    assert await reason_of(house.beside.signatures.start(stolen)) == "NOT_FOUND"
    # The same request_id from another workstation is another request.
    again = signing(house.smcb, document)
    again.request_id = house.job.request_id
    assert await reason_of(house.beside.signatures.start(again)) == "NOT_FOUND"
    assert (await house.ours.jobs.get(job)).sign_documents.documents[0].input_sha256 == sha256(LETTER)


async def test_events_of_the_others_are_not_told(house: House) -> None:
    before = await house.theirs.inventory.events(size=1000), await house.ours.inventory.events(size=1000)
    await house.here.simulator.do("/cards/hba-brandt/pull")
    cursor = before[1].cursor
    seen: list[inventory_pb2.Event] = []
    while not any(event.type == inventory_pb2.EVENT_TYPE_CARD_REMOVED for event in seen):
        page = await house.ours.inventory.events(cursor, wait=5)
        assert page.events, "the event did not come"
        cursor = page.cursor
        seen += page.events
    gone = next(event.subject for event in seen if event.type == inventory_pb2.EVENT_TYPE_CARD_REMOVED)
    await house.here.simulator.do("/cards/hba-brandt/insert", terminal="kt-sprechzimmer", slot=2)
    await asyncio.sleep(0.5)
    told = (await house.theirs.inventory.events(size=1000)).events
    names = {event.subject for event in told} | {event.terminal for event in told}
    assert not names & {gone, house.smcb, house.hba}
    assert {event.context for event in told} <= {"", "contexts/nachbar"}


async def test_the_audit_shows_each_its_own(house: House) -> None:
    others = {"m1": {"contexts/nachbar"}, "m2": {"contexts/empfang", "contexts/sprechzimmer", "contexts/pvs"}}
    for mandant, context in (("m1", "empfang"), ("m2", "nachbar")):
        auditor = await house.here.workstation(f"Revision {mandant}", role="AUDITOR", contexts=(context,))
        async with house.here.connected(auditor) as box:
            shown = (await box.audit.page(1000)).records
        assert {one.context for one in shown}.isdisjoint(others[mandant])
        told = {part for one in shown for part in one.detail.split()}
        assert (house.job.name in told) is (mandant == "m1")


async def test_a_technician_of_the_others_changes_nothing_here(house: House) -> None:
    """A technician's workstation is one practice's: it neither sees, revokes nor widens what reaches another's."""
    profile = await by_code(house.here, "Technik m2", role="TECHNICIAN", contexts=("nachbar",))
    async with house.here.connected(profile) as box:
        assert await reason_of(box.jobs.get(house.job.name)) == "NOT_FOUND"
        assert house.job.name not in {job.name for job in (await box.jobs.page(500)).jobs}
        labels = {one.label: one for one in await box.workstations.list()}
        assert "Nachbar" in labels
        assert not {"Unsere", "Nebenan"} & set(labels)
        ours = (await house.ours.system.get()).caller
        assert await reason_of(box.workstations.revoke(ours)) == "NOT_FOUND"
        change = workstation_pb2.Workstation(name=ours, label="Meine")
        assert await reason_of(box.workstations.update(change, "label")) == "NOT_FOUND"
        widened = workstation_pb2.Workstation(name=profile.workstation)
        widened.scope.contexts[:] = ["contexts/nachbar", "contexts/empfang"]
        assert await reason_of(box.workstations.update(widened, "scope.contexts")) == "INVALID_ARGUMENT"
        token = box.enrolments.token(role=workstation_pb2.ROLE_SIGNER, contexts=["contexts/empfang"], users=[])
        assert await reason_of(token) == "INVALID_ARGUMENT"


async def test_a_technician_of_the_practice_sees_its_jobs_without_documents(house: House) -> None:
    profile = await by_code(house.here, "Technik m1", role="TECHNICIAN")
    async with house.here.connected(profile) as box:
        job = await box.jobs.get(house.job.name)
        assert job.state == job_pb2.JOB_STATE_SUCCEEDED
        assert {(one.input, one.output) for one in job.sign_documents.documents} == {("", "")}
        output = house.job.sign_documents.documents[0].output
        assert await reason_of(box.documents.download(output, "0" * 64)) == "ROLE_MISSING"
        verify = pin_service_pb2.VerifyPinRequest(
            request_id=str(uuid.uuid4()), card=house.hba, pin=card_pb2.PIN_CH, context="contexts/empfang"
        )
        assert await reason_of(box.pins.verify(verify)) in {"ROLE_MISSING", "INVALID_ARGUMENT"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
