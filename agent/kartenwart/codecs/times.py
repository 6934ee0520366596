"""Dates and times of XML Schema as Python's, always with an offset."""

import re
from datetime import UTC, date, datetime

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:Z|[+-]\d{2}:\d{2})?", re.ASCII)
_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(\.\d{1,6})?\d*(Z|[+-]\d{2}:\d{2})", re.ASCII)


def read_datetime(text: str | None) -> datetime | None:
    """Return an xs:dateTime in UTC; None for anything else, also for one without offset: nobody knows when that was."""
    match = _TIME.fullmatch((text or "").strip())
    if match is None:
        return None
    try:
        return datetime.fromisoformat(match[1] + (match[2] or "") + match[3]).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_date(text: str | None) -> date | None:
    """Return an xs:date without its offset (a certificate expires on a day, not in a zone); None for anything else."""
    match = _DATE.fullmatch((text or "").strip())
    if match is None:
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        return None
