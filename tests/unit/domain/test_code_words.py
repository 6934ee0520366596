"""How the words of codes are written: for people of a practice, who must know what to do now."""

import re

import pytest

from kartenwart.domain.catalogue import entries, failure
from kartenwart.domain.failures import Owner, Reason, RetryClass

REASONS, CODES = entries()
ACTORS = re.compile(r"Bitte|Techniker|Anbieter|Hersteller|Kartenherausgeber|Krankenkasse|Person")


@pytest.mark.parametrize("code", sorted(CODES))
def test_a_code_says_what_happened_and_who_does_what(code: int) -> None:
    entry = CODES[code]
    for text in (entry.title, entry.next_step):
        assert text[0].isupper()
        assert text.endswith(".")
        assert 15 < len(text) <= 220
        assert "  " not in text
        assert "{" not in failure(entry.reason, code=code).title
        assert not re.search(r"rechtss[i]cher|zertifiziert|\b(the|and|error|failed)\b", text.lower())
    assert ACTORS.search(entry.next_step)
    assert entry.title != entry.next_step


@pytest.mark.parametrize(
    "code", sorted(code for code, entry in CODES.items() if entry.reason is Reason.KONNEKTOR_FAULT)
)
def test_a_code_without_a_reason_of_its_own_says_what_it_is(code: int) -> None:
    said = failure(Reason.KONNEKTOR_FAULT, code=code)
    assert said.title != failure(Reason.KONNEKTOR_FAULT).title
    assert said.title != failure(Reason.KONNEKTOR_FAULT, code=9999).title.replace("9999", str(code))


def test_a_program_repeats_nothing_that_a_person_or_a_setting_must_mend() -> None:
    for code, entry in CODES.items():
        if entry.retry is RetryClass.LATER:
            assert not entry.reason.value.startswith(("PIN_", "PUK_", "SIGNATURE_", "DOCUMENT")), code
            assert entry.owner is not Owner.SOFTWARE_VENDOR, code


def test_an_invalid_card_is_told_from_one_that_cannot_be_read() -> None:
    for code in (106, 107, 113, 114):
        assert CODES[code].reason is Reason.CARD_INVALID
        assert "Ersatzverfahren" not in CODES[code].title
    for code in (101, 103, 105, 112):
        assert CODES[code].reason is Reason.CARD_FAULT
        assert "Ersatzverfahren" in CODES[code].next_step
