"""What follows a USB interface descriptor: any bytes.

Rules: a class descriptor or MalformedError; a pad is told only where its bits say so, whatever stands in front.
"""

from kartenwart.codecs.ccid import PinSupport, read_class_descriptor
from kartenwart.codecs.malformed import MalformedError
from tests.fuzz.target import hold

PADDING = b"\x02\x05"  # a descriptor of nothing


def judge(data: bytes) -> None:
    """Find the descriptor and hold it against the bytes."""
    try:
        told = read_class_descriptor(data)
    except MalformedError:
        return
    hold("a reader has a slot", 1 <= told.slots <= 256)
    hold("what cannot verify is no pad", told.pad == (PinSupport.VERIFY in told.pin_support))
    hold("a display has no more than a byte of lines", max(told.display) <= 0xFF)
    hold("a version is digits and a dot", len(told.revision) in (4, 5) and told.revision[-3] == ".")
    hold("what stands in front changes nothing", read_class_descriptor(PADDING + data) == told)
