"""What a reader says of its pad, and how a PIN is then asked for: any bytes.

The first byte counts what answers the question for features, the rest answers that for properties. Rules: abilities,
never an error; the pad is asked at most once, by the code that it named, with a block without a digit whose lengths are
within those of the card.
"""

from collections.abc import Callable

from kartenwart.adapters.pcsc.pad import Abilities, ReaderPad, read_abilities
from kartenwart.adapters.pcsc.pcscd import GET_FEATURES
from kartenwart.cards.channel import PinTemplate
from kartenwart.codecs.pcsc_pin import EMPTY_FORMAT_2, Feature
from kartenwart.domain.failures import Reason, WorldError
from tests.fuzz.target import hold

SHORTEST, LONGEST = 6, 8
VERIFY = PinTemplate(command=bytes.fromhex("0020000108") + EMPTY_FORMAT_2, shortest=SHORTEST, longest=LONGEST)
CHANGE = PinTemplate(command=bytes.fromhex("0024000110") + EMPTY_FORMAT_2 * 2, shortest=SHORTEST, longest=LONGEST)
SET_NEW = PinTemplate(command=bytes.fromhex("0024010108") + EMPTY_FORMAT_2, shortest=SHORTEST, longest=LONGEST)


def judge(data: bytes) -> None:
    """Ask the reader for its abilities, then for each kind of entry."""
    features, properties = parts(data)
    told = read_abilities(lambda code, _block: features if code == GET_FEATURES else properties)
    hold("a pad is told by its feature alone", told.pad == (Feature.VERIFY_PIN_DIRECT in told.features))
    hold("a firmware can be shown", told.properties.firmware.isprintable() and len(told.properties.firmware) <= 40)
    hold("lengths are not negative", told.most_apdu_bytes >= 0)
    for entry in (lambda pad: pad.verify(VERIFY), lambda pad: pad.change(CHANGE), lambda pad: pad.set_new(SET_NEW)):
        _ask(told, entry)


def parts(data: bytes) -> tuple[bytes, bytes]:
    """Return the answers: a length of one byte in front of the first, the second is all that is left."""
    length = data[0] if data else 0
    return data[1 : 1 + length], data[1 + length :]


def _ask(told: Abilities, entry: Callable[[ReaderPad], bytes]) -> None:
    asked: list[tuple[int, bytes]] = []
    opened: list[int] = []

    def control(code: int, block: bytes) -> bytes:
        asked.append((code, block))
        return b"\x90\x00"

    try:
        entry(ReaderPad(control, told, lambda: opened.append(len(asked))))
    except WorldError as error:
        hold("a pad that cannot is told as such", error.failure.reason is Reason.READER_WITHOUT_PAD)
        hold("what is refused was not asked", not asked)
        return
    hold("the gate is passed once, and before the one block", opened == [0] and len(asked) == 1)
    ((code, block),) = asked
    hold("the code is one that the reader named", code in told.features.values())
    modify = block.endswith((CHANGE.command, SET_NEW.command))
    hold("the block carries a command without digits", modify or block.endswith(VERIFY.command))
    longest, shortest = block[7:9] if modify else block[5:7]
    hold("lengths are the card's or stricter", SHORTEST <= shortest <= longest <= LONGEST)
