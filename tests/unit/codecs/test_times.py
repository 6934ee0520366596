from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.times import read_date, read_datetime

# hypothesis wants them naive and adds the zones
YEARS = (datetime(1900, 1, 1), datetime(2200, 1, 1))  # noqa: DTZ001
offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(*YEARS, timezones=offsets))
def test_what_was_written_is_read(moment: datetime) -> None:
    read = read_datetime(moment.isoformat())
    assert read == moment
    assert read is not None
    assert read.tzinfo is UTC


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_none(text: str) -> None:
    read_datetime(text)
    read_date(text)


def test_spellings_of_devices() -> None:
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for text in ("2026-03-01T12:00:00Z", "2026-03-01T13:00:00.000+01:00", " 2026-03-01T12:00:00.123456789Z\n"):
        read = read_datetime(text)
        assert read is not None
        assert read.replace(microsecond=0) == noon
    for text in ("2026-03-01+01:00", "2026-03-01Z", "2026-03-01"):
        assert read_date(text) == date(2026, 3, 1)


@pytest.mark.parametrize("text", [None, "", "2026-03-01T12:00:00", "2026-13-01T12:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_what_nobody_can_place_in_time_is_none(text: str | None) -> None:
    assert read_datetime(text) is None
