import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.cards.link import LARGEST_FILE, CardLink, Lengths
from kartenwart.cards.outcomes import Asked
from kartenwart.cards.refusal import CardRefusal
from kartenwart.codecs.apdu import read_command
from kartenwart.domain.failures import Reason, WorldError
from tests.unit.cards.played import Answering, Played


class OneFile:
    """A card with one file; `warns` says whether it tells of the end by 6282, `most` what it gives at once."""

    def __init__(self, content: bytes, *, warns: bool, most: int) -> None:
        self.content, self.warns, self.most = content, warns, most
        self.asked = 0

    def transmit(self, command: bytes) -> bytes:
        self.asked += 1
        told = read_command(command)
        offset = told.p2 if told.p1 & 0x80 else told.p1 << 8 | told.p2
        if offset >= len(self.content):
            return b"\x6b\x00"
        data = self.content[offset : offset + min(told.expected, self.most)]
        ended = self.warns and offset + told.expected > len(self.content) and told.expected not in (256, 65536)
        return data + (b"\x62\x82" if ended else b"\x90\x00")


lengths = st.sampled_from(
    (
        Lengths(),
        Lengths(extended=True),
        Lengths(extended=True, answer=1033),
        Lengths(extended=True, answer=32770),
        Lengths(extended=True, answer=600).within(500),
    )
)


@given(st.integers(0, 5000), lengths, st.booleans())
def test_a_file_is_read_whole_whatever_fits_into_one_answer(size: int, said: Lengths, warns: bool) -> None:
    content = bytes(number % 253 for number in range(size))
    most = said.answer - 2 if said.answer else 777
    card = OneFile(content, warns=warns, most=most if said.extended else 256)
    link = CardLink(card, said)
    assert link.read(0x02) == content
    assert link.read_current() == content


def test_a_short_file_takes_one_command_where_the_lengths_are_known() -> None:
    for said in (Lengths(), Lengths(extended=True, answer=32770)):
        card = OneFile(bytes(134), warns=False, most=32768)
        assert CardLink(card, said).read(0x02) == bytes(134)
        assert card.asked == 1


def test_who_knows_the_end_asks_no_further() -> None:
    card = OneFile(bytes(300), warns=False, most=100)
    assert CardLink(card, Lengths(extended=True)).read(0x02, complete=lambda found: len(found) >= 200) == bytes(200)
    assert card.asked == 2


def test_a_file_without_end_ends() -> None:
    card = Answering(lambda _command: bytes(256) + b"\x90\x00")
    assert len(CardLink(card, Lengths()).read(0x02)) == LARGEST_FILE


def test_refusals_keep_what_was_asked() -> None:
    with pytest.raises(CardRefusal) as told:
        CardLink(Played({}, otherwise="6A82"), Lengths()).read(0x02, Asked.CERTIFICATE)
    assert (told.value.asked, told.value.word) == (Asked.CERTIFICATE, 0x6A82)
    assert told.value.failure.reason is Reason.CERTIFICATE_MISSING


@pytest.mark.parametrize("answer", ["", "90", "0000", "1234567800"])
def test_garbage_is_a_fault_of_the_card(answer: str) -> None:
    with pytest.raises(WorldError) as told:
        CardLink(Played({}, otherwise=answer), Lengths()).read(0x02)
    assert told.value.failure.reason is Reason.CARD_FAULT


def test_a_reader_may_be_narrower_than_the_card() -> None:
    card = Lengths(extended=True, chaining=True, command=1033, answer=32770)
    assert card.within(0) == card
    assert card.within(500) == Lengths(extended=True, chaining=True, command=500, answer=500)
    assert not card.within(261).extended


def test_a_card_that_drips_is_left() -> None:
    card = Answering(lambda _command: b"\x00\x90\x00")
    with pytest.raises(WorldError) as told:
        CardLink(card, Lengths(extended=True)).read(0x02)
    assert told.value.failure.reason is Reason.CARD_FAULT
    assert len(card.sent) < 300
