"""CETP: bytes of a connection, cut anywhere, to frames, to events, to notices.

Rules: only MalformedError; the cuts of the network change nothing; what is read says nothing of its parameters in repr.
"""

from kartenwart.adapters.konnektor.notices import notice_of
from kartenwart.codecs.cetp import FrameDecoder
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.subscriptions import read_event
from tests.fuzz.target import choice, hold

LIMIT = 2048
SHORTEST_SECRET = 12


def judge(data: bytes) -> None:
    """The first byte is how many bytes come at a time (0: all)."""
    step, sent = choice(data, 256)
    whole = _frames([sent])
    pieces = [sent[at : at + step] for at in range(0, len(sent), step)] if step else [sent]
    hold("the same bytes are the same frames, however they are cut", _frames(pieces) == whole)
    for payload in whole[0]:
        _event(payload)


def _frames(pieces: list[bytes]) -> tuple[list[bytes], str]:
    decoder, found = FrameDecoder(LIMIT), list[bytes]()
    try:
        for piece in pieces:
            found.extend(decoder.feed(piece))
    except MalformedError as error:
        return found, str(error)
    return found, ""


def _event(payload: bytes) -> None:
    try:
        event = read_event(payload)
    except MalformedError:
        return
    shown = repr(event)
    known = event.topic + event.subject + event.severity + event.subscription_id
    for value in event.parameters.values():
        secret = len(value) >= SHORTEST_SECRET and value not in known and value.upper() not in known
        hold("an event shows no parameter", not (secret and value in shown))
    notice = notice_of(event, "konnektors/k", "contexts/x")
    hold("a slot is a number of the wire", 0 <= notice.slot_id <= 9999)
