"""PC/SC part 10. The numbers of the golden blocks are those that went through a real pcscd (reference 1)."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs import pcsc_pin
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.pcsc_pin import EMPTY_FORMAT_2, Entry, Feature, Properties

VERIFY = bytes.fromhex("0020000108") + EMPTY_FORMAT_2
CHANGE = bytes.fromhex("0024000110") + EMPTY_FORMAT_2 * 2
SET_NEW = bytes.fromhex("0024010108") + EMPTY_FORMAT_2
PIN = Entry(shortest=6, longest=8)


def test_a_verify_block() -> None:
    block = pcsc_pin.verify_block(VERIFY, PIN)
    assert block.hex().upper() == "1E1E89470408060201070400000000" + "0D000000" + VERIFY.hex().upper()
    assert len(block) == pcsc_pin.VERIFY_HEADER_BYTES + len(VERIFY)


def test_a_modify_block_with_old_and_new() -> None:
    block = pcsc_pin.modify_block(CHANGE, PIN, ask_old=True)
    assert block.hex().upper() == "1E1E8947040008080603020307040001020000" + "0015000000" + CHANGE.hex().upper()
    assert len(block) == pcsc_pin.MODIFY_HEADER_BYTES + len(CHANGE)


def test_a_modify_block_with_a_new_pin_alone() -> None:
    block = pcsc_pin.modify_block(SET_NEW, PIN, ask_old=False)
    assert block.hex().upper() == "1E1E8947040000080601020207040102000000" + "000D000000" + SET_NEW.hex().upper()


@given(st.integers(1, 12), st.integers(0, 11), st.integers(0, 255))
def test_lengths_and_seconds_stand_where_part_10_has_them(shortest: int, more: int, seconds: int) -> None:
    entry = Entry(shortest=shortest, longest=min(12, shortest + more), seconds=seconds)
    verify, modify = pcsc_pin.verify_block(VERIFY, entry), pcsc_pin.modify_block(CHANGE, entry, ask_old=True)
    for block, at in ((verify, 5), (modify, 7)):
        assert block[:2] == bytes((seconds, seconds))
        assert block[at : at + 2] == bytes((entry.longest, entry.shortest))
    assert struct.unpack_from("<I", verify, 15) == (len(VERIFY),)
    assert struct.unpack_from("<I", modify, 20) == (len(CHANGE),)


def test_templates_hold_no_digit() -> None:
    assert bytes.fromhex("20FFFFFFFFFFFFFF") == EMPTY_FORMAT_2


@pytest.mark.parametrize(("shortest", "longest", "seconds"), [(0, 8, 30), (8, 6, 30), (6, 13, 30), (6, 8, 256)])
def test_entries_that_nobody_can_type_are_not_made(shortest: int, longest: int, seconds: int) -> None:
    with pytest.raises(ValueError, match="typed"):
        Entry(shortest=shortest, longest=longest, seconds=seconds)


@given(st.dictionaries(st.integers(0, 255), st.integers(0, 0xFFFFFFFF), max_size=20))
def test_features_come_back_and_half_ones_are_refused(codes: dict[int, int]) -> None:
    wire = b"".join(struct.pack(">BBI", tag, 4, code) for tag, code in codes.items())
    assert pcsc_pin.read_features(wire) == codes
    if wire:
        with pytest.raises(MalformedError):
            pcsc_pin.read_features(wire[:-1])


def test_features_of_a_reader_with_a_pad() -> None:
    found = pcsc_pin.read_features(bytes.fromhex("060442000001070442000002120442000003"))
    assert found[Feature.VERIFY_PIN_DIRECT] == 0x42000001
    assert found[Feature.MODIFY_PIN_DIRECT] == 0x42000002
    assert found[Feature.GET_TLV_PROPERTIES] == 0x42000003
    with pytest.raises(MalformedError):
        pcsc_pin.read_features(bytes.fromhex("060342000001"))


def test_properties_of_a_pad() -> None:
    wire = bytes.fromhex("0402 1000 0501 02 0601 04 0701 08 0803 312E32 0A04 F1030000 0B02 6A04 0C02 3E00 7F01 00")
    assert pcsc_pin.read_properties(wire) == Properties(
        shortest_pin=4,
        longest_pin=8,
        display_characters=16,
        display_lines=2,
        firmware="1.2",
        most_apdu_bytes=1009,
        vendor_id=0x046A,
        product_id=0x003E,
    )
    assert pcsc_pin.read_properties(b"") == Properties()
    with pytest.raises(MalformedError):
        pcsc_pin.read_properties(wire[:-1])


@given(st.binary(max_size=80))
def test_any_bytes_are_features_and_properties_or_a_typed_error(raw: bytes) -> None:
    for read in (pcsc_pin.read_features, pcsc_pin.read_properties):
        with contextlib.suppress(MalformedError):
            read(raw)
