"""The answer to reset: T=1, and historical bytes that say what EF.ATR says too."""

from functools import reduce
from operator import xor

from firmware_sim.cos.apdu import LONGEST_ANSWER, LONGEST_COMMAND
from firmware_sim.cos.tlv import tlv

# TS; T0: TA1, TC1, TD1 and 12 historical bytes; speed 96; T=1 with IFSC 254, BWI 4, CWI 5; classes A to C.
_INTERFACE = bytes.fromhex("3BDC96FF81B1FE451F07")
# Category 80; pre-issuing data; capabilities: selection by AID, short identifiers, chaining, extended length.
HISTORICAL = b"\x80\x66\x05KWSIM\x73\x96\x21\xc0"


def atr() -> bytes:
    """The same for every kind of card: nobody shall tell them apart by it."""
    body = _INTERFACE + HISTORICAL
    return body + bytes([reduce(xor, body[1:])])


def file_of_atr(product: bytes) -> bytes:
    """EF.ATR: buffer sizes (E0: command, answer, and both with secure messaging), historical bytes, product."""
    sizes = (LONGEST_COMMAND, LONGEST_ANSWER, LONGEST_COMMAND, LONGEST_COMMAND)
    buffers = b"".join(tlv(0x02, size.to_bytes(3 if size > 0x7FFF else 2, "big")) for size in sizes)
    return tlv(0xE0, buffers) + tlv(0x5F52, HISTORICAL) + tlv(0xD4, product)
