"""PINs typed at a reader's pad: the agent asks once, the simulator counts, and no PIN comes to this side."""

import asyncio
import hashlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from firmware_sim.readers.faults import ReaderFault
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, PinVerb, VerifyPinResult
from kartenwart.domain.ports.card_keys import AuthenticateOrder
from kartenwart.domain.ports.cards import PinWish
from kartenwart.domain.readers import Laboratory, SlotState
from tests.integration.readers.at_pad import AtPad
from tests.integration.readers.conftest import OpenPad
from tests.integration.readers.desk import Sent, reader_threads

RIGHT, WRONG = {"pin": "135790"}, {"pin": "135791"}
VERIFY = PinWish(verb=PinVerb.VERIFY, pin=Pin.SMC)
CHANGE = PinWish(verb=PinVerb.CHANGE, pin=Pin.SMC)
AUT, ECC = CertificateReference.AUT, KeyAlgorithm.ECC
DIGEST = hashlib.sha256(b"a challenge").digest()
ORDER = AuthenticateOrder(scheme=SignatureScheme.ECDSA_DER, digest=DIGEST)
VERIFY_INS = 0x20


async def carried_out(here: AtPad, wish: PinWish, *entries: object) -> VerifyPinResult:
    """One verb, for which before_send is asked once."""
    here.plays(*entries)
    sent = Sent()
    result = await here.desk.readers.pin_verb(await here.call(), wish, sent)
    assert sent.times == 1
    return result


async def refused(here: AtPad, wish: PinWish, *entries: object) -> WorldError:
    with pytest.raises(WorldError) as told:
        await carried_out(here, wish, *entries)
    return told.value


async def test_a_pin_is_verified_once_and_stays_so_while_nobody_does_anything(at_pad: OpenPad) -> None:
    async with at_pad("smcb-m1") as here:
        assert (await here.desk.reader(lambda reader: reader.card is not None)).pad
        assert await carried_out(here, VERIFY, RIGHT) == VerifyPinResult(outcome=PinOutcome.VERIFIED)
        assert here.tries == (1, 1, 0)
        await asyncio.sleep(6.5)  # pcscd takes the power from a card that nobody has connected to for five seconds
        call = await here.call()
        assert (await here.desk.readers.pin_status(call, Pin.SMC)).status is PinStatus.VERIFIED
        signature = await here.desk.readers.authenticate(call, ORDER, Sent())
        der = await here.desk.readers.read_certificate(call, AUT, ECC)
        key = x509.load_der_x509_certificate(der).public_key()
        assert isinstance(key, ec.EllipticCurvePublicKey)
        key.verify(signature, DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
        assert "135790" not in "".join(here.practice.pcscd.said)


async def test_how_an_entry_ended_is_told_with_the_attempts_that_are_left(at_pad: OpenPad) -> None:
    async with at_pad("smcb-m1") as here:
        assert await carried_out(here, VERIFY, WRONG) == VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=2)
        cancelled = await carried_out(here, VERIFY, {"action": "cancel"})
        assert cancelled == VerifyPinResult(outcome=PinOutcome.ABORTED)
        assert await carried_out(here, VERIFY, WRONG) == VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=1)
        assert await carried_out(here, VERIFY, WRONG) == VerifyPinResult(outcome=PinOutcome.BLOCKED, attempts_left=0)
        assert await carried_out(here, VERIFY, RIGHT) == VerifyPinResult(outcome=PinOutcome.BLOCKED, attempts_left=0)
        status = await here.desk.readers.pin_status(await here.call(), Pin.SMC)
        assert (status.status, status.attempts_left) == (PinStatus.BLOCKED, 0)
        unblock = PinWish(verb=PinVerb.UNBLOCK, pin=Pin.SMC)
        assert (await carried_out(here, unblock, {"pin": "13579024"})).outcome is PinOutcome.DONE
        assert (await carried_out(here, VERIFY, RIGHT)).outcome is PinOutcome.VERIFIED


async def test_a_pin_is_changed_with_the_new_one_typed_twice(at_pad: OpenPad) -> None:
    async with at_pad("smcb-m1") as here:
        new, other = {"pin": "864208"}, {"pin": "864209"}
        error = await refused(here, CHANGE, RIGHT, new, other)
        assert (error.failure.reason, error.sent) == (Reason.PIN_NEW_INVALID, False)
        assert (await carried_out(here, CHANGE, RIGHT, new, new)).outcome is PinOutcome.DONE
        assert (await carried_out(here, VERIFY, new)).outcome is PinOutcome.VERIFIED


async def test_the_signature_pin_is_verified_in_a_laboratory_only(at_pad: OpenPad) -> None:
    wish = PinWish(verb=PinVerb.VERIFY, pin=Pin.QES)
    async with at_pad("hba-adler") as here:
        with pytest.raises(WorldError) as told:
            await here.desk.readers.pin_verb(await here.call(), wish, Sent())
        assert (told.value.failure.reason, told.value.sent) == (Reason.LABORATORY_ONLY, False)
        assert here.tries == (0, 0, 0)


async def test_what_before_send_refuses_is_not_asked_at_the_pad(at_pad: OpenPad) -> None:
    async def unwilling() -> None:
        raise RuntimeError("the disk is full")

    async with at_pad("smcb-m1") as here:
        here.plays(RIGHT)
        with pytest.raises(RuntimeError):
            await here.desk.readers.pin_verb(await here.call(), VERIFY, unwilling)
        assert here.tries == (0, 0, 0)


async def test_a_caller_who_left_before_it_was_sent_has_nobody_asked(at_pad: OpenPad) -> None:
    async with at_pad("smcb-m1") as here:
        here.plays(RIGHT)
        asked, go = asyncio.Event(), asyncio.Event()

        async def slow() -> None:
            asked.set()
            await go.wait()

        verb = asyncio.create_task(here.desk.readers.pin_verb(await here.call(), VERIFY, slow))
        await asyncio.wait_for(asked.wait(), 10)
        verb.cancel()
        await asyncio.sleep(0)
        go.set()
        await asyncio.gather(verb, return_exceptions=True)
        assert await here.desk.readers.read_certificate(await here.call(), AUT, ECC)
        assert here.tries == (0, 0, 0)


@pytest.mark.parametrize("entry", [{"action": "pull_card"}, RIGHT], ids=["while-typing", "while-the-card-has-it"])
async def test_a_card_pulled_inside_verify_leaves_the_outcome_unknown(at_pad: OpenPad, entry: object) -> None:
    async with at_pad("smcb-m1") as here:
        if entry is RIGHT:
            here.plan(ReaderFault(kind="card_pulled", instruction=VERIFY_INS))
        error = await refused(here, VERIFY, entry)
        assert (error.failure.reason, error.sent) == (Reason.OUTCOME_UNKNOWN, True)
        await here.desk.reader(lambda reader: reader.slot is SlotState.EMPTY)
        assert here.tries[0] == 1


async def test_garbage_behind_a_pin_is_an_unknown_outcome(at_pad: OpenPad) -> None:
    async with at_pad("smcb-m1") as here:
        here.plan(ReaderFault(kind="garbage", instruction=VERIFY_INS))
        here.plays(WRONG)
        result = await here.desk.readers.pin_verb(await here.call(), VERIFY, Sent())
        assert result == VerifyPinResult(outcome=PinOutcome.OUTCOME_UNKNOWN)
        assert here.tries == (1, 0, 1)


async def test_a_reader_unplugged_inside_verify_is_gone_and_comes_back(at_pad: OpenPad) -> None:
    async with at_pad("smcb-m1") as here:
        here.plan(ReaderFault(kind="unplugged", instruction=VERIFY_INS))
        error = await refused(here, VERIFY, RIGHT)
        assert (error.failure.reason, error.sent) == (Reason.OUTCOME_UNKNOWN, True)
        assert here.tries[0] == 1
        await here.desk.reader(lambda reader: reader.slot is SlotState.EMPTY)  # pcscd keeps the names of reader.conf
        here.reader.plug()
        await here.card()
        assert (await carried_out(here, VERIFY, RIGHT)).outcome is PinOutcome.VERIFIED
    assert reader_threads() == []


async def test_a_reader_unplugged_inside_a_reading_ends_it(at_pad: OpenPad) -> None:
    async with at_pad("smcb-m1") as here:
        call = await here.call()
        here.plan(ReaderFault(kind="unplugged", instruction=0xB0))
        with pytest.raises(WorldError):
            await asyncio.wait_for(here.desk.readers.read_certificate(call, AUT, ECC), 10)
        await here.desk.reader(lambda reader: reader.slot is SlotState.EMPTY)
        with pytest.raises(WorldError) as told:
            await here.desk.readers.read_certificate(call, AUT, ECC)
        assert told.value.failure.reason is Reason.CARD_REMOVED


async def test_pcscd_killed_while_a_person_types_leaves_the_outcome_unknown(at_pad: OpenPad) -> None:
    async with at_pad("smcb-m1") as here:
        call = await here.call()
        here.plays({"pin": "135790", "after": 2.0})
        verb = asyncio.create_task(here.desk.readers.pin_verb(call, VERIFY, Sent()))
        async with asyncio.timeout(10):
            while here.practice.simulation.pads["pad"].prompt is None:
                await asyncio.sleep(0.02)
        await here.practice.pcscd.kill()
        with pytest.raises(WorldError) as told:
            await asyncio.wait_for(verb, 10)
        assert (told.value.failure.reason, told.value.sent) == (Reason.OUTCOME_UNKNOWN, True)
        await here.desk.until(lambda seen: seen.condition is not None and seen.readers == ())
        await here.practice.pcscd.start()
        await here.desk.reader(lambda reader: reader.pad and reader.card is not None)
        assert here.tries[0] == 1
    assert reader_threads() == []


async def test_the_signature_pin_in_a_laboratory(at_pad: OpenPad) -> None:
    async with at_pad("hba-adler", Laboratory(qes=True)) as here:
        result = await carried_out(here, PinWish(verb=PinVerb.VERIFY, pin=Pin.QES), {"pin": "445566"})
        assert result == VerifyPinResult(outcome=PinOutcome.VERIFIED)
