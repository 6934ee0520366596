import re
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kartenwart.cards.card import Card
from kartenwart.cards.link import CardLink, Lengths
from kartenwart.cards.outcomes import Asked
from kartenwart.cards.processors.curve import GENERATOR, ORDER
from kartenwart.cards.processors.pace import draw_scalar, open_channel
from kartenwart.cards.refusal import CardRefusal
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType
from tests.unit.cards.played import Answering, Played
from tests.unit.cards.secured_card import PaceCard

CAN = "123123"
READ = bytes.fromhex("00B0820000")


def test_a_card_with_the_same_can_answers_behind_the_channel() -> None:
    inside = Played({READ.hex().upper(): "5A9000"})
    for extended in (True, False):
        channel = open_channel(PaceCard(CAN, inside), CAN, extended=extended)
        assert channel.transmit(READ) == bytes.fromhex("5A9000")


def test_a_card_with_another_can_refuses() -> None:
    with pytest.raises(CardRefusal) as told:
        open_channel(PaceCard("654321", Played({})), CAN, extended=True)
    assert (told.value.asked, told.value.word) == (Asked.CHANNEL, 0x6300)
    assert CAN not in str(told.value) + repr(told.value)


@pytest.mark.parametrize(
    ("tag", "bent"),
    [
        (0x80, lambda value: value[:-1]),
        (0x82, lambda value: value[:-1] + b"\0"),
        (0x84, lambda value: b"\x02" + value[1:33]),
        (0x84, lambda _value: GENERATOR.encode()),
        (0x86, lambda value: bytes(len(value))),
        (0x86, lambda _value: b""),
    ],
)
def test_a_card_that_bends_a_step_is_left(tag: int, bent: Callable[[bytes], bytes]) -> None:
    card = PaceCard(CAN, Played({}), bend=lambda found, value: bent(value) if found == tag else value)
    with pytest.raises(WorldError) as told:
        open_channel(card, CAN, extended=True)
    assert told.value.failure.reason is Reason.CARD_FAULT


def test_a_card_that_reflects_our_key_is_left() -> None:
    seen: list[bytes] = []

    class Mirror(PaceCard):
        def _agree(self, point: bytes) -> tuple[int, bytes]:
            seen.append(point)
            super()._agree(point)
            return 0x84, point

        def _prove(self, token: bytes) -> tuple[int, bytes]:
            raise AssertionError("a token went to a card that has our own key")

    with pytest.raises(WorldError) as told:
        open_channel(Mirror(CAN, Played({})), CAN, extended=True)
    assert told.value.failure.reason is Reason.CARD_FAULT
    assert seen


@given(st.lists(st.binary(max_size=90), min_size=1, max_size=5))
@settings(max_examples=50)
def test_any_answers_are_refused_without_another_error(answers: list[bytes]) -> None:
    coming = iter([b"\x90\x00", *answers])
    with pytest.raises(WorldError):
        open_channel(Answering(lambda _command: next(coming, b"")), CAN, extended=True)


def test_keys_are_drawn_anew_from_the_whole_range() -> None:
    drawn = {draw_scalar() for _ in range(50)}
    assert len(drawn) == 50
    assert all(0 < each < ORDER for each in drawn)
    assert max(drawn) > ORDER // 4


def test_a_card_is_secured_as_a_whole() -> None:
    card = Card(
        type=CardType.EGK,
        link=CardLink(PaceCard(CAN, Played({READ.hex().upper(): "5A9000"})), Lengths(extended=True, answer=32770)),
    )
    secured = card.secure(CAN)
    assert secured.secured
    assert not card.secured
    assert secured.type is CardType.EGK
    assert secured.link.channel.transmit(READ) == bytes.fromhex("5A9000")
    assert secured.link.lengths.data_out < 1000, "an answer under secure messaging fits into a card's buffer"
    assert not re.search(CAN, repr(secured))
