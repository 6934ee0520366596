"""Every value that the contract knows has a German word."""

from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.failure.v1 import failure_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.cli import words


@pytest.mark.parametrize(
    ("enum", "known"),
    [
        (card_pb2.CardType, words.CARD_TYPES),
        (card_pb2.Pin, words.PINS),
        (card_pb2.PinStatus, words.PIN_STATES),
        (job_pb2.PinOutcome, words.PIN_OUTCOMES),
        (job_pb2.PinVerb, words.PIN_VERBS),
        (job_pb2.JobKind, words.JOB_KINDS),
        (job_pb2.JobState, words.JOB_STATES),
        (job_pb2.JobStep, words.JOB_STEPS),
        (konnektor_pb2.LinkState, words.LINK_STATES),
        (konnektor_pb2.OnlineState, words.ONLINE_STATES),
        (inventory_pb2.EventType, words.EVENTS),
        (workstation_pb2.Role, words.ROLES),
        (workstation_pb2.WorkstationState, words.WORKSTATION_STATES),
    ],
)
def test_no_value_is_without_word(enum: Any, known: dict[int, str]) -> None:
    assert set(enum.values()) - {0} == set(known)


def test_every_owner_has_a_word() -> None:
    names = {name.removeprefix("OWNER_") for name in dict(failure_pb2.Owner.items())}
    assert names - {"UNSPECIFIED"} == set(words.OWNERS)


def test_a_newer_value_is_told_by_its_number() -> None:
    assert (words.word(words.CARD_TYPES, 99), words.word(words.CARD_TYPES, 0)) == ("(99)", "unbekannt")


def test_no_time_is_no_text() -> None:
    assert words.moment(Timestamp()) == ""
