import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CardType, Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, PinVerb, VerifyPinResult
from kartenwart.domain.pins import (
    PIN_LABELS,
    Assent,
    failure_of,
    nothing_to_do,
    pins_of,
    refusal_before_entry,
    refusal_of,
    verbs_of,
    wish_of,
)

OPEN = (PinStatus.VERIFIABLE, PinStatus.VERIFIED, PinStatus.UNKNOWN)


@given(status=st.sampled_from(PinStatus), left=st.none() | st.integers(0, 15), last=st.booleans(), blind=st.booleans())
def test_nobody_is_asked_in_vain_or_for_a_try_the_caller_does_not_know_of(
    status: PinStatus, left: int | None, last: bool, blind: bool
) -> None:
    refusal = refusal_before_entry(status, left, accept_last=last, accept_unknown=blind)
    may_ask = status in OPEN and (left is not None or blind) and left != 0 and (left != 1 or last)
    assert (refusal is None) == may_ask
    if refusal is not None:
        assert refusal.attempts_left == left


AS_WISHED = (PinOutcome.VERIFIED, PinOutcome.ALREADY_VERIFIED, PinOutcome.DONE, PinOutcome.NOT_ASKED)


@pytest.mark.parametrize("outcome", list(PinOutcome))
def test_only_what_went_as_wished_is_no_failure(outcome: PinOutcome) -> None:
    said = failure_of(VerifyPinResult(outcome=outcome, attempts_left=2))
    assert (said is None) == (outcome in AS_WISHED)
    if said is not None:
        assert said.attempts_left == 2
        assert said.reason is not Reason.KONNEKTOR_FAULT


def test_which_card_has_which_pins() -> None:
    assert pins_of(CardType.SMC_B) == {Pin.SMC}
    assert pins_of(CardType.HBA) == {Pin.CH, Pin.QES}
    assert pins_of(CardType.EGK) == set(Pin) - {Pin.SMC, Pin.QES}
    assert pins_of(CardType.KVK) == frozenset()


def test_what_can_be_done_with_which_pin() -> None:
    everything = {PinVerb.VERIFY, PinVerb.CHANGE, PinVerb.UNBLOCK}
    assert verbs_of(CardType.SMC_B, Pin.SMC) == everything
    assert verbs_of(CardType.HBA, Pin.CH) == everything
    assert verbs_of(CardType.HBA, Pin.QES) == everything - {PinVerb.VERIFY}
    assert verbs_of(CardType.EGK, Pin.CH) == everything - {PinVerb.VERIFY}
    assert verbs_of(CardType.EGK, Pin.MRPIN_NFD) == {PinVerb.ENABLE, PinVerb.DISABLE}
    assert verbs_of(CardType.EGK, Pin.QES) == verbs_of(CardType.HBA, Pin.SMC) == frozenset()


def test_multi_reference_pins_spend_the_attempts_of_the_pin_that_they_point_to() -> None:
    assert {pin for pin in Pin if pin.counter is not pin} == {pin for pin in Pin if pin.is_switchable}
    assert (Pin.MRPIN_NFD_READ.reference, Pin.AMTS_REP.reference) == ("MRPIN.NFD_READ", "PIN.AMTS_REP")
    assert (Pin.MRPIN_NFD_READ.counter, Pin.AMTS_REP.counter) == (Pin.CH, Pin.AMTS_REP)


NO_WORD, EVERY_WORD = Assent(), Assent(last_attempt=True, unknown_attempts=True)
TRANSPORT = Assent(unknown_attempts=True, transport_pin=True)


@pytest.mark.parametrize(
    ("verb", "status", "attempts", "assent", "reason"),
    [
        (PinVerb.CHANGE, PinStatus.VERIFIABLE, 3, NO_WORD, None),
        (PinVerb.CHANGE, PinStatus.VERIFIABLE, 1, NO_WORD, Reason.PIN_LAST_ATTEMPT),
        (PinVerb.CHANGE, PinStatus.VERIFIED, None, NO_WORD, Reason.PIN_ATTEMPTS_UNKNOWN),
        (PinVerb.CHANGE, PinStatus.TRANSPORT_PIN, None, EVERY_WORD, Reason.PIN_TRANSPORT),
        (PinVerb.CHANGE, PinStatus.TRANSPORT_PIN, None, TRANSPORT, None),
        (PinVerb.CHANGE, PinStatus.TRANSPORT_PIN, None, Assent(transport_pin=True), Reason.PIN_ATTEMPTS_UNKNOWN),
        (PinVerb.CHANGE, PinStatus.TRANSPORT_PIN, 1, TRANSPORT, Reason.PIN_LAST_ATTEMPT),
        (PinVerb.CHANGE, PinStatus.EMPTY_PIN, None, TRANSPORT, None),
        (PinVerb.CHANGE, PinStatus.VERIFIED, None, TRANSPORT, Reason.PIN_ALREADY_SET),
        (PinVerb.CHANGE, PinStatus.VERIFIABLE, 3, TRANSPORT, Reason.PIN_ALREADY_SET),
        (PinVerb.CHANGE, PinStatus.BLOCKED, 0, TRANSPORT, Reason.PIN_BLOCKED),
        (PinVerb.UNBLOCK, PinStatus.BLOCKED, None, EVERY_WORD, None),
        (PinVerb.UNBLOCK, PinStatus.BLOCKED, None, NO_WORD, Reason.PIN_ATTEMPTS_UNKNOWN),
        (PinVerb.UNBLOCK, PinStatus.BLOCKED, 1, NO_WORD, Reason.PIN_LAST_ATTEMPT),
        (PinVerb.UNBLOCK, PinStatus.BLOCKED, 0, EVERY_WORD, Reason.PUK_BLOCKED),
        (PinVerb.UNBLOCK, PinStatus.TRANSPORT_PIN, None, EVERY_WORD, Reason.PIN_TRANSPORT),
        (PinVerb.ENABLE, PinStatus.DISABLED, None, EVERY_WORD, None),
        (PinVerb.DISABLE, PinStatus.VERIFIABLE, 2, NO_WORD, None),
        (PinVerb.DISABLE, PinStatus.BLOCKED, 0, EVERY_WORD, Reason.PIN_BLOCKED),
        (PinVerb.VERIFY, PinStatus.DISABLED, None, EVERY_WORD, Reason.PIN_NOT_SET),
    ],
)
def test_who_may_be_asked(
    verb: PinVerb, status: PinStatus, attempts: int | None, assent: Assent, reason: Reason | None
) -> None:
    said = refusal_of(verb, status, attempts, assent)
    assert (said.reason if said else None) is reason


def test_nobody_is_asked_for_what_is_so_already() -> None:
    for verb in PinVerb:
        for status in PinStatus:
            expected = {
                (PinVerb.VERIFY, PinStatus.VERIFIED): PinOutcome.ALREADY_VERIFIED,
                (PinVerb.ENABLE, PinStatus.VERIFIED): PinOutcome.NOT_ASKED,
                (PinVerb.ENABLE, PinStatus.VERIFIABLE): PinOutcome.NOT_ASKED,
                (PinVerb.DISABLE, PinStatus.DISABLED): PinOutcome.NOT_ASKED,
            }.get((verb, status))
            assert nothing_to_do(verb, status) is expected


def test_a_wrong_puk_is_not_called_a_wrong_pin() -> None:
    wrong, used_up = (VerifyPinResult(outcome=one) for one in (PinOutcome.REJECTED, PinOutcome.BLOCKED))
    reasons = [said.reason for one in (wrong, used_up) if (said := failure_of(one, PinVerb.UNBLOCK))]
    assert reasons == [Reason.PUK_REJECTED, Reason.PUK_BLOCKED]


@pytest.mark.parametrize("verb", list(PinVerb))
def test_people_are_told_what_to_type(verb: PinVerb) -> None:
    words = wish_of(verb, Pin.CH, transport_pin=True, set_new_pin=True)
    assert PIN_LABELS[Pin.CH] in words
    assert ("Transport-PIN" in words) == (verb is PinVerb.CHANGE)
    assert ("PUK" in words) == (verb is PinVerb.UNBLOCK)
