"""One line per event: priority, JSON, our fields, and nothing that other people's libraries quote."""

import io
import json
import logging
from typing import Any

import pytest

from kartenwart.adapters.journal import Journal

SECRET = "bytes off the wire"


@pytest.fixture
def stream() -> io.StringIO:
    return io.StringIO()


def logger(stream: io.StringIO, name: str) -> logging.Logger:
    """A logger by itself, as configure() makes the root and ours."""
    made = logging.Logger(name, logging.INFO)  # noqa: LOG001 - not the process's
    made.addHandler(Journal(stream))
    return made


def said(stream: io.StringIO) -> tuple[str, dict[str, Any]]:
    (line,) = stream.getvalue().splitlines()
    return line[:3], json.loads(line[3:])


@pytest.mark.parametrize(
    ("level", "priority"), [("critical", "<2>"), ("error", "<3>"), ("warning", "<4>"), ("info", "<6>")]
)
def test_our_event_has_its_priority_and_fields(stream: io.StringIO, level: str, priority: str) -> None:
    logger(stream, "kartenwart.adapters.store").log(
        logging.getLevelNamesMapping()[level.upper()], "store.failed", {"doing": "größer", "places": [1, 2]}
    )
    mark, told = said(stream)
    assert mark == priority
    assert told.pop("timestamp").endswith("Z")
    assert told == {"event": "store.failed", "doing": "größer", "places": [1, 2], "level": level}
    assert "größer" in stream.getvalue()


def test_an_event_needs_no_fields_and_a_percent_sign_is_no_place_for_one(stream: io.StringIO) -> None:
    logger(stream, "kartenwart").warning("50% full", {})
    assert said(stream)[1]["event"] == "50% full"


def test_a_value_that_json_does_not_know_is_shown(stream: io.StringIO) -> None:
    logger(stream, "kartenwart").warning("odd", {"value": 1j})
    assert said(stream)[1]["value"] == "1j"


def test_of_a_library_only_type_and_logger_are_told(stream: io.StringIO) -> None:
    foreign = logger(stream, "aiohttp.server")
    try:
        raise ValueError(SECRET)
    except ValueError:
        foreign.exception("refused %s", SECRET, extra={"peer": SECRET})
    mark, told = said(stream)
    assert (mark, told["event"], told["logger"], told["kind"]) == ("<3>", "library", "aiohttp.server", "ValueError")
    assert SECRET not in stream.getvalue()


def test_a_name_that_only_begins_like_ours_is_not_ours(stream: io.StringIO) -> None:
    logger(stream, "kartenwartung").warning(SECRET)
    assert SECRET not in stream.getvalue()


def test_nobody_who_reads_is_no_error() -> None:
    class Gone(io.StringIO):
        def write(self, _text: str, /) -> int:
            raise BrokenPipeError

    logger(Gone(), "kartenwart").warning("agent.ready", {})
