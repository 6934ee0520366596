import re

import pytest

from kartenwart.domain.catalogue import entries, failure, halted, reason_for_code, refused, wrong_field
from kartenwart.domain.failures import Owner, Reason, RetryClass, Violation

ENTRIES, CODES = entries()


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_says_what_happened_and_what_to_do_in_one_german_sentence_each(reason: Reason) -> None:
    said = failure(reason)
    assert said.reason is reason
    for text in (said.title, said.next_step):
        assert text[0].isupper()
        assert text.endswith(".")
        assert 15 < len(text) <= 160
        assert "{" not in text
        assert not re.search(r"\b(the|and|error|failed|rechtss[i]cher|zertifiziert)\b", text.lower())
    assert said.title != said.next_step


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_keeps_its_number_and_its_own_words(code: int) -> None:
    said = failure(reason_for_code(code), code=code, severity="Error", error_type="Technical")
    assert (said.konnektor_code, said.konnektor_severity, said.konnektor_error_type) == (code, "Error", "Technical")
    assert said.title == CODES[code].title


@pytest.mark.parametrize("code", [1, 999, 4711, 9999, 10001, 100000])
def test_codes_of_vendors_pass_through_legibly(code: int) -> None:
    said = failure(reason_for_code(code), code=code)
    assert said.reason is Reason.KONNEKTOR_FAULT
    assert str(code) in said.title


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (4002, Reason.KONNEKTOR_CRITICAL),
        (4008, Reason.CARD_REMOVED),
        (4011, Reason.KONNEKTOR_CONTEXT_REFUSED),
        (4018, Reason.CARD_SESSION_FOREIGN),
        (4043, Reason.PIN_TIMED_OUT),
        (4047, Reason.CARD_REMOVED),
        (4049, Reason.PIN_ABORTED),
        (4060, Reason.CARD_BUSY),
        (4063, Reason.PIN_BLOCKED),
        (4065, Reason.PIN_TRANSPORT),
        (4085, Reason.PIN_NOT_VERIFIED),
        (4092, Reason.PIN_NO_TERMINAL),
        (4222, Reason.TERMINAL_DISCONNECTED),
        (4252, Reason.JOB_NUMBER_USED),
        (4258, Reason.CERTIFICATE_RSA_ONLY),
        (4283, Reason.DOCUMENT_TOO_LARGE),
    ],
)
def test_codes_worth_telling_apart(code: int, reason: Reason) -> None:
    assert reason_for_code(code) is reason


def test_words_of_a_code_are_used_only_for_its_own_reason() -> None:
    assert failure(Reason.PUK_BLOCKED, code=4064).owner is Owner.CARD_ISSUER
    assert failure(Reason.OUTCOME_UNKNOWN, code=4064).title == ENTRIES[Reason.OUTCOME_UNKNOWN].title


def test_what_a_person_must_decide_is_never_for_a_program_to_repeat() -> None:
    for reason in Reason:
        if reason.value.startswith("PIN_") or reason in (Reason.OUTCOME_UNKNOWN, Reason.SIGNATURE_INVALID):
            assert failure(reason).retry is not RetryClass.LATER


def test_attempts_are_carried_and_never_guessed() -> None:
    assert failure(Reason.PIN_REJECTED).attempts_left is None
    assert failure(Reason.PIN_REJECTED, attempts_left=0).attempts_left == 0


def test_errors_say_whose_fault_it_was() -> None:
    violation = Violation(field="a.b", description="falsch")
    assert refused(Reason.CONFLICT, violation).violations == (violation,)
    assert wrong_field("a.b", "falsch").violations == (violation,)
    assert not halted(Reason.CANCELLED).sent
