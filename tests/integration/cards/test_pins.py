"""PINs typed at a pad, against the simulator's counters: each entry spends what the card says, and once."""

import pytest

from kartenwart.cards.applications.esign import Esign
from kartenwart.cards.passwords import Passwords
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, PinVerb, VerifyPinResult
from kartenwart.domain.ports.cards import PinWish
from tests.integration.cards.conftest import Drawer, Slot
from tests.integration.cards.typing_pad import TypingPad


def enter(slot: Slot, verb: PinVerb, pin: Pin, *digits: str, new: bool = False) -> VerifyPinResult:
    pad = TypingPad(slot.chip, *digits)
    return Passwords(slot.card).carry_out(PinWish(verb=verb, pin=pin, set_new_pin=new), pad)


def state(slot: Slot, pin: Pin) -> tuple[PinStatus, int | None]:
    reading = Passwords(slot.card).status(pin)
    return reading.status, reading.attempts_left


def test_wrong_wrong_right(drawer: Drawer) -> None:
    slot = drawer.insert("smcb-m1")
    assert state(slot, Pin.SMC) == (PinStatus.VERIFIABLE, 3)
    for left in (2, 1):
        result = enter(slot, PinVerb.VERIFY, Pin.SMC, "000000")
        assert result == VerifyPinResult(outcome=PinOutcome.REJECTED, attempts_left=left)
        assert state(slot, Pin.SMC) == (PinStatus.VERIFIABLE, left)
    assert enter(slot, PinVerb.VERIFY, Pin.SMC, "135790") == VerifyPinResult(outcome=PinOutcome.VERIFIED)
    assert state(slot, Pin.SMC) == (PinStatus.VERIFIED, None)
    slot.chip.reset()
    assert state(slot, Pin.SMC) == (PinStatus.VERIFIABLE, 3)


def test_blocked_and_unblocked_with_and_without_a_new_pin(drawer: Drawer) -> None:
    slot = drawer.insert("smcb-m1")
    outcomes = [enter(slot, PinVerb.VERIFY, Pin.SMC, "000000").outcome for _ in range(4)]
    assert outcomes == [PinOutcome.REJECTED, PinOutcome.REJECTED, PinOutcome.BLOCKED, PinOutcome.BLOCKED]
    assert state(slot, Pin.SMC) == (PinStatus.BLOCKED, 0)
    wrong = enter(slot, PinVerb.UNBLOCK, Pin.SMC, "00000000")
    assert (wrong.outcome, wrong.attempts_left) == (PinOutcome.REJECTED, 9)
    assert enter(slot, PinVerb.UNBLOCK, Pin.SMC, "13579024").outcome is PinOutcome.DONE
    assert enter(slot, PinVerb.VERIFY, Pin.SMC, "135790").outcome is PinOutcome.VERIFIED
    done = enter(slot, PinVerb.UNBLOCK, Pin.SMC, "13579024", "777777", "777777", new=True)
    assert done.outcome is PinOutcome.DONE
    assert enter(slot, PinVerb.VERIFY, Pin.SMC, "777777").outcome is PinOutcome.VERIFIED


def test_a_transport_pin_opens_nothing_until_it_is_changed(drawer: Drawer) -> None:
    slot = drawer.insert("hba-fresh")
    for pin, own in ((Pin.CH, "112233"), (Pin.QES, "445566")):
        assert state(slot, pin) == (PinStatus.TRANSPORT_PIN, None)
        with pytest.raises(WorldError) as told:
            enter(slot, PinVerb.CHANGE, pin, "54321", "11223", "11223")
        assert told.value.failure.reason is Reason.PIN_NEW_INVALID
        assert enter(slot, PinVerb.CHANGE, pin, "54321", own, own).outcome is PinOutcome.DONE
        assert enter(slot, PinVerb.VERIFY, pin, own).outcome is PinOutcome.VERIFIED


def test_verifying_a_transport_pin_is_told_as_such(drawer: Drawer) -> None:
    slot = drawer.insert("hba-fresh")
    with pytest.raises(WorldError) as told:
        enter(slot, PinVerb.VERIFY, Pin.CH, "543210")
    assert told.value.failure.reason is Reason.PIN_TRANSPORT


def test_new_pins_that_differ_change_nothing(drawer: Drawer) -> None:
    slot = drawer.insert("smcb-m1")
    with pytest.raises(WorldError) as told:
        enter(slot, PinVerb.CHANGE, Pin.SMC, "135790", "222222", "333333")
    assert told.value.failure.reason is Reason.PIN_NEW_INVALID
    assert not told.value.sent
    assert enter(slot, PinVerb.CHANGE, Pin.SMC, "135790", "222222", "222222").outcome is PinOutcome.DONE
    assert enter(slot, PinVerb.VERIFY, Pin.SMC, "135790").outcome is PinOutcome.REJECTED


def test_pin_qes_is_its_own_and_unblocked_by_the_puk_alone(drawer: Drawer) -> None:
    slot = drawer.insert("hba-adler")
    for _ in range(3):
        enter(slot, PinVerb.VERIFY, Pin.QES, "000000")
    assert state(slot, Pin.QES) == (PinStatus.BLOCKED, 0)
    assert state(slot, Pin.CH) == (PinStatus.VERIFIABLE, 3)
    with pytest.raises(WorldError) as told:
        enter(slot, PinVerb.UNBLOCK, Pin.QES, "44556677", "111111", "111111", new=True)
    assert not told.value.sent
    assert enter(slot, PinVerb.UNBLOCK, Pin.QES, "44556677").outcome is PinOutcome.DONE
    assert enter(slot, PinVerb.VERIFY, Pin.QES, "445566").outcome is PinOutcome.VERIFIED


def test_an_egk_s_switchable_pin(drawer: Drawer) -> None:
    slot = drawer.insert("egk-muster")
    assert state(slot, Pin.MRPIN_NFD) == (PinStatus.DISABLED, None)
    assert enter(slot, PinVerb.ENABLE, Pin.MRPIN_NFD, "654321").outcome is PinOutcome.DONE
    assert state(slot, Pin.MRPIN_NFD)[0] is not PinStatus.DISABLED
    assert enter(slot, PinVerb.DISABLE, Pin.MRPIN_NFD, "111111").outcome is PinOutcome.REJECTED
    assert enter(slot, PinVerb.DISABLE, Pin.MRPIN_NFD, "654321").outcome is PinOutcome.DONE
    assert state(slot, Pin.MRPIN_NFD) == (PinStatus.DISABLED, None)


def test_opening_another_application_keeps_pin_smc(drawer: Drawer) -> None:
    slot = drawer.insert("smcb-m1")
    enter(slot, PinVerb.VERIFY, Pin.SMC, "135790")
    Esign(slot.card)
    assert state(slot, Pin.SMC) == (PinStatus.VERIFIED, None)


def test_no_digit_passes_the_product_s_side(drawer: Drawer) -> None:
    slot = drawer.insert("smcb-m1")
    enter(slot, PinVerb.VERIFY, Pin.SMC, "135790")
    enter(slot, PinVerb.CHANGE, Pin.SMC, "135790", "864209", "864209")
    sent = b"".join(slot.commands).hex()
    assert "135790" not in sent
    assert "864209" not in sent
    assert not {command[1] for command in slot.commands if command[0] == 0} & {0x20, 0x24, 0x26, 0x28, 0x2C}
