"""One status word means several things: what it means depends on what was asked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.cards.outcomes import PIN_VERBS, Asked, pin_outcome_of, pin_status_of, reached_card, reason_of
from kartenwart.cards.refusal import CardRefusal
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import PinStatus
from kartenwart.domain.jobs import PinOutcome

words = st.integers(0x6000, 0x9FFF)


@pytest.mark.parametrize(
    ("word", "meanings"),
    [
        (0x6282, {Asked.APPLICATION: Reason.CARD_INVALID, Asked.FILE: Reason.CARD_FAULT}),
        (0x6400, {Asked.SIGNATURE: Reason.CARD_INVALID, Asked.FILE: Reason.CARD_FAULT}),
        (0x6982, {Asked.SIGNATURE: Reason.PIN_NOT_VERIFIED, Asked.PIN_STATUS: Reason.CARD_FAULT}),
        (
            0x6985,
            {
                Asked.VERIFY: Reason.PIN_TRANSPORT,
                Asked.CHANGE: Reason.PIN_NEW_INVALID,
                Asked.UNBLOCK: Reason.PIN_NEW_INVALID,
                Asked.SIGNATURE: Reason.CARD_FAULT,
            },
        ),
        (0x6A82, {Asked.APPLICATION: Reason.CARD_TYPE_WRONG, Asked.CERTIFICATE: Reason.CERTIFICATE_MISSING}),
        (
            0x6A88,
            {
                Asked.PIN_STATUS: Reason.CARD_TYPE_WRONG,
                Asked.VERIFY: Reason.CARD_TYPE_WRONG,
                Asked.KEY: Reason.CERTIFICATE_MISSING,
                Asked.CHANNEL: Reason.CARD_FAULT,
            },
        ),
    ],
)
def test_a_refusal_is_read_with_what_was_asked(word: int, meanings: dict[Asked, Reason]) -> None:
    assert {asked: reason_of(asked, word) for asked in meanings} == meanings


def test_blocked_is_a_state_a_result_of_each_verb_and_elsewhere_a_fault() -> None:
    assert pin_status_of(0x6983) == (PinStatus.BLOCKED, 0)
    assert all(pin_outcome_of(verb, 0x6983) == (PinOutcome.BLOCKED, 0) for verb in PIN_VERBS)
    assert reason_of(Asked.SIGNATURE, 0x6983) is Reason.CARD_FAULT


def test_6400_and_6401_are_the_pad_s_words_for_a_verb() -> None:
    for verb in PIN_VERBS:
        assert pin_outcome_of(verb, 0x6400) == (PinOutcome.TIMED_OUT, None)
        assert pin_outcome_of(verb, 0x6401) == (PinOutcome.ABORTED, None)


def test_6403_is_no_new_pin_where_one_is_typed_and_an_abort_elsewhere() -> None:
    assert pin_outcome_of(Asked.CHANGE, 0x6403) is None
    assert reason_of(Asked.CHANGE, 0x6403) is Reason.PIN_NEW_INVALID
    assert pin_outcome_of(Asked.VERIFY, 0x6403) == (PinOutcome.ABORTED, None)


@pytest.mark.parametrize("left", range(15))
def test_counters(left: int) -> None:
    word = 0x63C0 | left
    blocked = left == 0
    assert pin_status_of(word) == (PinStatus.BLOCKED if blocked else PinStatus.VERIFIABLE, left)
    for verb in PIN_VERBS:
        assert pin_outcome_of(verb, word) == (PinOutcome.BLOCKED if blocked else PinOutcome.REJECTED, left)


@pytest.mark.parametrize(
    ("word", "status"),
    [
        (0x9000, PinStatus.VERIFIED),
        (0x62C1, PinStatus.TRANSPORT_PIN),
        (0x62C7, PinStatus.EMPTY_PIN),
        (0x62D0, PinStatus.DISABLED),
        (0x63CF, PinStatus.VERIFIABLE),
    ],
)
def test_states_without_a_counter_claim_no_number(word: int, status: PinStatus) -> None:
    assert pin_status_of(word) == (status, None)


@given(words)
def test_the_words_of_states_are_no_results_of_a_verb(word: int) -> None:
    if word in (0x62C1, 0x62C7, 0x62D0, 0x63CF):
        assert all(pin_outcome_of(verb, word) is None for verb in PIN_VERBS)
    if word != 0x9000:
        outcomes = [found[0] for verb in PIN_VERBS if (found := pin_outcome_of(verb, word)) is not None]
        assert not {PinOutcome.VERIFIED, PinOutcome.DONE} & set(outcomes)


def test_only_verify_verifies() -> None:
    outcomes = {verb: pin_outcome_of(verb, 0x9000) for verb in PIN_VERBS}
    assert outcomes.pop(Asked.VERIFY) == (PinOutcome.VERIFIED, None)
    assert set(outcomes.values()) == {(PinOutcome.DONE, None)}


@given(st.sampled_from(Asked), words)
def test_every_word_has_a_reason_and_says_whether_the_card_was_reached(asked: Asked, word: int) -> None:
    refusal = CardRefusal(asked, word)
    assert refusal.failure.reason is reason_of(asked, word)
    assert refusal.sent is reached_card(asked, word)
    assert f"{word:04X}" in str(refusal)


def test_what_the_pad_refuses_has_not_reached_the_card() -> None:
    assert not any(reached_card(verb, 0x6B80) for verb in PIN_VERBS)
    assert reached_card(Asked.SIGNATURE, 0x6B80)
    assert not reached_card(Asked.CHANGE, 0x6402)
    assert reached_card(Asked.CHANGE, 0x6985)
