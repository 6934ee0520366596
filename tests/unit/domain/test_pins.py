import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CardType, Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, VerifyPinResult
from kartenwart.domain.pins import failure_of, pins_of, refusal_before_entry

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
    assert pins_of(CardType.EGK) == frozenset()
