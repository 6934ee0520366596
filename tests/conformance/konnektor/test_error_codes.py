"""Every code of the reference has words of our own, and what is certain about the card agrees with its severity."""

from pathlib import Path

import pytest

from kartenwart.adapters.konnektor.faults import NOTHING_SENT
from kartenwart.domain.catalogue import entries, failure, reason_for_code
from kartenwart.domain.failures import Reason

# Of card and VSDM (gemILF_PS 6.6), in no table of the Konnektor.
FURTHER = frozenset(
    {*range(101, 115), 500, 1006, 1011, 1014, 11101, 11148, 11999, 12101, 12102, 12103, 12104, 12105, 12999}
)


@pytest.fixture(name="official")
def _official(shared: Path) -> dict[int, tuple[str, str]]:
    """Return code -> (severity, German text) of the reference."""
    rows = (shared / "reference" / "konnektor-errorcodes.tsv").read_text(encoding="utf-8").splitlines()[1:]
    cells = (row.split("\t") for row in rows)
    return {int(row[0]): (row[2], row[3]) for row in cells}


def test_every_code_has_words_and_no_other_has(official: dict[int, tuple[str, str]]) -> None:
    assert len(official) == 213
    known = set(entries()[1])
    assert set(official) | FURTHER == known


def test_the_words_are_our_own(official: dict[int, tuple[str, str]]) -> None:
    def plain(text: str) -> str:
        return text.strip(" .:;").lower()

    theirs = {plain(text.removeprefix("FM_VSDM: ")) for _, text in official.values()}
    assert not {plain(entry.title) for entry in entries()[1].values()} & theirs


def test_only_errors_can_mean_that_nothing_was_sent(official: dict[int, tuple[str, str]]) -> None:
    assert set(official) >= NOTHING_SENT
    assert {official[code][0] for code in NOTHING_SENT} <= {"Error", "Fatal", ""}


@pytest.mark.parametrize(
    "code", [4001, 4028, 4040, 4043, 4044, 4045, 4049, 4063, 4085, 4094, 4120, 4123, 4206, 4271, 4275, 4276]
)
def test_what_may_have_reached_the_card_is_never_said_to_have_not(code: int) -> None:
    assert code not in NOTHING_SENT


@pytest.mark.parametrize("code", [*range(4300, 4310), 3999, 13001, 99999])
def test_codes_in_no_table_stay_legible(code: int) -> None:
    said = failure(reason_for_code(code), code=code)
    assert said.reason is Reason.KONNEKTOR_FAULT
    assert str(code) in said.title
