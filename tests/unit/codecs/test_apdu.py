import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.codecs.apdu import Command, Response, chain, read_command, read_response
from kartenwart.codecs.malformed import MalformedError

octets = st.integers(0, 255)
data = st.one_of(st.binary(max_size=300), st.integers(0, 65535).map(bytes))
expectations = st.one_of(st.integers(0, 300), st.integers(0, 65536), st.sampled_from((256, 257, 65535, 65536)))
commands = st.builds(
    lambda cla, ins, p1, p2, data, expected: Command(cla=cla, ins=ins, p1=p1, p2=p2, data=data, expected=expected),
    *(octets, octets, octets, octets, data, expectations),
)


@given(commands)
def test_every_command_comes_back(command: Command) -> None:
    assert read_command(command.encode()) == command


@pytest.mark.parametrize(
    ("given_data", "expected", "wire"),
    [
        (b"", 0, "00A40400"),
        (b"", 1, "00A4040001"),
        (b"", 256, "00A4040000"),
        (b"\x01\x02", 0, "00A40400020102"),
        (b"\x01\x02", 256, "00A4040002010200"),
        (b"", 257, "00A40400000101"),
        (b"", 65536, "00A40400000000"),
        (b"\x01\x02", 65536, "00A4040000000201020000"),
        (bytes(256), 0, "00A40400000100" + "00" * 256),
        (bytes(256), 256, "00A40400000100" + "00" * 256 + "0100"),
    ],
)
def test_the_seven_forms(given_data: bytes, expected: int, wire: str) -> None:
    command = Command(cla=0x00, ins=0xA4, p1=0x04, p2=0x00, data=given_data, expected=expected)
    assert command.encode().hex().upper() == wire
    assert command.is_extended is (expected > 256 or len(given_data) > 255)


@given(commands, st.data())
def test_a_truncated_command_is_refused_or_another_one(command: Command, draw: st.DataObject) -> None:
    wire = command.encode()
    cut = wire[: draw.draw(st.integers(0, len(wire) - 1))]
    try:
        other = read_command(cut)
    except MalformedError:
        return
    assert other != command


@given(st.binary(max_size=400))
def test_any_bytes_are_a_command_or_a_typed_error(raw: bytes) -> None:
    try:
        command = read_command(raw)
    except MalformedError:
        return
    assert read_command(command.encode()) == command


@pytest.mark.parametrize(
    "wire", ["", "00A404", "00A404000201", "00A40400020102000000", "00A404000000", "00A40400000000FF"]
)
def test_lengths_that_do_not_fit_are_refused(wire: str) -> None:
    with pytest.raises(MalformedError):
        read_command(bytes.fromhex(wire))


def test_what_fits_into_no_length_field_is_not_built() -> None:
    for command in (
        Command(cla=0, ins=0, p1=0, p2=0, data=bytes(65536)),
        Command(cla=0, ins=0, p1=0, p2=0, expected=65537),
        Command(cla=0, ins=0, p1=0, p2=0, expected=-1),
    ):
        with pytest.raises(ValueError, match="that long"):
            command.encode()


@given(st.binary(max_size=700), st.sampled_from((0x9000, 0x6A82, 0x6110, 0x63C2, 0x6FFF)))
def test_every_response_comes_back_and_no_shorter_one_is_the_same(answer: bytes, word: int) -> None:
    response = Response(data=answer, word=word)
    assert read_response(response.encode()) == response


@pytest.mark.parametrize("wire", ["", "90", "0000", "FFFF", "01025000", "00" * 65539 + "9000"])
def test_what_has_no_status_word_is_no_response(wire: str) -> None:
    with pytest.raises(MalformedError):
        read_response(bytes.fromhex(wire))


@given(commands, st.integers(1, 300))
def test_links_of_a_chain_are_short_and_carry_everything_once(command: Command, most: int) -> None:
    *links, last = chain(command, most)
    assert b"".join(link.data for link in (*links, last)) == command.data
    assert all(link.cla & 0x10 and len(link.data) == most and not link.expected for link in links)
    assert last.cla == command.cla
    assert last.expected == command.expected
    assert len(last.data) <= most


def test_no_repr_shows_data() -> None:
    assert "secret" not in repr(Command(cla=0, ins=0, p1=0, p2=0, data=b"secret"))
    assert "secret" not in repr(Response(data=b"secret", word=0x9000))
