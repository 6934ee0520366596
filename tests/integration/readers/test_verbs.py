"""What is done with cards at a reader without a pad, beside other programs at the same pcscd."""

import asyncio
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from firmware_sim.simulation import Simulation
from kartenwart.adapters.pcsc.slot import Slot
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.jobs import PinVerb
from kartenwart.domain.ports.card_keys import AuthenticateOrder
from kartenwart.domain.ports.cards import PinWish
from kartenwart.domain.readers import SlotState
from tests.integration.readers.conftest import Plug
from tests.integration.readers.desk import Desk, Sent, call
from tests.integration.readers.other import READER, VERIFY_SMC, OtherProgram

STATUS_SMC = "80200001"
AUT, ECC, RSA = CertificateReference.AUT, KeyAlgorithm.ECC, KeyAlgorithm.RSA
DIGEST = hashlib.sha256(b"a challenge").digest()
SHA256 = Prehashed(hashes.SHA256())


async def test_certificate_and_pin_status_are_read(plug: Plug) -> None:
    async with Desk() as desk:
        plug("smcb-m1")
        card = await desk.card()
        der = await desk.readers.read_certificate(call(card), AUT, ECC)
        assert x509.load_der_x509_certificate(der).not_valid_after_utc.date() == card.certificate_expiry
        reading = await desk.readers.pin_status(call(card), Pin.SMC)
        assert (reading.status, reading.attempts_left) == (PinStatus.VERIFIABLE, 3)
        with pytest.raises(WorldError) as told:
            await desk.readers.pin_status(call(card), Pin.QES)
        assert told.value.failure.reason is Reason.CARD_TYPE_WRONG


async def test_without_a_pad_no_pin_is_asked_for(plug: Plug) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1")
        card = await desk.card()
        before, sent = len(inserted.commands), Sent()
        assert not (await desk.reader(lambda reader: True)).pad
        for verb in PinVerb:
            with pytest.raises(WorldError) as told:
                await desk.readers.pin_verb(call(card), PinWish(verb=verb, pin=Pin.SMC), sent)
            assert (told.value.failure.reason, told.value.sent) == (Reason.READER_WITHOUT_PAD, False)
        assert (len(inserted.commands), sent.times) == (before, 0)


async def test_reading_leaves_to_others_what_they_verified(plug: Plug) -> None:
    async with Desk() as desk:
        plug("smcb-m1")
        card = await desk.card()
        await asyncio.sleep(0.5)  # the agent stays connected for a moment: it shall come anew, and go
        with OtherProgram(READER) as other:
            assert other.ask(VERIFY_SMC) == "9000"
            await desk.readers.read_certificate(call(card), AUT, ECC)
            assert (await desk.readers.pin_status(call(card), Pin.SMC)).status is PinStatus.VERIFIED
            await asyncio.sleep(0.5)
            assert other.ask(STATUS_SMC) == "9000"


async def test_the_card_signs_once_its_pin_is_verified(plug: Plug, practice: Simulation) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1")
        card, sent = await desk.card(), Sent()
        order = AuthenticateOrder(scheme=SignatureScheme.ECDSA_DER, digest=DIGEST)
        with pytest.raises(WorldError) as told:
            await desk.readers.authenticate(call(card), order, sent)
        assert told.value.failure.reason is Reason.PIN_NOT_VERIFIED
        with OtherProgram(READER) as other:
            other.ask(VERIFY_SMC)
            before = len(inserted.commands)
            signature = await desk.readers.authenticate(call(card), order, sent)
            der = await desk.readers.read_certificate(call(card), AUT, ECC)
        key = x509.load_der_x509_certificate(der).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(signature, DIGEST, ec.ECDSA(SHA256))
        assert sent.times == 2
        assert sum(command[:2] == b"\0\x2a" for command in inserted.commands[before:]) == 1


async def test_an_old_card_signs_with_pss(plug: Plug) -> None:
    async with Desk() as desk:
        plug("smcb-old")
        card = await desk.card()
        order = AuthenticateOrder(scheme=SignatureScheme.RSASSA_PSS, digest=DIGEST)
        with OtherProgram(READER) as other:
            other.ask("0020000108 26123123FFFFFFFF")
            signature = await desk.readers.authenticate(call(card), order, Sent())
        key = x509.load_der_x509_certificate(await desk.readers.read_certificate(call(card), AUT, RSA)).public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(signature, DIGEST, padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32), SHA256)
        with pytest.raises(WorldError) as told:
            await desk.readers.read_certificate(call(card), AUT, ECC)
        assert told.value.failure.reason is Reason.CERTIFICATE_RSA_ONLY


async def test_what_before_send_refuses_is_not_sent(plug: Plug) -> None:
    class Unwilling(Exception):
        pass

    async def unwilling() -> None:
        raise Unwilling

    async with Desk() as desk:
        inserted = plug("smcb-m1")
        card = await desk.card()
        before = len(inserted.commands)
        order = AuthenticateOrder(scheme=SignatureScheme.ECDSA_DER, digest=DIGEST)
        with pytest.raises(Unwilling):
            await desk.readers.authenticate(call(card), order, unwilling)
        assert not [command for command in inserted.commands[before:] if command[1] in (0x22, 0x2A)]
        assert await desk.readers.read_certificate(call(card), AUT, ECC)


async def test_a_reset_by_another_program_is_no_obstacle(plug: Plug) -> None:
    async with Desk() as desk:
        plug("smcb-m1")
        card = await desk.card()
        with OtherProgram(READER) as other:
            for _ in range(3):
                other.reset()
                assert await desk.readers.read_certificate(call(card), AUT, ECC)
        assert (await desk.card()).handle == card.handle


async def test_a_card_that_another_has_alone_is_in_use_and_read_later(plug: Plug) -> None:
    async with Desk() as desk:
        plug("smcb-m1")
        card = await desk.card()
        await asyncio.sleep(0.5)  # the agent stays for a moment, in case that more is asked for
        with OtherProgram(READER, exclusive=True):
            await desk.reader(lambda reader: reader.slot is SlotState.IN_USE)
            with pytest.raises(WorldError) as told:
                await desk.readers.read_certificate(call(card), AUT, ECC)
            assert (told.value.failure.reason, told.value.sent) == (Reason.CARD_BUSY, False)
        await desk.reader(lambda reader: reader.slot is SlotState.PRESENT)
        assert await desk.readers.read_certificate(call(card), AUT, ECC)


async def test_a_card_that_was_swapped_unseen_is_not_the_card_that_was_meant(plug: Plug, practice: Simulation) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1")
        card = await desk.card()
        inserted.chip = practice.chips.of_card("smcb-old")  # quicker than pcscd looks
        inserted.chip.power_on()
        before = len(inserted.commands)
        order, sent = AuthenticateOrder(scheme=SignatureScheme.ECDSA_DER, digest=DIGEST), Sent()
        with pytest.raises(WorldError) as told:
            await desk.readers.authenticate(call(card), order, sent)
        assert (told.value.failure.reason, told.value.sent, sent.times) == (Reason.CARD_REMOVED, False, 0)
        assert not [command for command in inserted.commands[before:] if command[1] in (0x22, 0x2A)]
        await desk.reader(lambda reader: reader.card is not None and reader.card.iccsn != card.iccsn)
        assert (await desk.card()).handle != card.handle


async def test_no_other_insertion_is_reached_than_the_one_that_was_meant(plug: Plug) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1")
        await desk.card()
        before, slot = len(inserted.commands), Slot(READER)
        with pytest.raises(WorldError) as told, slot.card(0x7FFF):
            pytest.fail("this insertion never was")
        slot.close()
        assert (told.value.failure.reason, told.value.sent) == (Reason.CARD_REMOVED, False)
        assert len(inserted.commands) == before


async def test_the_handle_of_a_card_that_was_pulled_reaches_no_other(plug: Plug) -> None:
    async with Desk() as desk:
        first = plug("smcb-m1")
        card = await desk.card()
        first.pull()
        await desk.reader(lambda reader: reader.slot is SlotState.EMPTY)
        plug("smcb-m1")
        await desk.card()
        with pytest.raises(WorldError) as told:
            await desk.readers.pin_status(call(card), Pin.SMC)
        assert told.value.failure.reason is Reason.CARD_REMOVED
