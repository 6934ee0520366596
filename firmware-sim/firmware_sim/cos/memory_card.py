"""A KVK: a memory card without a processor, as readers show it by the commands for such cards (MKT, part 4).

SELECT of its application and READ BINARY are all it has; nothing protects it. Not checked against a real card.
"""

from firmware_sim.cos import words
from firmware_sim.cos.answer import Answer
from firmware_sim.cos.apdu import Command, read_command
from firmware_sim.cos.words import Refused

APPLICATION = bytes.fromhex("D27600000101")
# H1 to H4 of the synchronous answer: serial data with SLE 4432 structure, DIR data with an AID.
ATR = bytes.fromhex("3B04A2131091")


class MemoryCard:
    """The template of a KVK from byte 0 of its application's data."""

    def __init__(self, template: bytes, atr: bytes = ATR) -> None:
        self.template = template
        self.atr = atr

    def power_on(self) -> bytes:
        return self.atr

    def power_off(self) -> None:
        """Nothing is volatile but the current."""

    def reset(self) -> bytes:
        return self.atr

    def transmit(self, command: bytes) -> bytes:
        """One command in, data and status word out."""
        try:
            answer = self._answer(read_command(command))
        except Refused as refused:
            return refused.word.to_bytes(2, "big")
        return answer.data + answer.word.to_bytes(2, "big")

    def password(self, _reference: int) -> None:
        """A memory card has none."""

    def _answer(self, command: Command) -> Answer:
        if command.cla:
            raise Refused(words.UNKNOWN_CLASS)
        if command.ins == 0xA4:
            if command.data and not APPLICATION.startswith(command.data):
                raise Refused(words.FILE_NOT_FOUND)
            return Answer()
        if command.ins == 0xB0:
            return self._read(command)
        raise Refused(words.UNKNOWN_INSTRUCTION)

    def _read(self, command: Command) -> Answer:
        offset = command.p1 << 8 | command.p2
        if command.without_data().expected is None:
            raise Refused(words.WRONG_LENGTH)
        if offset >= len(self.template):
            raise Refused(words.OFFSET_TOO_BIG)
        part = self.template[offset : offset + (command.expected or 0)]
        short = len(part) < (command.expected or 0) and not command.wildcard
        return Answer(data=part, word=words.END_OF_FILE if short else words.OK)
