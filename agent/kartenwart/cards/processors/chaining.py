"""Command chaining and GET RESPONSE (ISO/IEC 7816-4, 5.3.3 and 5.3.4) around a channel."""

from dataclasses import replace

from kartenwart.cards.channel import Channel
from kartenwart.cards.link import Lengths, heard
from kartenwart.cards.outcomes import OK
from kartenwart.cards.refusal import garbled
from kartenwart.codecs.apdu import EXTENDED_ANSWER, SHORT_ANSWER, Command, chain, read_command

_GET_RESPONSE = 0xC0
_MORE, _WRONG_LE = b"\x61", b"\x6c"
_MOST_PIECES = EXTENDED_ANSWER // SHORT_ANSWER + 1
# Only what changes nothing is asked again with the length that the card named.
_REPEATABLE = frozenset({0xB0, 0xB2})


class Chaining:
    """Cuts commands that card or reader do not take in one piece, and collects answers that come in several.

    A command that is too long for a card without chaining goes out as it is: the card says what it thinks of it.
    """

    def __init__(self, channel: Channel, lengths: Lengths) -> None:
        self._channel = channel
        self._lengths = lengths

    def transmit(self, command: bytes) -> bytes:
        """Send one command, in as many as it takes."""
        whole = read_command(command)
        *links, last = self._links(whole)
        for link in links:
            answer = self._channel.transmit(link.encode())
            if heard(answer).word != OK:
                return answer
        return self._collect(last, self._channel.transmit(last.encode()))

    def _links(self, whole: Command) -> list[Command]:
        if self._lengths.extended:
            fits = not self._lengths.command or len(whole.encode()) <= self._lengths.command
        else:
            fits = not whole.is_extended
        if fits:
            return [whole]
        expected = whole.expected if self._lengths.extended else min(whole.expected, SHORT_ANSWER)
        fitting = replace(whole, expected=expected)
        return list(chain(fitting, self._lengths.data_in)) if self._lengths.chaining else [fitting]

    def _collect(self, command: Command, answer: bytes) -> bytes:
        if answer[-2:-1] == _WRONG_LE and command.ins in _REPEATABLE:
            answer = self._channel.transmit(replace(command, expected=answer[-1] or SHORT_ANSWER).encode())
        found = b""
        for _ in range(_MOST_PIECES):
            if answer[-2:-1] != _MORE:
                return found + answer
            found += answer[:-2]
            more = Command(cla=command.cla & 0x03, ins=_GET_RESPONSE, p1=0, p2=0, expected=answer[-1] or SHORT_ANSWER)
            answer = self._channel.transmit(more.encode())
        raise garbled()
