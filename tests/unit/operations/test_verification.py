"""Verifying by a Konnektor: what is sent for which kind of document, and where the report goes."""

import asyncio
from dataclasses import replace

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.verification import SignedForm, Verification, VerificationResult
from kartenwart.operations.call_times import CallTimes, call_times
from kartenwart.operations.locks import Claim, Limits, Rank
from tests.unit.operations.practice import DESK, K1, Practice, caller
from tests.unit.operations.test_signatures import uploaded


async def verified(practice: Practice, document: str, signature: str = "") -> VerificationResult:
    said = await practice.verifications.verify(caller(), context=DESK, document=document, signature=signature)
    return said.verification.result


@pytest.mark.parametrize(
    ("mime", "form", "inside"),
    [
        ("application/pdf", SignedForm.PDF, True),
        ("text/xml", SignedForm.XML, True),
        ("application/octet-stream", SignedForm.CMS, False),
    ],
)
async def test_a_signature_inside_goes_as_its_document_says(
    practice: Practice, mime: str, form: SignedForm, inside: bool
) -> None:
    document = await uploaded(practice, b"signed", mime)
    assert await verified(practice, document) is VerificationResult.VALID
    (order,) = practice.konnektor.verified
    assert (order.form, order.document, order.signature) == (form, *((b"signed", b"") if inside else (b"", b"signed")))


async def test_a_signature_beside_goes_with_its_document(practice: Practice) -> None:
    document, signature = await uploaded(practice, b"text", "text/plain"), await uploaded(practice, b"p7s")
    await verified(practice, document, signature)
    (order,) = practice.konnektor.verified
    assert (order.form, order.mime_type, order.document, order.signature) == (
        SignedForm.CMS,
        "text/plain",
        b"text",
        b"p7s",
    )


async def test_the_report_belongs_to_whoever_asked(practice: Practice) -> None:
    document = await uploaded(practice, b"signed", "text/xml")
    said = await practice.verifications.verify(caller(), context=DESK, document=document, signature="")
    assert said.report is not None
    assert (await practice.documents.download(caller(), said.report.name, 0))[1] == b"<report/>"
    with pytest.raises(CallerError):
        await practice.documents.download(caller("workstations/w-2"), said.report.name, 0)


async def test_no_report_is_no_document(practice: Practice) -> None:
    assert isinstance(practice.konnektor.verification, Verification)
    practice.konnektor.verification = replace(practice.konnektor.verification, report=b"")
    document = await uploaded(practice, b"signed", "text/xml")
    said = await practice.verifications.verify(caller(), context=DESK, document=document, signature="")
    assert said.report is None
    assert len(practice.vault.documents) == 1


async def test_documents_of_others_and_troubles_are_told(practice: Practice) -> None:
    document = await uploaded(practice, b"signed", "text/xml")
    with pytest.raises(CallerError) as refused:
        await practice.verifications.verify(caller("workstations/w-2"), context=DESK, document=document, signature="")
    assert refused.value.failure.reason is Reason.NOT_FOUND
    practice.konnektor.verification = WorldError(failure(Reason.KONNEKTOR_FAULT, code=4001))
    with pytest.raises(WorldError):
        await verified(practice, document)


async def test_it_waits_for_one_of_the_konnektors_places_and_counts_its_time(practice: Practice) -> None:
    document, times = await uploaded(practice, b"signed", "text/xml"), CallTimes()
    call_times.set(times)
    places = Claim(key=K1, capacity=Limits().konnektor, weight=Limits().konnektor, rank=Rank.KONNEKTOR)
    with practice.locks.hold() as everyone:
        await everyone.take((places,))
        waiting = asyncio.create_task(verified(practice, document))
        await asyncio.sleep(0.05)
        assert practice.konnektor.verified == []
    assert await waiting is VerificationResult.VALID
    assert times.calls == 1
    assert times.queue >= 0.04
