"""JSON bodies of the door, and the validation of what they become.

Rules: a message or named violations; a message survives the way back; no violation repeats a long piece of the body.
"""

import json
import zlib

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from kartenwart.domain.failures import CallerError
from kartenwart.door.body import parse
from kartenwart.edge.descriptors import message_class, rpcs
from kartenwart.edge.validation import violations
from tests.fuzz.target import hold

KINDS = [message_class(rpc.request) for rpc in rpcs()]
LONGEST_FIELD = 400


def mark(kind: type[Message]) -> bytes:
    """Return the two bytes that choose a request, by its name: a new RPC leaves what the corpus means as it was."""
    return zlib.crc32(kind.DESCRIPTOR.full_name.encode()).to_bytes(4, "big")[:2]


def kind_of(chosen: bytes) -> type[Message]:
    """Return the request with these two bytes, or the next one behind them."""
    return next((kind for at, kind in MARKED if at >= chosen), MARKED[0][1])


MARKED = sorted(((mark(kind), kind) for kind in KINDS), key=lambda one: one[0])


def judge(data: bytes) -> None:
    """The first two bytes choose the RPC."""
    kind, body = kind_of(data[:2]), data[2:]
    try:
        message = parse(kind, body)
    except CallerError as error:
        hold("a refusal names what is wrong", error.violations)
        found = error.violations
    else:
        again = parse(kind, json.dumps(MessageToDict(message)).encode())
        hold("what was read is written and read the same", again.SerializeToString() == message.SerializeToString())
        found = violations(message)
    for one in found:
        hold("a violation has words", one.description)
        hold("a violation's path is short", len(one.field) <= LONGEST_FIELD)
