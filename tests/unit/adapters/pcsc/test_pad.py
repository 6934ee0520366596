"""What a pad is sent: blocks by PC/SC part 10, within what card and pad both allow, once, and without any PIN."""

import struct

import pytest

from kartenwart.adapters.pcsc.conditions import NO_SERVICE, PcscError
from kartenwart.adapters.pcsc.pad import Abilities, ReaderPad, read_abilities
from kartenwart.adapters.pcsc.pcscd import GET_FEATURES, usb_channel
from kartenwart.cards.channel import PinTemplate
from kartenwart.codecs.pcsc_pin import Feature, Properties
from kartenwart.domain.failures import Reason, WorldError

VERIFY_CODE, MODIFY_CODE, PROPERTIES_CODE = 0x42000001, 0x42000002, 0x42000003
UNSUPPORTED = 0x8010001F
EMPTY = bytes.fromhex("20FFFFFFFFFFFFFF")
VERIFY = PinTemplate(command=bytes.fromhex("0020000108") + EMPTY, shortest=6, longest=8)
CHANGE = PinTemplate(command=bytes.fromhex("0024000110") + EMPTY * 2, shortest=6, longest=8)
FEATURES: dict[int, int] = {
    Feature.VERIFY_PIN_DIRECT: VERIFY_CODE,
    Feature.MODIFY_PIN_DIRECT: MODIFY_CODE,
    Feature.GET_TLV_PROPERTIES: PROPERTIES_CODE,
}


class PlayedReader:
    """Answers control codes out of a table, and keeps what it was sent."""

    def __init__(self, answers: dict[int, bytes | int]) -> None:
        self._answers = answers
        self.sent: list[tuple[int, bytes]] = []

    def control(self, code: int, data: bytes) -> bytes:
        self.sent.append((code, data))
        answer = self._answers.get(code, UNSUPPORTED)
        if isinstance(answer, int):
            raise PcscError(answer)
        return answer


def features(*codes: tuple[int, int]) -> bytes:
    return b"".join(struct.pack(">BBI", feature, 4, code) for feature, code in codes)


def test_a_reader_that_knows_the_questions_says_what_it_can() -> None:
    told = bytes.fromhex("060104 07010C 0A0400010000 FF00".replace(" ", ""))
    reader = PlayedReader({GET_FEATURES: features(*FEATURES.items()), PROPERTIES_CODE: told})
    abilities = read_abilities(reader.control)
    assert abilities.pad
    assert abilities.features == FEATURES
    assert (abilities.properties.shortest_pin, abilities.properties.longest_pin) == (4, 12)
    assert abilities.most_apdu_bytes == 0x100


@pytest.mark.parametrize("answer", [UNSUPPORTED, b"", b"\x06\x04\x42", b"\x06\x03\x42\x00\x00\x01"])
def test_a_reader_that_knows_no_question_or_garbles_has_no_pad(answer: bytes | int) -> None:
    abilities = read_abilities(PlayedReader({GET_FEATURES: answer}).control)
    assert (abilities.pad, abilities.most_apdu_bytes) == (False, 0)


@pytest.mark.parametrize("answer", [UNSUPPORTED, b"\x06\x05\x00"])
def test_properties_that_cannot_be_read_cost_nothing_else(answer: bytes | int) -> None:
    reader = PlayedReader({GET_FEATURES: features(*FEATURES.items()), PROPERTIES_CODE: answer})
    assert read_abilities(reader.control).pad


@pytest.mark.parametrize("where", [GET_FEATURES, PROPERTIES_CODE])
def test_a_pcscd_that_is_gone_is_no_reader_without_abilities(where: int) -> None:
    answers: dict[int, bytes | int] = {GET_FEATURES: features(*FEATURES.items()), PROPERTIES_CODE: b""}
    with pytest.raises(PcscError) as told:
        read_abilities(PlayedReader({**answers, where: NO_SERVICE}).control)
    assert told.value.reason is Reason.READER_SERVICE_DOWN


def test_each_verb_goes_out_once_behind_its_gate_with_empty_places() -> None:
    reader = PlayedReader({VERIFY_CODE: b"\x63\xc2", MODIFY_CODE: b"\x90\x00"})
    order: list[str] = []

    def gate() -> None:
        order.append(f"gate before {len(reader.sent)}")

    pad = ReaderPad(reader.control, Abilities(features=FEATURES), gate)
    assert pad.verify(VERIFY) == b"\x63\xc2"
    assert pad.change(CHANGE) == b"\x90\x00"
    assert pad.set_new(PinTemplate(command=bytes.fromhex("0024010108") + EMPTY, shortest=6, longest=8)) == b"\x90\x00"
    assert order == ["gate before 0", "gate before 1", "gate before 2"]
    assert [code for code, _ in reader.sent] == [VERIFY_CODE, MODIFY_CODE, MODIFY_CODE]
    verify = reader.sent[0][1]
    assert verify[2:4] == b"\x89\x47"
    assert struct.unpack_from("<H", verify, 5) == (0x0608,)
    assert verify.endswith(VERIFY.command)


def test_what_the_gate_refuses_is_not_sent() -> None:
    reader = PlayedReader({VERIFY_CODE: b"\x90\x00"})

    def shut() -> None:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ReaderPad(reader.control, Abilities(features=FEATURES), shut).verify(VERIFY)
    assert reader.sent == []


@pytest.mark.parametrize(
    ("told", "entry"),
    [(Properties(shortest_pin=4, longest_pin=12), (6, 8)), (Properties(shortest_pin=7, longest_pin=7), (7, 7))],
)
def test_lengths_are_what_card_and_pad_both_allow(told: Properties, entry: tuple[int, int]) -> None:
    reader = PlayedReader({VERIFY_CODE: b"\x90\x00"})
    ReaderPad(reader.control, Abilities(features=FEATURES, properties=told), lambda: None).verify(VERIFY)
    assert struct.unpack_from("<H", reader.sent[0][1], 5) == (entry[0] << 8 | entry[1],)


@pytest.mark.parametrize(
    "abilities",
    [
        Abilities(),
        Abilities(features={int(Feature.MODIFY_PIN_DIRECT): MODIFY_CODE}),
        Abilities(features=FEATURES, properties=Properties(longest_pin=4)),
    ],
    ids=["no-pad", "only-modify", "too-short"],
)
def test_a_pad_that_cannot_ask_for_it_is_not_asked(abilities: Abilities) -> None:
    reader = PlayedReader({VERIFY_CODE: b"\x90\x00"})
    with pytest.raises(WorldError) as told:
        ReaderPad(reader.control, abilities, lambda: None).verify(VERIFY)
    assert (told.value.failure.reason, told.value.sent, reader.sent) == (Reason.READER_WITHOUT_PAD, False, [])


@pytest.mark.parametrize(
    ("attribute", "channel"),
    [
        (struct.pack("=I", 0x00200107), (1, 7)),
        (struct.pack("=I", 0x00200107) + b"\0\0\0\0", (1, 7)),
        (struct.pack("=I", 0x00010107), None),
        (b"\x07\x01", None),
        (b"", None),
    ],
)
def test_the_place_on_the_usb_is_told_where_the_driver_tells_it(
    attribute: bytes, channel: tuple[int, int] | None
) -> None:
    assert usb_channel(attribute) == channel
