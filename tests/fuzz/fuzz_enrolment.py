"""What strangers send to the enrolment port: a conversation of Commit, Reveal, Poll and RedeemToken, through the edge.

Rules: answers or refusals, never an incident; nobody is enrolled whom no technician let in; a token counts once.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf.message import DecodeError

from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2 as exchange
from kartenwart.domain.failures import Reason
from kartenwart.domain.principals import Role, Scope
from kartenwart.edge.metrics import Metrics
from kartenwart.edge.principals import anonymous
from kartenwart.edge.refusals import Refused
from tests.fuzz.target import hold
from tests.unit.edge.house import House, at_the_box
from tests.unit.edge.opponents import PresentSource
from tests.unit.operations.practice import DESK

KINDS = (exchange.CommitRequest, exchange.RevealRequest, exchange.PollRequest, exchange.RedeemTokenRequest)
METHODS = ("Commit", "Reveal", "Poll", "RedeemToken")
MOST_MESSAGES = 12
KNOWN = 0x80  # this message names what the box gave out: the enrolment of the last commit, or the token
STRANGER = anonymous("192.0.2.1")

_FOLDER = Path(tempfile.mkdtemp())
_LOOP = asyncio.new_event_loop()
_METRICS = Metrics()  # shared by all houses: to make them takes longer than all else


@dataclass
class Given:
    """What the box has given to this stranger so far."""

    token: str
    enrolment: str = ""


def judge(data: bytes) -> None:
    """The input is messages: one byte for kind and KNOWN, two for the length, so many of protobuf."""
    _LOOP.run_until_complete(_converse(data))


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Take the conversation apart."""
    at = 0
    for _ in range(MOST_MESSAGES):
        if at + 3 > len(data):
            return
        length = int.from_bytes(data[at + 1 : at + 3], "big")
        yield data[at], data[at + 3 : at + 3 + length]
        at += 3 + length


async def _converse(data: bytes) -> None:
    house = House(_FOLDER, _METRICS)
    technician = at_the_box().caller
    house.enrolments.open(technician)
    secret, _ = await house.enrolments.create_token(technician, Role.WORKSTATION, Scope(contexts=(DESK,)), None)
    given, redeemed = Given(secret), 0
    for kind, raw in messages(data):
        reply = await _said(house, kind, raw, given)
        redeemed += isinstance(reply, exchange.RedeemTokenResponse)
        if isinstance(reply, exchange.CommitResponse):
            given.enrolment = reply.enrolment
        if isinstance(reply, exchange.PollResponse):
            hold("nobody gets a certificate whom no technician let in", not reply.certificate and not reply.workstation)
    house.enrolments.close(technician)
    hold("a token counts once", redeemed <= 1)
    hold("only a token enrolled somebody", len(house.practice.store.workstations) == redeemed)


async def _said(house: House, kind: int, raw: bytes, given: Given) -> Any:
    number = kind % len(KINDS)
    request: Any = KINDS[number]()
    with contextlib.suppress(DecodeError):
        request.MergeFromString(raw)
    if kind & KNOWN and hasattr(request, "enrolment"):
        request.enrolment = given.enrolment
    if kind & KNOWN and hasattr(request, "token"):
        request.token = given.token
    method = house.methods[f"kartenwart.api.enrolment.v1.EnrolmentExchangeService/{METHODS[number]}"]
    try:
        return await house.edge.unary(method, PresentSource(STRANGER, request), None)
    except Refused as refused:
        hold("a stranger causes no incident", refused.reason is not Reason.INTERNAL)
        return None
