import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs import tlv
from kartenwart.codecs.malformed import MalformedError, OversizedError
from kartenwart.codecs.tlv import Tlv

tags = st.one_of(
    st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F),
    st.builds(lambda first, last: first << 8 | last, st.sampled_from((0x1F, 0x5F, 0x7F, 0xBF)), st.integers(0, 127)),
    st.builds(
        lambda first, mid, last: first << 16 | mid << 8 | last,
        *(st.sampled_from((0x5F, 0x7F)), st.integers(128, 255), st.integers(0, 127)),
    ),
)
objects = st.builds(
    Tlv, tags, st.one_of(st.binary(max_size=300), st.integers(0, 70000).map(lambda n: bytes(n % 65537)))
)


@given(st.lists(objects, max_size=4))
def test_data_objects_come_back(written: list[Tlv]) -> None:
    assert list(tlv.read_all(b"".join(each.encode() for each in written))) == written


@given(objects, st.binary(max_size=5), st.data())
def test_the_first_object_its_size_and_what_follows(written: Tlv, rest: bytes, draw: st.DataObject) -> None:
    wire = written.encode()
    assert tlv.read_first(wire + rest) == (written, rest)
    assert tlv.size_of_first(wire + rest) == len(wire)
    with pytest.raises(MalformedError):
        tlv.read_first(wire[: draw.draw(st.integers(0, len(wire) - 1))])


@given(st.binary(max_size=300))
def test_any_bytes_are_data_objects_or_a_typed_error(raw: bytes) -> None:
    try:
        found = tlv.read_all(raw)
    except MalformedError:
        return
    assert tlv.read_all(b"".join(each.encode() for each in found)) == found


@pytest.mark.parametrize(("length", "wire"), [(0x7F, "7F"), (0x80, "8180"), (0xFF, "81FF"), (0x100, "820100")])
def test_lengths_are_written_as_short_as_they_can_be(length: int, wire: str) -> None:
    assert tlv.encode(0x53, bytes(length))[1:].startswith(bytes.fromhex(wire))


@pytest.mark.parametrize("wire", ["5A80", "5A84000000010A", "5A", "7F", "5F8181", "5F818101", "5A8201"])
def test_indefinite_and_broken_ones_are_refused(wire: str) -> None:
    with pytest.raises(MalformedError):
        tlv.read_first(bytes.fromhex(wire))


def test_a_value_above_the_cap_is_refused_before_it_is_there() -> None:
    with pytest.raises(OversizedError):
        tlv.read_first(bytes.fromhex("5A83010001"))
    with pytest.raises(OversizedError):
        tlv.encode(0x5A, bytes(0x10001))


def test_one_object_by_its_tag_and_its_parts() -> None:
    template = tlv.read_only(bytes.fromhex("61084F06D27600014606"), 0x61)
    assert template.is_constructed
    assert tlv.find(template.parts(), 0x4F) == bytes.fromhex("D27600014606")
    assert tlv.find(template.parts(), 0x50) is None
    for wire, tag in (("61084F06D27600014606", 0x62), ("61084F06D2760001460600", 0x61)):
        with pytest.raises(MalformedError):
            tlv.read_only(bytes.fromhex(wire), tag)
    assert "d276" not in repr(template).lower()
