import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.cards.processors.secure_messaging import SecureMessaging, SessionKeys, unpad
from kartenwart.codecs.apdu import Command
from kartenwart.codecs.malformed import MalformedError
from kartenwart.domain.failures import Reason, WorldError
from tests.unit.cards.played import Answering
from tests.unit.cards.secured_card import SecuredCard

KEYS = SessionKeys(encryption=bytes(range(16)), authentication=bytes(range(16, 32)))
READ = Command(cla=0, ins=0xB0, p1=0x81, p2=0, expected=256)


def secured(inside: Answering) -> SecuredCard:
    return SecuredCard(inside, KEYS.encryption, KEYS.authentication)


@given(
    st.lists(st.tuples(st.binary(max_size=400), st.integers(0, 70000), st.binary(max_size=400)), min_size=1, max_size=4)
)
def test_commands_arrive_and_answers_come_back(exchanges: list[tuple[bytes, int, bytes]]) -> None:
    answers = iter([answer for _, _, answer in exchanges])
    inside = Answering(lambda _command: next(answers) + b"\x62\x82")
    channel = SecureMessaging(secured(inside), KEYS)
    for data, expected, answer in exchanges:
        command = Command(cla=0x80, ins=0xCA, p1=1, p2=2, data=data, expected=min(expected, 65536))
        assert channel.transmit(command.encode()) == answer + b"\x62\x82"
        assert inside.sent[-1] == command.encode()


def test_nothing_of_data_or_answer_is_readable_outside() -> None:
    outside: list[bytes] = []
    card = secured(Answering(lambda _command: b"Mustermann" + b"\x90\x00"))

    def listen(command: bytes) -> bytes:
        answer = card.transmit(command)
        outside.extend((command, answer))
        return answer

    channel = SecureMessaging(Answering(listen), KEYS)
    command = Command(cla=0, ins=0xA4, p1=4, p2=0x0C, data=b"Mustermann")
    assert b"Mustermann" in channel.transmit(command.encode())
    assert not any(b"Muster" in each for each in outside)


@given(st.data())
def test_a_changed_answer_breaks_the_channel_for_good(draw: st.DataObject) -> None:
    card = secured(Answering(lambda _command: b"content" + b"\x90\x00"))

    def bend(command: bytes) -> bytes:
        answer = card.transmit(command)
        place = draw.draw(st.integers(0, len(answer) - 1))
        return answer[:place] + bytes([answer[place] ^ draw.draw(st.integers(1, 255))]) + answer[place + 1 :]

    outer = Answering(bend)
    channel = SecureMessaging(outer, KEYS)
    for sent in (True, False):
        with pytest.raises(WorldError) as told:
            channel.transmit(READ.encode())
        assert told.value.failure.reason is Reason.CARD_FAULT
        assert told.value.sent is sent
    assert len(outer.sent) == 1


@given(st.binary(max_size=60))
def test_any_answer_is_refused_without_another_error(answer: bytes) -> None:
    channel = SecureMessaging(Answering(lambda _command: answer), KEYS)
    with pytest.raises(WorldError):
        channel.transmit(READ.encode())


@pytest.mark.parametrize("answer", ["9000", "6988", "6A82", "990290009000"])
def test_a_bare_status_word_is_no_answer(answer: str) -> None:
    with pytest.raises(WorldError):
        SecureMessaging(Answering(lambda _command: bytes.fromhex(answer)), KEYS).transmit(READ.encode())


def test_an_answer_played_again_is_refused() -> None:
    card = secured(Answering(lambda _command: b"\x01\x90\x00"))
    first = b""

    def again(command: bytes) -> bytes:
        nonlocal first
        first = first or card.transmit(command)
        return first

    channel = SecureMessaging(Answering(again), KEYS)
    assert channel.transmit(READ.encode()) == b"\x01\x90\x00"
    with pytest.raises(WorldError):
        channel.transmit(READ.encode())


def test_a_channel_that_was_interrupted_sends_nothing_more() -> None:
    def pulled(_command: bytes) -> bytes:
        raise ConnectionError

    outer = Answering(pulled)
    channel = SecureMessaging(outer, KEYS)
    with pytest.raises(ConnectionError):
        channel.transmit(READ.encode())
    with pytest.raises(WorldError):
        channel.transmit(READ.encode())
    assert len(outer.sent) == 1


@pytest.mark.parametrize("data", [b"", bytes(16), b"text without"])
def test_padding_that_is_not_there(data: bytes) -> None:
    with pytest.raises(MalformedError):
        unpad(data)


def test_keys_are_not_shown() -> None:
    assert "encryption" not in repr(KEYS)
