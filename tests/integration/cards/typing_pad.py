"""A reader's pad with a person at it, between the product and the simulator's card."""

from collections.abc import Sequence

from firmware_sim.cos.chips import Chip
from kartenwart.cards.channel import PinTemplate

_BLOCK = 8
_DATA = 5


class TypingPad:
    """Types the digits in turn into the places of a template and sends it to the chip; judges lengths as a pad does."""

    def __init__(self, chip: Chip, *digits: str) -> None:
        self._chip = chip
        self._digits: list[str] = list(digits)
        self.sent = 0

    def verify(self, template: PinTemplate) -> bytes:
        return self._enter(template, self._take(1))

    def change(self, template: PinTemplate) -> bytes:
        old, new, again = self._take(3)
        return self._enter(template, (old, new)) if new == again else b"\x64\x02"

    def set_new(self, template: PinTemplate) -> bytes:
        new, again = self._take(2)
        return self._enter(template, (new,)) if new == again else b"\x64\x02"

    def _take(self, number: int) -> Sequence[str]:
        typed, self._digits = self._digits[:number], self._digits[number:]
        assert len(typed) == number, "the person was asked for more than expected"
        return typed

    def _enter(self, template: PinTemplate, secrets: Sequence[str]) -> bytes:
        if not all(template.shortest <= len(secret) <= template.longest for secret in secrets):
            return b"\x64\x03"
        command = bytearray(template.command)
        for number, secret in enumerate(secrets):
            start = _DATA + _BLOCK * number
            command[start : start + _BLOCK] = bytes.fromhex(f"2{len(secret):X}{secret}".ljust(16, "F"))
        self.sent += 1
        return self._chip.transmit(bytes(command))
