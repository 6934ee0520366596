"""The stored form: what goes in comes out, and nothing else is taken."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kartenwart.adapters.store.callers import TOKEN, USER, WORKSTATION
from kartenwart.adapters.store.codec import BYTES, FLAG, NUMBER, TEXT, TIME, Codec, StoredWrong, record
from kartenwart.adapters.store.shapes import FAILURE, JOB
from kartenwart.domain.enrolment import EnrolmentToken
from kartenwart.domain.failures import Failure
from kartenwart.domain.jobs import Job, JobResult
from kartenwart.domain.principals import User, Workstation

TIMES = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  # hypothesis adds the zone
TEXTS = st.text(st.characters(codec="utf-8"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)
KINDS: list[tuple[type[Any], Codec[Any]]] = [
    (Job, JOB),
    (Failure, FAILURE),
    (Workstation, WORKSTATION),
    (User, USER),
    (EnrolmentToken, TOKEN),
]

st.register_type_strategy(datetime, TIMES)  # the domain knows no time without a zone


UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a job is a large value to draw


@pytest.mark.parametrize(("kind", "codec"), KINDS, ids=[kind.__name__ for kind, _ in KINDS])
@UNHURRIED
@given(data=st.data())
def test_what_goes_in_comes_out(kind: type[Any], codec: Codec[Any], data: st.DataObject) -> None:
    value = data.draw(st.from_type(kind))
    assert codec.load(codec.dump(value)) == value


@pytest.mark.parametrize("kind", get_args(JobResult))
@UNHURRIED
@given(data=st.data())
def test_every_kind_of_result_goes_through(kind: type[Any], data: st.DataObject) -> None:
    value = data.draw(st.builds(Job, result=st.from_type(kind)))
    stored = JOB.load(JOB.dump(value))
    assert type(stored.result) is kind
    assert stored == value


@pytest.mark.parametrize(("kind", "codec"), KINDS, ids=[kind.__name__ for kind, _ in KINDS])
@UNHURRIED
@given(data=st.data())
def test_unknown_missing_and_wrong_fields_are_refused(kind: type[Any], codec: Codec[Any], data: st.DataObject) -> None:
    stored = codec.encode(data.draw(st.from_type(kind)))
    name = data.draw(st.sampled_from(sorted(stored)))
    without = {other: value for other, value in stored.items() if other != name}
    for wrong in ({**stored, "surprise": 1}, without, {**stored, name: {"surprise": 1}}):
        with pytest.raises(StoredWrong):
            codec.load(json.dumps(wrong))


@pytest.mark.parametrize("codec", [codec for _, codec in KINDS])
@given(stored=JSON)
def test_garbage_is_refused(codec: Codec[Any], stored: object) -> None:
    with pytest.raises(StoredWrong):
        codec.load(json.dumps(stored))


@given(text=TEXTS)
def test_cut_text_is_refused(text: str) -> None:
    with pytest.raises(StoredWrong):
        JOB.load(text)


@pytest.mark.parametrize(
    ("codec", "stored"),
    [
        (NUMBER, True),
        (NUMBER, 1.0),
        (FLAG, 1),
        (TEXT, None),
        (BYTES, "YQ"),
        (BYTES, "Y*Q="),
        (TIME, "2026-01-01T00:00:00"),
        (TIME, "yesterday"),
    ],
)
def test_look_alikes_are_refused(codec: Codec[Any], stored: object) -> None:
    with pytest.raises(StoredWrong):
        codec.decode(stored)


def test_times_are_stored_in_utc_and_sort_as_text() -> None:
    berlin = timezone(timedelta(hours=2))
    assert TIME.encode(datetime(2026, 7, 1, 1, 0, tzinfo=berlin)) == "2026-06-30T23:00:00.000000+00:00"
    with pytest.raises(ValueError, match="zone"):
        TIME.encode(datetime(2026, 7, 1))  # noqa: DTZ001  # that is the point


def test_a_field_that_nobody_stores_is_an_error_at_once() -> None:
    @dataclass(frozen=True)
    class Grown:
        old: str
        new: str = ""

    with pytest.raises(TypeError, match="new"):
        record(Grown, old=TEXT)
