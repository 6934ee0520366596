"""A card as sessions talk to it: commands as values, refusals as errors, files read in pieces that fit."""

from collections.abc import Callable
from dataclasses import dataclass

from kartenwart.cards import commands
from kartenwart.cards.channel import Channel
from kartenwart.cards.outcomes import END_OF_FILE, NO_SUCH_OFFSET, OK, Asked
from kartenwart.cards.refusal import CardRefusal, garbled
from kartenwart.codecs.apdu import (
    EXTENDED_ANSWER,
    SHORT_ANSWER,
    SHORT_DATA,
    Command,
    Response,
    read_response,
)
from kartenwart.codecs.malformed import MalformedError

_BEHIND_THE_END = (OK, END_OF_FILE, NO_SUCH_OFFSET)
LARGEST_FILE = 0x8000
"""Bytes: READ BINARY counts its offset in 15 bits."""
_MOST_PIECES = 2 * LARGEST_FILE // SHORT_ANSWER
_WORD_BYTES = 2
_LENGTHS_BYTES = 9  # extended: header, Lc and Le

Complete = Callable[[bytes], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lengths:
    """How long APDUs may be that card and reader take, in bytes with header and status word; 0 where unknown.

    What is not `extended` has short length fields; `chaining` cuts longer commands into links.
    """

    extended: bool = False
    chaining: bool = False
    command: int = 0
    answer: int = 0

    @property
    def data_in(self) -> int:
        """Bytes of data in one command."""
        return max(SHORT_DATA, self.command - _LENGTHS_BYTES) if self.extended else SHORT_DATA

    @property
    def data_out(self) -> int:
        """Bytes of data to ask for at once."""
        if not self.extended:
            return SHORT_ANSWER
        room = self.answer - _WORD_BYTES
        return EXTENDED_ANSWER if not self.answer or room >= LARGEST_FILE else max(SHORT_ANSWER, room)

    @property
    def full_answer(self) -> int:
        """Bytes below which an answer is the end of what there is; 0 where nobody said how much fits into one."""
        if not self.extended:
            return SHORT_ANSWER
        return min(self.data_out, self.answer - _WORD_BYTES) if self.answer else 0

    def within(self, reader_bytes: int) -> "Lengths":
        """Return what also goes through a reader that takes so many bytes per APDU; 0 is no limit."""
        if not reader_bytes:
            return self
        return Lengths(
            extended=self.extended and reader_bytes > SHORT_DATA + _LENGTHS_BYTES + 1,
            chaining=self.chaining,
            command=min(self.command or reader_bytes, reader_bytes),
            answer=min(self.answer or reader_bytes, reader_bytes),
        )


class CardLink:
    """One channel to one card, for one session at a time: opening a session selects its application for all."""

    def __init__(self, channel: Channel, lengths: Lengths) -> None:
        self.channel = channel
        self.lengths = lengths

    def ask(self, command: Command, asked: Asked) -> bytes:
        """Return the data of a success; CardRefusal for every other status word."""
        answer = self.answer(command)
        if answer.word != OK:
            raise CardRefusal(asked, answer.word)
        return answer.data

    def answer(self, command: Command) -> Response:
        """Return whatever the card answers; WorldError CARD_FAULT where that is no response."""
        return heard(self.channel.transmit(command.encode()))

    def select(self, identifier: bytes) -> None:
        """Select an application by its full identifier. CARD_TYPE_WRONG, CARD_INVALID."""
        self.ask(commands.select_application(identifier), Asked.APPLICATION)

    def read(self, short_identifier: int, asked: Asked = Asked.FILE, complete: Complete | None = None) -> bytes:
        """Return a file of the selected application, empty where nothing is in it.

        It ends where `complete` says so, or where the card does.
        """
        return self._pieces(commands.read_file(short_identifier, self.lengths.data_out), asked, complete)

    def read_current(self, asked: Asked = Asked.FILE, complete: Complete | None = None) -> bytes:
        """Return the file that is selected already."""
        return self._pieces(commands.read_binary(0, self.lengths.data_out), asked, complete)

    def _pieces(self, first: Command, asked: Asked, complete: Complete | None) -> bytes:
        found, command = b"", first
        for _ in range(_MOST_PIECES):
            answer = self.answer(command)
            if not answer.data and answer.word in _BEHIND_THE_END:
                return found
            if answer.word not in (OK, END_OF_FILE):
                raise CardRefusal(asked, answer.word)
            found += answer.data
            if self._ended(answer) or (complete is not None and complete(found)) or len(found) >= LARGEST_FILE:
                return found[:LARGEST_FILE]
            command = commands.read_binary(len(found), self.lengths.data_out)
        raise garbled()  # it drips

    def _ended(self, answer: Response) -> bool:
        return answer.word == END_OF_FILE or len(answer.data) < self.lengths.full_answer


def heard(raw: bytes) -> Response:
    """Read what came from a card or a pad; WorldError CARD_FAULT where it is no response."""
    try:
        return read_response(raw)
    except MalformedError:
        raise garbled() from None
