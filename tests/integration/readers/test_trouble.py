"""Cards that are mute, garble or go in the middle of a command: a word for each, no hang, no repetition."""

import asyncio
import signal
import time

import pytest

from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm
from kartenwart.domain.ports.card_keys import AuthenticateOrder
from kartenwart.domain.readers import SlotState
from tests.integration.readers.conftest import Plug
from tests.integration.readers.desk import Desk, Sent, call, reader_threads
from tests.integration.readers.other import READER, VERIFY_SMC, OtherProgram
from tests.integration.readers.plugged import Pcscd

AUT, ECC = CertificateReference.AUT, KeyAlgorithm.ECC
ORDER = AuthenticateOrder(scheme=SignatureScheme.ECDSA_DER, digest=bytes(32))


async def test_a_card_that_answers_garbage_is_told_and_asked_three_times(plug: Plug) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1", slot=1)
        inserted.spoil = lambda command: b"\x5a\x00\xff\xa5\x3c"
        reader = await desk.reader(lambda reader: reader.condition is not None, slot=1)
        assert reader.condition is not None
        assert reader.condition.reason is Reason.CARD_FAULT
        assert reader.card is None
        asked = len(inserted.commands)
        await asyncio.sleep(1.0)
        assert len(inserted.commands) == asked
        inserted.pull()
        await desk.reader(lambda reader: reader.slot is SlotState.EMPTY and reader.condition is None, slot=1)


async def test_a_card_that_garbles_once_is_read_anew_and_is_still_the_same(plug: Plug) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1")
        card = await desk.card()
        garbage = [b"\x5a\x00\xff\xa5\x3c"]
        inserted.spoil = lambda command: garbage.pop() if garbage else inserted.chip.transmit(command)
        with pytest.raises(WorldError) as told:
            await desk.readers.read_certificate(call(card), AUT, ECC)
        assert told.value.failure.reason is Reason.CARD_FAULT
        assert (await desk.reader(lambda reader: reader.card is None)).condition is None
        assert (await desk.card()).handle == card.handle
        assert await desk.readers.read_certificate(call(card), AUT, ECC)


@pytest.mark.parametrize("atr", [b"\xff\xff", b"\x3b"])
async def test_a_mute_card_is_told_and_not_read(plug: Plug, atr: bytes) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1", atr=atr)
        reader = await desk.reader(lambda reader: reader.slot is not SlotState.EMPTY and reader.condition is not None)
        assert reader.condition is not None
        assert (reader.slot, reader.condition.reason, reader.card) == (SlotState.MUTE, Reason.CARD_FAULT, None)
        assert inserted.commands == []


async def test_a_card_pulled_inside_a_command_ends_the_reading(plug: Plug) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1")
        card = await desk.card()
        inserted.spoil = lambda command: None
        with pytest.raises(WorldError) as told:
            await desk.readers.read_certificate(call(card), AUT, ECC)
        assert told.value.failure.reason in (Reason.CARD_REMOVED, Reason.CARD_FAULT, Reason.READER_FAULT)
        await desk.reader(lambda reader: reader.slot is SlotState.EMPTY)
        with pytest.raises(WorldError) as told:
            await desk.readers.read_certificate(call(card), AUT, ECC)
        assert told.value.failure.reason is Reason.CARD_REMOVED


async def test_a_card_pulled_inside_a_signature_leaves_its_outcome_unknown_and_signs_once(plug: Plug) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1")
        card, sent = await desk.card(), Sent()
        with OtherProgram(READER) as other:
            other.ask(VERIFY_SMC)
            inserted.spoil = lambda command: None if command[1] == 0x2A else inserted.chip.transmit(command)
            with pytest.raises(WorldError) as told:
                await desk.readers.authenticate(call(card), ORDER, sent)
        assert (told.value.failure.reason, told.value.sent, sent.times) == (Reason.OUTCOME_UNKNOWN, True, 1)
        assert sum(command[1] == 0x2A for command in inserted.commands) == 1


async def test_pcscd_killed_inside_a_signature_leaves_its_outcome_unknown(plug: Plug, pcscd: Pcscd) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1")
        card, sent = await desk.card(), Sent()

        def killed(command: bytes) -> bytes:
            if command[1] == 0x2A:
                pcscd.kill()
            return inserted.chip.transmit(command)

        with OtherProgram(READER) as other:
            other.ask(VERIFY_SMC)
            inserted.spoil = killed
            with pytest.raises(WorldError) as told:
                await desk.readers.authenticate(call(card), ORDER, sent)
        assert (told.value.failure.reason, told.value.sent) == (Reason.OUTCOME_UNKNOWN, True)
        await desk.until(lambda seen: seen.condition is not None and seen.readers == ())
        assert sum(command[1] == 0x2A for command in inserted.commands) == 1


async def test_a_pcscd_that_hangs_keeps_nobody_from_ending(plug: Plug, pcscd: Pcscd) -> None:
    assert pcscd.process is not None
    desk = Desk()
    async with desk:
        plug("smcb-m1")
        card = await desk.card()
        pcscd.process.send_signal(signal.SIGSTOP)
        reading = asyncio.create_task(desk.readers.read_certificate(call(card), AUT, ECC))
        await asyncio.sleep(0.2)
        reading.cancel()
        ending = time.monotonic()
    assert time.monotonic() - ending < 12
    pcscd.process.send_signal(signal.SIGCONT)
    async with asyncio.timeout(10):
        while reader_threads():
            await asyncio.sleep(0.1)


async def test_a_card_that_hangs_keeps_its_thread_and_nobody_else(plug: Plug) -> None:
    async with Desk() as desk:
        inserted = plug("smcb-m1")
        card = await desk.card()
        plug("hba-adler", slot=1)
        other = await desk.card(slot=1)

        def slowly(command: bytes) -> bytes:
            time.sleep(2)
            return inserted.chip.transmit(command)

        inserted.spoil = slowly
        hanging = asyncio.create_task(desk.readers.read_certificate(call(card), AUT, ECC))
        await asyncio.sleep(0.2)
        async with asyncio.timeout(1.0):
            assert await desk.readers.read_certificate(call(other), AUT, ECC)
        hanging.cancel()
        inserted.spoil = None
        assert await desk.readers.read_certificate(call(card), AUT, ECC)
    assert reader_threads() == []
