"""Lengths, classes, chains and GET RESPONSE; and that an answer comes back whatever comes in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.cos.access import AccessRules, RuleError, read_condition, read_published_rules, read_rules
from firmware_sim.cos.apdu import read_command
from firmware_sim.cos.atr import atr
from firmware_sim.cos.card_os import CardOs
from firmware_sim.cos.objects import Folder, Password, RecordFile, TransparentFile
from firmware_sim.cos.words import Refused
from firmware_sim.world.card import Pin
from firmware_sim.world.configuration import PinConfiguration
from tests.sim.cos.wire import send, words

FREE = read_rules([("00B0????", "ALW"), ("00B2????", "ALW")])
BIG = bytes(range(256)) * 200


def card(*, life_cycle: str = "ACTIVATED", secret: AccessRules = FREE) -> CardOs:
    """A card of one folder with a big file, records and a PIN."""
    pin = Pin(PinConfiguration(reference="PIN", pin="123456"))
    pins = read_rules([("002000??", "ALW"), ("802000??", "ALW")])
    master = Folder(
        name="MF",
        application_ids=(b"\xd2\x76\x00\x01\x00",),
        rules=AccessRules(),
        identifier=0x3F00,
        files=[
            TransparentFile(
                name="BIG",
                identifier=1,
                short=1,
                size=len(BIG),
                content=lambda: BIG,
                rules=secret,
                life_cycle=life_cycle,
            ),
            RecordFile(
                name="REC",
                identifier=2,
                short=2,
                kind="cyclic",
                record_size=3,
                records=lambda: (b"abc", b"de"),
                rules=FREE,
            ),
        ],
        passwords=[Password(name="PIN", identifier=1, pin=pin, lengths=range(6, 9), rules=pins)],
    )
    return CardOs(master, atr())


@pytest.mark.parametrize(
    ("raw", "data", "expected"),
    [
        ("00A40000", "", None),
        ("00A4000000", "", 256),
        ("00A4000010", "", 16),
        ("00A4000002AABB", "AABB", None),
        ("00A4000002AABB00", "AABB", 256),
        ("00A40000000000", "", 65536),
        ("00A40000001000", "", 4096),
        ("00A40000000002AABB", "AABB", None),
        ("00A40000000002AABB0100", "AABB", 256),
        ("00A40000000002AABB0000", "AABB", 65536),
    ],
)
def test_lengths(raw: str, data: str, expected: int | None) -> None:
    command = read_command(bytes.fromhex(raw))
    assert (command.data, command.expected) == (bytes.fromhex(data), expected)


@pytest.mark.parametrize(
    "raw", ["", "00A400", "00A4000002AA", "00A4000002AABBCCDD", "00A40000000002AABB00", "00A400000000"]
)
def test_lengths_that_do_not_fit(raw: str) -> None:
    with pytest.raises(Refused, match="6700"):
        read_command(bytes.fromhex(raw))


def test_an_extended_answer() -> None:
    chip = card()
    assert send(chip, "00B081000001F4") == (BIG[:500], "9000")
    assert send(chip, "00B08100000000") == (BIG[:32768], "9000"), "as much as EF.ATR promises"


def test_the_rest_of_an_answer_is_fetched() -> None:
    chip = card()
    first = send(chip, "00A4040405D276000100")
    assert (first.data, first.word[:2]) == (b"", "61"), "the caller took nothing"
    size = bytes.fromhex(first.word)[1]
    part = send(chip, "00C0000004")
    assert (len(part.data), part.word) == (4, f"61{size - 4:02X}")
    rest = send(chip, "00C0000000")
    assert (len(rest.data), rest.word, rest.data[-3:].hex()) == (size - 4, "9000", "8a0105")
    assert send(chip, "00C0000000").word == "6985"
    send(chip, "00A4040405D276000100")
    assert words(chip, "00B0810010", "00C0000000") == ["9000", "6985"], "another command drops it"
    send(chip, "00A4040405D276000100")
    assert words(chip, "00FF0000", "00C0000000") == ["6D00", "6985"], "one that is refused does too"


def test_a_chain_is_one_command() -> None:
    chip = card()
    assert words(chip, "1020000104" + "26123456", "0020000104" + "FFFFFFFF") == ["9000", "9000"]
    chip.reset()
    assert words(chip, "102000010426123456", "80200001") == ["9000", "6883"]
    assert words(chip, "80200001", "0020000104FFFFFFFF") == ["63C3", "6700"], "the chain is broken"
    for _ in range(4):
        assert send(chip, "10A40000FF" + "00" * 255).word == "9000"
    assert send(chip, "10A40000FF" + "00" * 255).word == "6700", "more than the card can hold"


def test_what_is_checked_first() -> None:
    chip = card()
    assert words(
        chip, "20A4040C", "E0FF", "00FF000002AA", "01A4040C", "0CA4040C", "00FF0000", "00700000", "00A4990C05"
    ) == ["6E00", "6700", "6D00", "6881", "6882", "6D00", "6981", "6A86"]
    assert chip.transmit(bytes.fromhex("00A4040C000500") + bytes(1280)) == b"\x67\x00"


def test_records() -> None:
    chip = card()
    assert send(chip, "00B2011400") == (b"abc", "9000")
    assert send(chip, "00B2020403") == (b"de", "6282"), "the current file"
    assert send(chip, "00B2030400").word == "6A83"
    assert words(chip, "00B0820000", "00B2010C00", "00B2001400", "00B2011500") == ["6981", "6981", "6A86", "6A86"]


def test_a_deactivated_file_says_so_and_stays_closed() -> None:
    chip = card(life_cycle="DEACTIVATED")
    assert words(chip, "00A4020C020001", "00B0000000") == ["6282", "6982"]
    assert send(chip, "00A40204020001" + "00").data[-1] == 0x04
    assert send(card(life_cycle="TERMINATED"), "00A4020C020001").word == "6283"


def test_a_pin_that_is_switched_off_guards_nothing() -> None:
    chip = card(secret=read_rules([("00B0????", "PWD(01)")]))
    assert send(chip, "00B0810004").word == "6982"
    chip.master.passwords[0].pin.enable(False)
    assert words(chip, "00B0810004", "80200001") == ["9000", "62D0"]


def test_reset_forgets_where_it_stood() -> None:
    chip = card()
    send(chip, "00B0810010")
    assert send(chip, "00B0000010").word == "9000"
    assert chip.reset() == chip.atr
    assert send(chip, "00B0000010").word == "6986"


def test_the_atr_is_well_formed() -> None:
    answer = atr()
    total = 0
    for byte in answer[1:]:
        total ^= byte
    assert (answer[0], answer[1] & 0x0F, total) == (0x3B, len(answer) - 11, 0)


@given(st.binary(max_size=300))
def test_any_bytes_get_an_answer(raw: bytes) -> None:
    assert len(card().transmit(raw)) >= 2


_INSTRUCTIONS = st.sampled_from([0x20, 0x22, 0x24, 0x2A, 0x2C, 0x84, 0x88, 0xA4, 0xB0, 0xB2, 0xC0])


@given(st.lists(st.tuples(st.sampled_from([0x00, 0x10, 0x80]), _INSTRUCTIONS, st.binary(min_size=2, max_size=20))))
def test_any_commands_in_any_order_get_an_answer(commands: list[tuple[int, int, bytes]]) -> None:
    chip = card()
    for cla, ins, rest in commands:
        assert len(chip.transmit(bytes([cla, ins]) + rest)) >= 2


def test_conditions() -> None:
    def met(text: str, *verified: int) -> set[int] | None:
        needed = read_condition(text).met_by(lambda reference: reference in verified)
        return None if needed is None else set(needed)

    assert met("ALW") == set()
    assert met("NEV") is None
    assert met("PWD(81)", 0x81) == {0x81}
    assert met("PWD(81)", 0x01) is None
    assert met("AND{PWD(01),PWD(02)}", 1, 2) == {1, 2}
    assert met("AND{PWD(01),SMMAC(02)}", 1) is None
    assert met("OR{AND{PWD(01),AUTCHAT(cvc_FlagList_TI:00)},PWD(02)}", 1, 2) == {2}
    assert met("OR{SMMAC(02),SMRSPENC}", 2) is None


@pytest.mark.parametrize("text", ["", "AND{", "AND{PWD(01)", "XYZ", "ALW}", "PWD", "OR{ALW,}"])
def test_conditions_that_cannot_be_read(text: str) -> None:
    with pytest.raises(RuleError):
        read_condition(text)


def test_published_rules_by_interface_life_cycle_and_environment() -> None:
    text = (
        "CB{[ACTIVATED,1,{({00||b0||??||??,00||d6||??||??},ALW),({00||20||00||??},PWD(01))}],"
        "[ACTIVATED,2,{({00||b0||??||??},AND{SMMAC(02),SMRSPENC})}],[DEACTIVATED,??,{({00||44||00||00},ALW)}]},"
        "CL{[ACTIVATED,1,{({00||b0||??||??},AND{SMMAC(02),SMRSPENC})}]}"
    )
    contact, aerial = read_published_rules(text), read_published_rules(text, "CL")
    binary, never = bytes.fromhex("00B08100"), read_condition("NEV")
    assert contact.condition("ACTIVATED", 1, binary) == read_condition("ALW")
    assert contact.condition("ACTIVATED", 1, bytes.fromhex("00200005")) == read_condition("PWD(01)")
    assert contact.condition("ACTIVATED", 1, bytes.fromhex("00200105")) == never
    assert contact.condition("ACTIVATED", 2, binary) == read_condition("AND{SMMAC(02),SMRSPENC}")
    assert contact.condition("DEACTIVATED", 3, bytes.fromhex("00440000")) == read_condition("ALW")
    assert contact.condition("DEACTIVATED", 1, binary) == never
    assert aerial.condition("ACTIVATED", 1, binary) == read_condition("AND{SMMAC(02),SMRSPENC}")
    with pytest.raises(RuleError):
        read_rules([("00B0", "ALW")])
