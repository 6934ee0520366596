import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.cards.link import Lengths
from kartenwart.cards.processors.chaining import Chaining
from kartenwart.codecs.apdu import Command, Response, read_command
from kartenwart.domain.failures import Reason, WorldError
from tests.unit.cards.played import Answering, Played

SHORT = Lengths(chaining=True)
LONG = Lengths(extended=True, chaining=True, command=1033, answer=32770)


class Echo:
    """A card that joins chains and gives the data back, `room` bytes at a time."""

    def __init__(self, room: int, *, extended: bool) -> None:
        self.room, self.extended = room, extended
        self.joined = b""
        self.waiting = b""

    def transmit(self, command: bytes) -> bytes:
        asked = read_command(command)
        assert self.extended or not asked.is_extended
        if asked.ins == 0xC0:
            return self._give(self.waiting, asked.expected)
        self.joined += asked.data
        if asked.cla & 0x10:
            return b"\x90\x00"
        whole, self.joined = self.joined, b""
        return self._give(whole, asked.expected)

    def _give(self, data: bytes, expected: int) -> bytes:
        most = min(self.room, expected)
        part, self.waiting = data[:most], data[most:]
        word = 0x6100 | min(len(self.waiting), 256) % 256 if self.waiting else 0x9000
        return Response(data=part, word=word).encode()


@given(st.integers(0, 3000), st.integers(1, 256), st.sampled_from((SHORT, LONG)))
def test_what_goes_out_in_links_comes_back_in_pieces(length: int, room: int, lengths: Lengths) -> None:
    data = bytes(number % 251 for number in range(length))
    card = Echo(max(room, length // 200 + 1), extended=lengths.extended)
    command = Command(cla=0, ins=0xCB, p1=0, p2=0, data=data, expected=65536 if lengths.extended else 256)
    answer = Chaining(card, lengths).transmit(command.encode())
    assert answer == data + b"\x90\x00"


def test_what_fits_goes_out_as_it_is() -> None:
    for lengths, command in (
        (SHORT, "00B0000000"),
        (LONG, "00B00000000000"),
        (Lengths(extended=True), "00B00000000000"),
    ):
        card = Played({command: "AA9000"})
        assert Chaining(card, lengths).transmit(bytes.fromhex(command)) == bytes.fromhex("AA9000")
        assert card.sent == [command]


def test_the_first_link_that_is_refused_ends_the_chain() -> None:
    card = Played({}, otherwise="6883")
    command = Command(cla=0, ins=0x2A, p1=0, p2=0xBE, data=bytes(600))
    assert Chaining(card, SHORT).transmit(command.encode()) == b"\x68\x83"
    assert len(card.sent) == 1


def test_without_chaining_the_card_itself_refuses_what_is_too_long() -> None:
    card = Played({}, otherwise="6700")
    command = Command(cla=0, ins=0x2A, p1=0, p2=0xBE, data=bytes(600))
    assert Chaining(card, Lengths()).transmit(command.encode()) == b"\x67\x00"
    assert len(card.sent) == 1


def test_a_wrong_le_is_corrected_for_reading_alone() -> None:
    reading = Played({"00B0000000": "6C05", "00B0000005": "01020304059000"})
    assert Chaining(reading, SHORT).transmit(bytes.fromhex("00B0000000")).hex() == "01020304059000"
    signing = Played({}, otherwise="6C40")
    sign = Command(cla=0, ins=0x2A, p1=0x9E, p2=0x9A, data=bytes(32), expected=256)
    assert Chaining(signing, SHORT).transmit(sign.encode()) == b"\x6c\x40"
    assert len(signing.sent) == 1


def test_a_card_that_always_has_more_is_left() -> None:
    card = Answering(lambda _command: b"\x61\x10")
    with pytest.raises(WorldError) as told:
        Chaining(card, SHORT).transmit(bytes.fromhex("00B0000000"))
    assert told.value.failure.reason is Reason.CARD_FAULT
    assert len(card.sent) < 300
