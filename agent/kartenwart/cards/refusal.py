"""What a card's refusal is: a WorldError that keeps what was asked and the card's word for it."""

from collections.abc import Iterator
from contextlib import contextmanager

from kartenwart.cards.outcomes import Asked, reached_card, reason_of
from kartenwart.codecs.malformed import MalformedError
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError


class CardRefusal(WorldError):
    """A card answered with a status word that is no success; nothing of its data is in here."""

    def __init__(self, asked: Asked, word: int) -> None:
        super().__init__(failure(reason_of(asked, word)), sent=reached_card(asked, word))
        self.asked = asked
        self.word = word

    def __str__(self) -> str:
        return f"{self.failure.reason.value} ({self.asked.name} {self.word:04X})"


def garbled(*, sent: bool = True) -> WorldError:
    """Return the error for an answer that no card should give."""
    return WorldError(failure(Reason.CARD_FAULT), sent=sent)


@contextmanager
def before_the_verb() -> Iterator[None]:
    """Mark what goes wrong in front of a verb: of the verb itself nothing was sent."""
    try:
        yield
    except WorldError as error:
        error.sent = False
        raise


@contextmanager
def decoding() -> Iterator[None]:
    """Turn what a codec cannot read into what a card should not have answered; nothing of it stays in the chain."""
    try:
        yield
    except MalformedError:
        raise garbled() from None
