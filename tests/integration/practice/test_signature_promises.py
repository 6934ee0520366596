"""What cannot be signed is refused before anybody is asked, and a spoilt signature never leaves, nor is made again."""

import uuid
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from firmware_sim.signing import make_pdf
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client import CallFailed, JobFailed
from tests.integration.practice.desk import (
    AT_THE_DOCTOR,
    AT_THE_RECEPTION,
    EMPFANG,
    SPRECHZIMMER,
    assert_for_people,
    bound,
    entered,
    pin_entry,
    signed,
    why,
)
from tests.integration.practice.staff import Staffed, doctor, many_cards, staffed
from tests.practice import practice
from tests.waiting import until

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("practice-promises"),
]

PDF, TEXT = "application/pdf", "text/plain"
PADES = signature_pb2.SIGNATURE_FORMAT_PADES
DETACHED = signature_pb2.SIGNATURE_FORMAT_CADES_DETACHED
ENVELOPING = signature_pb2.SIGNATURE_FORMAT_CADES_ENVELOPING
MEGABYTES_26 = 26 * 1024 * 1024
OLD_CARD = doctor("kern", "0211", 11).replace('kind = "hba"', 'kind = "hba"\ngeneration = "G2.0"')
CARDS = {"falk": "0206", "kern": "0211"}
COSTLY = ("pin_prompts", "sign_document_calls", "signatures")

Wished = tuple[bytes, str, signature_pb2.SignatureFormat.ValueType]


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    folder = tmp_path_factory.mktemp("practice")
    async with practice(folder, many_cards(folder, more=OLD_CARD)) as here, staffed(here, tuple(CARDS)) as staff:
        for user, tail in CARDS.items():
            await bound(here, staff.box, await here.card(staff.box, "HBA", tail), f"users/{user}")
        await here.simulator.plays(AT_THE_RECEPTION, {"action": "type_right"})
        smcb = await here.card(staff.box, "SMC_B", "0101")
        await entered(staff.box, pin_entry(smcb, context=EMPFANG))
        await here.simulator.plays(AT_THE_DOCTOR, default="type_right")
        yield staff


async def wish(staff: Staffed, user: str, *wished: Wished) -> signature_pb2.SignDocumentsRequest:
    """Upload documents and return the wish to sign them with a doctor's card, or the practice's where user is empty."""
    here, box = staff.practice, staff.box
    card = await here.card(box, "HBA", CARDS[user]) if user else await here.card(box, "SMC_B", "0101")
    documents = [
        signature_pb2.DocumentToSign(
            document=(await box.documents.upload(content, kind)).name, format=form, short_text="Arztbrief"
        )
        for content, kind, form in wished
    ]
    return signature_pb2.SignDocumentsRequest(
        request_id=str(uuid.uuid4()),
        card=card,
        context=SPRECHZIMMER if user else EMPFANG,
        user=f"users/{user}" if user else "",
        documents=documents,
        accept_unknown_attempts=True,
    )


async def costs(staff: Staffed) -> dict[str, list[int]]:
    """Return what all cards were asked for so far that costs a person's time, a try or a signature."""
    cards: dict[str, Any] = (await staff.practice.simulator.ask("/counts"))["cards"]
    return {name: [counted[one] for one in COSTLY] for name, counted in cards.items()}


async def asked_in_vain(staff: Staffed, user: str, *wished: Wished) -> None:
    """Raise why nothing was signed: the call was refused, or the job failed."""
    raise JobFailed(await signed(staff.box, await wish(staff, user, *wished)))


REFUSED: dict[str, tuple[str, str, Callable[[], tuple[Wished, ...]]]] = {
    "plain PDF": ("falk", "DOCUMENT_NOT_PDFA", lambda: ((make_pdf("plain"), PDF, PADES),)),
    "PDF/A-3": ("falk", "DOCUMENT_PDFA_PART_WRONG", lambda: ((make_pdf("pdfa3"), PDF, PADES),)),
    "26 MB": ("falk", "DOCUMENT_TOO_LARGE", lambda: ((bytes(MEGABYTES_26), TEXT, DETACHED),)),
    "mixed": ("falk", "DOCUMENTS_MIXED", lambda: ((make_pdf("pdfa2"), PDF, PADES), (b"Befund", TEXT, DETACHED))),
    "one bad of many": (
        "falk",
        "DOCUMENT_NOT_PDFA",
        lambda: ((make_pdf("pdfa2"), PDF, PADES), (make_pdf("plain"), PDF, PADES)),
    ),
    "RSA only": ("kern", "CERTIFICATE_RSA_ONLY", lambda: ((make_pdf("pdfa2"), PDF, PADES),)),
}


@pytest.mark.parametrize("case", REFUSED)
async def test_it_is_refused_before_anybody_is_asked(staff: Staffed, case: str) -> None:
    user, reason, wished = REFUSED[case]
    before = await costs(staff)
    with pytest.raises(CallFailed) as refused:
        await asked_in_vain(staff, user, *wished())
    assert refused.value.reason == reason
    assert_for_people(refused.value.failure)
    assert await costs(staff) == before


async def test_each_has_a_reason_of_its_own() -> None:
    assert len({reason for _, reason, _ in REFUSED.values()}) == len(REFUSED) - 1


SPOILT: dict[str, tuple[str, Callable[[], tuple[Wished, ...]]]] = {
    "PAdES": ("falk", lambda: ((make_pdf("pdfa2"), PDF, PADES),)),
    "CAdES beside": ("falk", lambda: ((b"Befund", TEXT, DETACHED),)),
    "CAdES around, by the practice": ("", lambda: ((b"Befund", TEXT, ENVELOPING),)),
    "three at once": ("falk", lambda: tuple((b"Befund %d" % number, TEXT, DETACHED) for number in range(3))),
    "three at once, by the practice": ("", lambda: tuple((b"B %d" % one, TEXT, ENVELOPING) for one in range(3))),
}


@pytest.mark.parametrize("case", SPOILT)
async def test_a_spoilt_signature_is_never_handed_out(staff: Staffed, case: str) -> None:
    user, wished = SPOILT[case]
    card = f"hba-{user}" if user else "smcb-m1"
    request = await wish(staff, user, *wished())
    before, kept = await costs(staff), in_the_vault(staff)
    await staff.practice.simulator.fault("SignDocument", "corrupt_signature")
    job = await signed(staff.box, request)
    assert job.state == job_pb2.JOB_STATE_FAILED
    assert why(job).reason == "SIGNATURE_INVALID"
    for one in job.sign_documents.documents:
        assert (one.output, one.output_sha256, one.failure.reason) == ("", "", job.failure.reason)
    after = await costs(staff)
    prompts, calls, signatures = (now - then for now, then in zip(after[card], before[card], strict=True))
    assert (prompts, calls, signatures) == (int(bool(user)), 1, len(request.documents))
    assert await staff.box.signatures.start(request) == job, "the same request brings the same end"
    assert await costs(staff) == after, "nothing is repeated"
    await holds(staff, kept - len(request.documents))  # the inputs went, and nothing came


async def test_progress_counts_each_document_once(staff: Staffed) -> None:
    """Several contexts of the box hear the Konnektor's events; the person who waits is told of one signature each."""
    documents: tuple[Wished, ...] = tuple((b"Befund %d" % number, TEXT, DETACHED) for number in range(3))
    job = await signed(staff.box, await wish(staff, "falk", *documents))
    assert job.state == job_pb2.JOB_STATE_SUCCEEDED
    told = [one.text for one in job.progress if one.step == job_pb2.JOB_STEP_DOCUMENT_SIGNED]
    possible = [f"Die Karte hat {number} von 3 Dokumenten signiert." for number in (1, 2, 3)]
    assert told, "an event that comes late is lost, but not all three"
    assert told == [one for one in possible if one in told]


async def test_of_many_only_the_spoilt_one_is_kept_back(staff: Staffed) -> None:
    request = await wish(staff, "falk", *SPOILT["three at once"][1]())
    before, kept = await costs(staff), in_the_vault(staff)
    await staff.practice.simulator.fault("SignDocument", "corrupt_signature", document=2)
    job = await signed(staff.box, request)
    assert (job.state, why(job).reason) == (job_pb2.JOB_STATE_FAILED, "SIGNATURE_INVALID")
    outputs = [bool(one.output) for one in job.sign_documents.documents]
    assert outputs == [True, False, True]
    await holds(staff, kept - 3 + 2)
    assert (await costs(staff))["hba-falk"] == [
        then + more for then, more in zip(before["hba-falk"], (1, 1, 3), strict=True)
    ]
    for one in job.sign_documents.documents:
        if one.output:
            assert await staff.box.documents.download(one.output, one.output_sha256)
            await staff.box.documents.delete(one.output)


async def holds(staff: Staffed, documents: int) -> None:
    """Check what the box holds on its disk once it has tidied up after a job."""

    async def tidied() -> bool:
        return in_the_vault(staff) == documents

    await until(tidied, within=5)


def in_the_vault(staff: Staffed) -> int:
    """Return how many documents the box holds on its disk."""
    vault: Path = staff.practice.agent.folder / "state" / "documents"
    return len(list(vault.glob("*.doc")))
