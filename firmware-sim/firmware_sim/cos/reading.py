"""READ BINARY and READ RECORD."""

from firmware_sim.cos import words
from firmware_sim.cos.answer import Answer
from firmware_sim.cos.apdu import LONGEST_DATA, Command
from firmware_sim.cos.channel import LogicalChannel
from firmware_sim.cos.objects import RecordFile, TransparentFile
from firmware_sim.cos.words import Refused

_WITH_SHORT = 0x80
_ONE_RECORD = 0x04


def read_binary(channel: LogicalChannel, command: Command) -> Answer:
    """Bytes from an offset on: P1 80 + short identifier and P2, or P1 and P2 as the offset in the current file.

    Fewer than asked for come with 6282, an offset at or behind the end is 6B00.
    """
    expected = _expected(command)
    with_short = bool(command.p1 & _WITH_SHORT)
    if with_short and command.p1 & 0x60:
        raise Refused(words.WRONG_PARAMETERS)
    file = channel.choose_file(command.p1 & 0x1F if with_short else 0)
    if not isinstance(file, TransparentFile):
        raise Refused(words.WRONG_FILE_TYPE)
    channel.require(file, channel.folder, command)
    offset = command.p2 if with_short else command.p1 << 8 | command.p2
    content = file.content()
    if offset >= len(content):
        raise Refused(words.OFFSET_TOO_BIG)
    return _portion(content[offset:], expected, command)


def read_record(channel: LogicalChannel, command: Command) -> Answer:
    """One record by its number: P1 the number, P2 short identifier and the mode 04. 6A83 when there is none."""
    expected = _expected(command)
    if command.p2 & 0x07 != _ONE_RECORD or command.p1 == 0:
        raise Refused(words.WRONG_PARAMETERS)
    file = channel.choose_file(command.p2 >> 3)
    if not isinstance(file, RecordFile):
        raise Refused(words.WRONG_FILE_TYPE)
    channel.require(file, channel.folder, command)
    records = file.records()
    if command.p1 > len(records):
        raise Refused(words.RECORD_NOT_FOUND)
    return _portion(records[command.p1 - 1], expected, command)


def _expected(command: Command) -> int:
    if command.without_data().expected is None:
        raise Refused(words.WRONG_LENGTH)
    return command.expected or 0


def _portion(content: bytes, expected: int, command: Command) -> Answer:
    short = len(content) < expected and not command.wildcard
    return Answer(data=content[: min(expected, LONGEST_DATA)], word=words.END_OF_FILE if short else words.OK)
