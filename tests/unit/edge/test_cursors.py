import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.domain.failures import CallerError, Violation
from kartenwart.edge.cursors import LARGEST, Cursors, page_name, page_number, page_token

HERE = Cursors(kind="i", box="box-1", boot="b1")


@given(st.integers(min_value=0, max_value=LARGEST))
def test_a_cursor_comes_back_as_it_went(number: int) -> None:
    cursor = HERE.encode(number)
    assert HERE.decode(cursor, newest=number) == number
    assert cursor.replace("-", "").replace("_", "").isalnum()


@given(st.text(max_size=300))
def test_made_up_cursors_are_foreign_and_never_an_error(text: str) -> None:
    decoded = HERE.decode(text, newest=10)
    assert decoded is None or HERE.encode(decoded) == text.rstrip("=")


@pytest.mark.parametrize(
    "other",
    [
        Cursors(kind="e", box="box-1", boot="b1"),
        Cursors(kind="i", box="box-2", boot="b1"),
        Cursors(kind="i", box="box-1", boot="b2"),
    ],
)
def test_cursors_of_another_kind_box_or_boot_are_foreign(other: Cursors) -> None:
    assert HERE.decode(other.encode(3), newest=10) is None


def test_a_cursor_from_the_future_is_foreign() -> None:
    assert HERE.decode(HERE.encode(11), newest=10) is None


@given(st.integers(min_value=1, max_value=LARGEST))
def test_page_tokens_come_back(number: int) -> None:
    assert page_number(page_token(number)) == number
    assert page_name(page_token(f"jobs/j-{number}")) == f"jobs/j-{number}"


def test_the_first_page_has_no_token() -> None:
    assert (page_name(""), page_number(""), page_token("")) == ("", 0, "")


@given(st.text(min_size=1, max_size=300))
def test_made_up_page_tokens_are_the_callers_mistake(text: str) -> None:
    wrong: tuple[Violation, ...] = ()
    try:
        assert page_number(text) >= 0
    except CallerError as error:
        wrong = error.violations
    assert {violation.field for violation in wrong} <= {"page_token"}
