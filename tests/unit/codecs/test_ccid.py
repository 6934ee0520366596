import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.ccid import (
    DESCRIPTOR_BYTES,
    ClassDescriptor,
    Exchange,
    PinSupport,
    read_bcd,
    read_class_descriptor,
)
from kartenwart.codecs.malformed import MalformedError

# The descriptor of a reader with keys and display as field after field of the specification gives it.
PAD = bytes.fromhex(
    "36 21 1001 00 07 03000000 a00f0000 a00f0000 00 002a0000 002a0000 00 fe000000 00000000 00000000"
    "30000400 17010000 00 00 1002 03 01"
)
OTHERS = (b"\x07\x05\x81\x02\x40\x00\x00", b"\x09\x21\x11\x01\x00\x01\x22\x3f\x00")  # an endpoint, a keyboard's class


def described(features: int = 0x0002_0000, slots: int = 1, layout: int = 0, pins: int = 0) -> bytes:
    """A descriptor with all else as any plain reader has it."""
    head = struct.pack("<BBHBBI", DESCRIPTOR_BYTES, 0x21, 0x0110, slots - 1, 0x07, 3)
    clocks = struct.pack("<IIBIIB", 4000, 4000, 0, 10752, 10752, 0)
    return head + clocks + struct.pack("<IIIIIBBHBB", 254, 0, 0, features, 271, 0xFF, 0xFF, layout, pins, 1)


def test_every_field_is_found_where_the_specification_has_it() -> None:
    assert read_class_descriptor(PAD) == ClassDescriptor(
        revision="1.10",
        slots=1,
        protocols=3,
        exchange=Exchange.EXTENDED_APDU,
        longest_message=279,
        display=(2, 16),
        pin_support=PinSupport.VERIFY | PinSupport.MODIFY,
    )
    assert read_class_descriptor(PAD).pad


@pytest.mark.parametrize(
    ("pins", "pad"), [(0, False), (1, True), (2, False), (3, True), (0xFC, False)], ids=lambda value: f"{value}"
)
def test_a_pad_is_where_a_pin_can_be_verified(pins: int, pad: bool) -> None:
    assert read_class_descriptor(described(pins=pins)).pad is pad


@pytest.mark.parametrize(
    ("features", "exchange"),
    [
        (0x0000_0030, Exchange.CHARACTER),
        (0x0001_0030, Exchange.TPDU),
        (0x0012_04B2, Exchange.SHORT_APDU),
        (0x0004_0840, Exchange.EXTENDED_APDU),
        (0x0006_0000, None),
    ],
)
def test_how_commands_are_exchanged_is_told_apart(features: int, exchange: Exchange | None) -> None:
    assert read_class_descriptor(described(features=features)).exchange is exchange


@given(st.integers(1, 256), st.integers(0, 0xFFFF), st.lists(st.sampled_from(OTHERS), max_size=3))
def test_it_is_found_behind_other_descriptors(slots: int, layout: int, before: list[bytes]) -> None:
    found = read_class_descriptor(b"".join(before) + described(slots=slots, layout=layout) + OTHERS[0])

    assert (found.slots, found.display) == (slots, (layout >> 8, layout & 0xFF))


@given(st.integers(0, DESCRIPTOR_BYTES - 1))
def test_one_that_breaks_off_is_refused(end: int) -> None:
    with pytest.raises(MalformedError):
        read_class_descriptor(PAD[:end])


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        found = read_class_descriptor(raw)
    except MalformedError:
        return
    assert 1 <= found.slots <= 256


@pytest.mark.parametrize(("value", "words"), [(0x0110, "1.10"), (0x0009, "0.09"), (0x1234, "12.34"), (0x01AB, "1.ab")])
def test_versions_are_read_as_usb_writes_them(value: int, words: str) -> None:
    assert read_bcd(value) == words
