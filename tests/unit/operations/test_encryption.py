"""Encryption and decryption: for all recipients or none, with unlocked cards only."""

import asyncio
import hashlib
from dataclasses import replace
from typing import Any

import pytest

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason, WorldError
from kartenwart.domain.inventory import Pin, PinStatus
from kartenwart.domain.ports.cards import PinReading
from kartenwart.operations.encryption import DecryptDocumentOrder, EncryptDocumentOrder
from tests.unit.operations.practice import DESK, EGK, HBA, ROOM, SMCB, Practice, caller, named, observation

LETTER = b"a letter"
OPEN = PinReading(status=PinStatus.VERIFIED, attempts_left=None)


async def uploaded(practice: Practice, data: bytes = LETTER) -> str:
    made = await practice.documents.create(caller(), len(data), hashlib.sha256(data).hexdigest(), "text/plain")
    await practice.documents.upload(caller(), made.name, 0, data)
    return made.name


async def wanted(practice: Practice, *certificates: bytes, **wishes: Any) -> EncryptDocumentOrder:
    return EncryptDocumentOrder(document=await uploaded(practice), context=DESK, certificates=certificates, **wishes)


async def test_a_document_is_encrypted_for_certificates_and_a_card(practice: Practice) -> None:
    practice.envelopes.others = 1
    order = await wanted(practice, b"E1", b"R2", card=named(SMCB))
    made = await practice.encryptions.encrypt(caller(), order)
    (sent,) = practice.konnektor.sealed
    assert (sent.document, sent.certificates, sent.handle) == (LETTER, (b"E1", b"R2"), "h-smcb")
    assert (made.mime_type, made.result) == ("application/pkcs7-mime", True)
    assert (await practice.documents.download(caller(), made.name, 0))[1] == b"sealed"
    assert (await practice.documents.download(caller(), order.document, 0))[1] == LETTER, "the input stays"


async def test_nothing_is_handed_out_that_one_recipient_cannot_open(practice: Practice) -> None:
    order = await wanted(practice, b"E1", b"E2-", card=named(SMCB))
    with pytest.raises(CallerError) as refused:
        await practice.encryptions.encrypt(caller(), order)
    assert refused.value.failure.reason is Reason.RECIPIENT_UNSUITABLE
    assert [one.field for one in refused.value.violations] == ["certificates[1]", "card"]
    assert [one.name for one in await practice.vault.held(None)] == [order.document]


@pytest.mark.parametrize("certificates", [(), (b"E1", b"no certificate")])
async def test_recipients_are_looked_at_before_anything_is_sent(
    practice: Practice, certificates: tuple[bytes, ...]
) -> None:
    with pytest.raises(CallerError) as refused:
        await practice.encryptions.encrypt(caller(), await wanted(practice, *certificates))
    assert refused.value.violations[0].field in ("certificates", "certificates[1]")
    assert practice.konnektor.sealed == []


async def test_a_doctors_card_in_use_is_not_asked_for_its_certificate(practice: Practice) -> None:
    practice.envelopes.others = 1
    await practice.people.create("users/arzt1", "Dr. A", frozenset({"m1"}))
    order = replace(await wanted(practice), card=named(HBA), context=ROOM, user="users/arzt1")
    async with practice.cards.turn(practice.cards.reach(order.card, order.context, order.user)):
        waiting = asyncio.create_task(practice.encryptions.encrypt(caller(), order))
        await asyncio.sleep(0.05)
        assert practice.konnektor.sealed == []
    await waiting
    assert len(practice.konnektor.sealed) == 1


async def test_others_documents_are_not_there(practice: Practice) -> None:
    order = await wanted(practice, b"E1")
    with pytest.raises(CallerError) as refused:
        await practice.encryptions.encrypt(caller("workstations/w-2"), order)
    assert refused.value.failure.reason is Reason.NOT_FOUND


async def test_an_unlocked_card_opens_a_document(practice: Practice) -> None:
    practice.konnektor.readings[DESK, Pin.SMC] = OPEN
    order = DecryptDocumentOrder(document=await uploaded(practice), card=named(SMCB), context=DESK)
    made = await practice.encryptions.decrypt(caller(), order)
    assert practice.konnektor.decrypted[0][1] == LETTER
    assert (await practice.documents.download(caller(), made.name, 0))[1] == b"opened"
    assert made.owner == caller().name


async def test_a_locked_card_or_a_foreign_one_opens_nothing(practice: Practice) -> None:
    document = await uploaded(practice)
    with pytest.raises(WorldError) as locked:
        await practice.encryptions.decrypt(
            caller(), DecryptDocumentOrder(document=document, card=named(SMCB), context=DESK)
        )
    assert locked.value.failure.reason is Reason.PIN_NOT_VERIFIED
    await practice.people.create("users/arzt1", "Dr. A", frozenset({"m1"}))
    for card, reason in ((HBA, Reason.USER_NOT_BOUND), (EGK, Reason.CARD_TYPE_WRONG)):
        order = DecryptDocumentOrder(document=document, card=named(card), context=ROOM, user="users/arzt1")
        with pytest.raises(CallerError) as refused:
            await practice.encryptions.decrypt(caller(), order)
        assert refused.value.failure.reason is reason
    assert practice.konnektor.decrypted == []


async def test_a_failure_keeps_its_code_and_frees_the_card(practice: Practice) -> None:
    practice.konnektor.readings[DESK, Pin.SMC] = OPEN
    practice.konnektor.opened = WorldError(failure(Reason.DECRYPTION_FAILED, code=4106))
    order = DecryptDocumentOrder(document=await uploaded(practice), card=named(SMCB), context=DESK)
    for _ in range(20):
        with pytest.raises(WorldError) as failed:
            await practice.encryptions.decrypt(caller(), order)
        assert (failed.value.failure.reason, failed.value.failure.konnektor_code) == (Reason.DECRYPTION_FAILED, 4106)


async def test_a_card_that_left_while_it_was_waited_for_is_gone(practice: Practice) -> None:
    await practice.people.create("users/arzt1", "Dr. A", frozenset({"m1"}))
    await practice.people.bind("users/arzt1", named(HBA), "m1")
    practice.konnektor.readings[ROOM, Pin.CH] = OPEN
    order = DecryptDocumentOrder(document=await uploaded(practice), card=named(HBA), context=ROOM, user="users/arzt1")
    async with practice.cards.turn(practice.cards.reach(order.card, order.context, order.user)):
        waiting = asyncio.create_task(practice.encryptions.decrypt(caller(), order))
        await asyncio.sleep(0.05)
        practice.keeper.observe(observation(SMCB))
    with pytest.raises(WorldError) as gone:
        await waiting
    assert gone.value.failure.reason is Reason.CARD_REMOVED
    assert practice.konnektor.decrypted == []
