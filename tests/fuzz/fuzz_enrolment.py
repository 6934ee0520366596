"""What strangers send to the enrolment port: a conversation of Commit, Reveal, Poll and RedeemToken, through the edge.

A message can be made honest where bytes never would be: with a key of the target's own, with what the box gave out. And
before each a technician may type the code that the workstation shows. Rules: answers or refusals, never an incident;
nobody is enrolled whom no technician let in; a token counts once.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from google.protobuf.message import DecodeError

from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2 as exchange
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client import exchange as client
from kartenwart.client import keys
from kartenwart.domain.failures import CallerError, Reason
from kartenwart.domain.principals import Caller, Role, Scope
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
SCOPE = Scope(contexts=(DESK,))
KNOWN = 0x80  # this message names what the box gave out: the enrolment of the last commit, or the token
TYPED = 0x40  # before this message the technician types the code of the last commit
HONEST = 0x20  # this message has the target's key, its promise, or its signature
KEY = ec.derive_private_key(0x4B617274656E, ec.SECP256R1())
PUBLIC = keys.public_der(KEY)
NONCE = b"n" * 32
STRANGER = anonymous("192.0.2.1")

_FOLDER = Path(tempfile.mkdtemp())
_LOOP = asyncio.new_event_loop()
_METRICS = Metrics()  # shared by all houses: to make them takes longer than all else


@dataclass
class Given:
    """What the box gave to this stranger, what it answered it to, and whom a technician let in."""

    token: str
    commit: exchange.CommitRequest = field(default_factory=exchange.CommitRequest)
    answer: exchange.CommitResponse = field(default_factory=exchange.CommitResponse)
    let_in: list[str] = field(default_factory=list)

    @property
    def role(self) -> str:
        """The name of the role that it asked for; "" where there is none of that number."""
        known = workstation_pb2.Role.DESCRIPTOR.values_by_number.get(self.commit.role)
        return known.name if known else ""


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
    secret, _ = await house.enrolments.create_token(technician, Role.WORKSTATION, SCOPE, None)
    given, redeemed = Given(secret), 0
    for kind, raw in messages(data):
        if kind & TYPED:
            await _typed(house, technician, given)
        reply = await _said(house, kind, raw, given)
        redeemed += isinstance(reply, exchange.RedeemTokenResponse)
        if isinstance(reply, exchange.PollResponse):
            got = bool(reply.certificate or reply.workstation)
            hold("nobody gets a certificate whom no technician let in", not got or reply.workstation in given.let_in)
    house.enrolments.close(technician)
    hold("a token counts once", redeemed <= 1)
    enrolled = len(house.practice.store.workstations)
    hold("only a token or a technician enrolled somebody", enrolled == redeemed + len(given.let_in))


async def _typed(house: House, technician: Caller, given: Given) -> None:
    """Type the code that an honest workstation would show for the last commit."""
    code = client.code(
        box_id=given.answer.box_id,
        root=house.site.root_der,
        public_key=given.commit.public_key,
        role=given.role,
        label=given.commit.label,
        box_nonce=given.answer.box_nonce,
        workstation_nonce=NONCE,
    )
    with contextlib.suppress(CallerError):
        workstation, _ = await house.enrolments.approve(technician, code, None, SCOPE)
        given.let_in.append(workstation.name)


async def _said(house: House, kind: int, raw: bytes, given: Given) -> Any:
    number = kind % len(KINDS)
    request: Any = KINDS[number]()
    with contextlib.suppress(DecodeError):
        request.MergeFromString(raw)
    if kind & KNOWN and hasattr(request, "enrolment"):
        request.enrolment = given.answer.enrolment
    if kind & KNOWN and hasattr(request, "token"):
        request.token = given.token
    if kind & HONEST:
        _make_honest(request, given)
    method = house.methods[f"kartenwart.api.enrolment.v1.EnrolmentExchangeService/{METHODS[number]}"]
    try:
        reply = await house.edge.unary(method, PresentSource(STRANGER, request), None)
    except Refused as refused:
        hold("a stranger causes no incident", refused.reason is not Reason.INTERNAL)
        return None
    if isinstance(reply, exchange.CommitResponse):
        given.commit, given.answer = request, reply
    return reply


def _make_honest(request: Any, given: Given) -> None:
    """Put in what only a key's owner can make."""
    if isinstance(request, exchange.CommitRequest):
        request.public_key = PUBLIC
        role = Given("", commit=request).role
        request.commitment = client.commitment(
            workstation_nonce=NONCE, public_key=PUBLIC, role=role, label=request.label
        )
    if isinstance(request, exchange.RevealRequest):
        request.workstation_nonce = NONCE
    if isinstance(request, exchange.PollRequest) and request.sequence >= 0:
        message = client.poll_message(
            enrolment=request.enrolment, box_nonce=given.answer.box_nonce, sequence=request.sequence
        )
        request.signature = keys.sign(KEY, message)
    if isinstance(request, exchange.RedeemTokenRequest):
        request.certificate_request = keys.certificate_request(KEY, "any")
