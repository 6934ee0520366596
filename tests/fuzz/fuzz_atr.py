"""Answers to reset: any bytes.

Rules: a value or MalformedError; a byte more or less is another answer, and none that can be read.
"""

from kartenwart.codecs.atr import read_atr
from kartenwart.codecs.malformed import MalformedError
from tests.fuzz.target import hold

MOST_HISTORICAL = 15


def judge(data: bytes) -> None:
    """Read it, and what it grants."""
    try:
        atr = read_atr(data)
    except MalformedError:
        return
    hold("historical bytes are as many as counted", len(atr.historical) == data[1] & MOST_HISTORICAL)
    hold("a card has a protocol, and none is global", atr.protocols and all(0 <= one < 15 for one in atr.protocols))
    granted = atr.capabilities.chaining or atr.capabilities.extended
    hold("nothing is granted that is not said", not granted or b"\x73" in atr.historical)
    hold("nothing stands behind the end", _refused(data + b"\0"))
    hold("nothing is missing before the end", _refused(data[:-1]))


def _refused(data: bytes) -> bool:
    try:
        read_atr(data)
    except MalformedError:
        return True
    return False
