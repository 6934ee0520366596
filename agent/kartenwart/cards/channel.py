"""The two ports of a card: bytes to its chip, and a pad at which a person types."""

from dataclasses import dataclass
from typing import Protocol


class Channel(Protocol):
    """Carries commands to one card."""

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU and return data and status word; blocks, WorldError where the card is not reached."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PinTemplate:
    """A command with places for secrets: eight bytes each, an empty format-2 block that the pad fills.

    The first place is that of the old PIN or PUK where there is one; `shortest` and `longest` count digits and hold for
    each secret.
    """

    command: bytes
    shortest: int
    longest: int


class PinPad(Protocol):
    """A reader's pad: the only way in which a PIN reaches a card. No PIN ever comes to this side.

    Each method sends once and is never repeated. It returns data and status word of the card, or of the pad: 6400 no
    digit in time, 6401 cancelled, 6402 new PINs differ, 6403 length, 6B80 block refused (PC/SC part 10). WorldError
    with `sent` where no answer came.
    """

    def verify(self, template: PinTemplate) -> bytes:
        """Let a person type the one secret of the template: a PIN, or a PUK alone."""
        ...

    def change(self, template: PinTemplate) -> bytes:
        """Let a person type the old PIN or PUK, and the new PIN twice."""
        ...

    def set_new(self, template: PinTemplate) -> bytes:
        """Let a person type the new PIN twice; the template has no other secret."""
        ...
