import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs import card_files, tlv
from kartenwart.codecs.atr import Capabilities
from kartenwart.codecs.card_files import Buffers, InsuranceFile, StatusFile, Version2
from kartenwart.codecs.malformed import MalformedError

STATUS = b"0" + b"20230920131454" + bytes.fromhex("0050020000") + bytes.fromhex("0030000004")
READERS: tuple[Callable[[bytes], object], ...] = (
    card_files.read_gdo,
    card_files.read_dir_record,
    card_files.read_version2,
    card_files.read_ef_atr,
    card_files.read_container,
    card_files.read_vd,
    card_files.read_status,
)


@given(st.from_regex(r"[0-9]{20}", fullmatch=True), st.binary(max_size=3))
def test_an_iccsn_comes_back(iccsn: str, rest: bytes) -> None:
    assert card_files.read_gdo(tlv.encode(0x5A, bytes.fromhex(iccsn)) + rest) == iccsn


@pytest.mark.parametrize(
    "wire", ["5A0980276883110000220", "5A0A802768831100002208AF", "5B0A80276883110000220885", "5A0A8027"]
)
def test_what_is_no_iccsn_is_refused(wire: str) -> None:
    with pytest.raises(MalformedError):
        card_files.read_gdo(bytes.fromhex(wire + "0" * (len(wire) % 2)))


@given(st.binary(min_size=5, max_size=16))
def test_a_record_of_the_directory_comes_back(identifier: bytes) -> None:
    assert card_files.read_dir_record(tlv.encode(0x61, tlv.encode(0x4F, identifier))) == identifier


@pytest.mark.parametrize("wire", ["4F06D27600014606", "61064F04D2760001", "610050", "6102" + "5000"])
def test_a_record_without_identifier_is_refused(wire: str) -> None:
    with pytest.raises(MalformedError):
        card_files.read_dir_record(bytes.fromhex(wire))


def test_versions() -> None:
    product = b"MAKER" + b"CARD 2.1" + bytes((4, 7, 1))
    body = tlv.encode(0xC0, b"\2\0\0") + tlv.encode(0xC1, bytes((4, 8, 10))) + tlv.encode(0xC2, product)
    assert card_files.read_version2(tlv.encode(0xEF, body) + bytes(20)) == Version2(
        object_system="4.8.10", product="MAKERCARD 2.1", product_version="4.7.1"
    )
    assert card_files.read_version2(tlv.encode(0xEF, tlv.encode(0xC1, bytes(3)))) == Version2(object_system="0.0.0")
    for wrong in (tlv.encode(0xEE, body), tlv.encode(0xEF, b""), tlv.encode(0xEF, tlv.encode(0xC1, b"\4"))):
        with pytest.raises(MalformedError):
            card_files.read_version2(wrong)


def test_lengths_of_commands_and_answers() -> None:
    numbers = (1033, 32770, 1000, 999)
    sizes = b"".join(tlv.encode(0x02, number.to_bytes(3, "big")) for number in numbers)
    said = tlv.encode(0xE0, sizes) + tlv.encode(0x5F52, bytes.fromhex("80739621C0")) + tlv.encode(0xCF, bytes(9))
    assert card_files.read_ef_atr(said) == Buffers(
        command=1033,
        answer=32770,
        secured_command=1000,
        secured_answer=999,
        capabilities=Capabilities(chaining=True, extended=True),
    )
    for wrong in (b"", tlv.encode(0xE0, sizes[:-5]), tlv.encode(0xE0, sizes + tlv.encode(0x02, b"\1\0"))):
        with pytest.raises(MalformedError):
            card_files.read_ef_atr(wrong)


@given(st.binary(min_size=1, max_size=500), st.binary(max_size=20))
def test_a_container_ends_where_its_length_says(container: bytes, rest: bytes) -> None:
    wire = len(container).to_bytes(2, "big") + container
    assert card_files.read_container(wire + rest) == container
    with pytest.raises(MalformedError):
        card_files.read_container(wire[:-1])


@given(st.binary(min_size=1, max_size=200), st.one_of(st.none(), st.binary(min_size=1, max_size=200)))
def test_insurance_and_protected_data_are_cut_apart(insurance: bytes, protected: bytes | None) -> None:
    ends = 8 + len(insurance)
    offsets = [8, ends - 1, *((ends, ends + len(protected) - 1) if protected else (0xFFFF, 0xFFFF))]
    wire = b"".join(offset.to_bytes(2, "big") for offset in offsets) + insurance + (protected or b"")
    assert card_files.read_vd(wire) == InsuranceFile(insurance=insurance, protected=protected)
    with pytest.raises(MalformedError):
        card_files.read_vd(wire[:-1])


@pytest.mark.parametrize("offsets", ["0000 0009 FFFF FFFF", "0009 0008 FFFF FFFF", "0008 0009 0008 0100"])
def test_offsets_that_do_not_fit_are_refused(offsets: str) -> None:
    with pytest.raises(MalformedError):
        card_files.read_vd(bytes.fromhex(offsets) + b"ab")


def test_a_status() -> None:
    assert card_files.read_status(STATUS) == StatusFile(
        open_transactions=False, updated="20230920131454", version="5.2.0"
    )
    assert card_files.read_status(b"1" + STATUS[1:]).open_transactions
    for wrong in (b"2" + STATUS[1:], b"0x" + STATUS[2:], STATUS[:19], STATUS[:15] + b"\xaa" + STATUS[16:]):
        with pytest.raises(MalformedError):
            card_files.read_status(wrong)


@given(st.binary(max_size=120))
def test_any_bytes_are_a_file_or_a_typed_error(raw: bytes) -> None:
    for read in READERS:
        with contextlib.suppress(MalformedError):
            read(raw)


def test_no_repr_shows_insurance_data() -> None:
    assert "Mustermann" not in repr(InsuranceFile(insurance=b"Mustermann", protected=b"Mustermann"))
