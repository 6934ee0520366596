"""JSON bodies of the door, and the validation of what they become.

Rules: a message or named violations; a message survives the way back; no violation repeats a long piece of the body.
"""

import json

from google.protobuf.json_format import MessageToDict

from kartenwart.domain.failures import CallerError
from kartenwart.door.body import parse
from kartenwart.edge.descriptors import message_class, rpcs
from kartenwart.edge.validation import violations
from tests.fuzz.target import choice, hold

KINDS = [message_class(rpc.request) for rpc in rpcs()]
LONGEST_FIELD = 400


def judge(data: bytes) -> None:
    """The first byte chooses the RPC."""
    number, body = choice(data, len(KINDS))
    kind = KINDS[number]
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
