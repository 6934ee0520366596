import pytest
from hypothesis import given
from hypothesis import strategies as st

from kartenwart.cards.recognition import recognise
from kartenwart.codecs import tlv
from kartenwart.domain.failures import WorldError
from kartenwart.domain.inventory import CardType
from tests.unit.cards.played import Answering, Played

ATR = bytes.fromhex("3BDC96FF81B1FE451F078066054B5753494D739621C08A")
READ_DIR, READ_ATR = "00B201F400", "00B09D0000"
IDENTIFIERS = {
    "D2760001448000": CardType.EGK,
    "D27600014601": CardType.HBA,
    "D27600014606": CardType.SMC_B,
    "D2760001448003": CardType.SMC_KT,
}


def record(identifier: str) -> str:
    return tlv.encode(0x61, tlv.encode(0x4F, bytes.fromhex(identifier))).hex() + "9000"


def select(identifier: str) -> str:
    return f"00A4040C{len(identifier) // 2:02X}{identifier}"


@pytest.mark.parametrize(("identifier", "card_type"), IDENTIFIERS.items())
def test_the_first_record_of_the_directory_decides(identifier: str, card_type: CardType) -> None:
    card = recognise(Played({"00A4040C": "9000", READ_DIR: record(identifier)}), ATR)
    assert card.type is card_type


@pytest.mark.parametrize(("identifier", "card_type"), IDENTIFIERS.items())
def test_without_a_directory_the_full_identifier_decides(identifier: str, card_type: CardType) -> None:
    played = Played({"00A4040C": "9000", select(identifier): "9000"}, otherwise="6A82")
    assert recognise(played, ATR).type is card_type
    assert select("D276000146") not in played.sent, "this one fits an HBA as well as an SMC-B"


def test_a_foreign_directory_is_no_word_on_the_card() -> None:
    played = Played({"00A4040C": "9000", READ_DIR: record("A000000003000000")}, otherwise="6A82")
    assert recognise(played, ATR).type is CardType.UNKNOWN


def test_a_kvk_is_known_by_its_application() -> None:
    played = Played({"00A4040C": "9000", select("D27600000101"): "9000"}, otherwise="6A82")
    assert recognise(played, bytes.fromhex("3B04A2131091")).type is CardType.KVK


def test_an_atr_alone_recognises_nothing() -> None:
    card = recognise(Played({}, otherwise="6D00"), ATR)
    assert card.type is CardType.UNKNOWN
    assert not card.link.lengths.extended


def test_lengths_are_those_of_the_card_or_else_of_its_atr() -> None:
    sizes = b"".join(tlv.encode(2, number.to_bytes(3, "big")) for number in (1033, 32770, 1000, 1000))
    said = tlv.encode(0xE0, sizes) + tlv.encode(0x5F52, bytes.fromhex("80739621C0"))
    script = {"00A4040C": "9000", READ_DIR: record("D27600014606")}
    told = recognise(Played({**script, READ_ATR: said.hex() + "9000"}), ATR, reader_bytes=600).link.lengths
    assert (told.extended, told.chaining, told.command, told.answer) == (True, True, 600, 600)
    guessed = recognise(Played(script, otherwise="6A82"), ATR).link.lengths
    assert (guessed.extended, guessed.chaining, guessed.command, guessed.answer) == (True, True, 0, 0)
    nothing = recognise(Played(script, otherwise="6A82"), b"garbage").link.lengths
    assert (nothing.extended, nothing.chaining) == (False, False)


@given(st.lists(st.binary(max_size=40), max_size=12))
def test_any_card_is_recognised_or_a_typed_error(answers: list[bytes]) -> None:
    coming = iter(answers)
    try:
        card = recognise(Answering(lambda _command: next(coming, b"\x6a\x82")), ATR)
    except WorldError:
        return
    assert card.type in CardType
