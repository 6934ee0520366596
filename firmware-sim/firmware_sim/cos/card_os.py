"""The card: power, transmission, chaining, and which command goes where."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from firmware_sim.cos import environments, keys, passwords, reading, selecting, words
from firmware_sim.cos.answer import Answer
from firmware_sim.cos.apdu import LONGEST_COMMAND, LONGEST_DATA, Command, read_command
from firmware_sim.cos.channel import LogicalChannel
from firmware_sim.cos.objects import Folder, Password
from firmware_sim.cos.words import Refused
from firmware_sim.world.counts import CardCounts

_CHAINED, _SECURED, _CHANNEL, _PROPRIETARY = 0x10, 0x0C, 0x03, 0x80
_GET_RESPONSE = 0xC0

Handler = Callable[[LogicalChannel, Command], Answer]


def _no_more_channels(_channel: LogicalChannel, _command: Command) -> Answer:
    raise Refused(words.NO_MORE_CHANNELS)


_HANDLERS: Mapping[tuple[int, int], Handler] = MappingProxyType(
    {
        (0x00, 0x20): passwords.verify,
        (0x80, 0x20): passwords.status,
        (0x00, 0x22): environments.manage,
        (0x00, 0x24): passwords.change,
        (0x00, 0x26): passwords.disable,
        (0x00, 0x28): passwords.enable,
        (0x00, 0x2A): keys.perform,
        (0x00, 0x2C): passwords.reset,
        (0x00, 0x70): _no_more_channels,
        (0x00, 0x84): keys.challenge,
        (0x80, 0x84): keys.random,
        (0x00, 0x88): keys.authenticate,
        (0x00, 0xA4): selecting.select,
        (0x00, 0xB0): reading.read_binary,
        (0x00, 0xB2): reading.read_record,
    }
)


class CardOs:
    """One card. Not for two callers at once: a reader has one line to it.

    What was verified and selected lives until `reset`, `power_on` or `power_off`; attempts and PINs live in the
    passwords of `master`, which are the world's.
    """

    def __init__(self, master: Folder, atr: bytes, counts: CardCounts | None = None) -> None:
        self.master = master
        self.atr = atr
        self._counts = counts or CardCounts()
        self._channel = LogicalChannel(master, self._counts)
        self._waiting = b""
        self._chain: Command | None = None

    def power_on(self) -> bytes:
        """The contacts get current: everything volatile is fresh. Returns the ATR."""
        self._forget()
        return self.atr

    def power_off(self) -> None:
        """The current is gone, by the reader or because the card was pulled."""
        self._forget()

    def reset(self) -> bytes:
        """A warm reset does to the card what a cold one does."""
        return self.power_on()

    def transmit(self, command: bytes) -> bytes:
        """One command APDU in, data and status word out; whatever comes in, an answer comes back."""
        waiting, self._waiting = self._waiting, b""
        chain, self._chain = self._chain, None
        try:
            answer = self._answer(command, waiting, chain)
        except Refused as refused:
            answer = refused.word.to_bytes(2, "big")
        return answer

    def password(self, reference: int) -> Password | None:
        """The password that a reference means now; what it is called is no secret."""
        try:
            return self._channel.password(reference)
        except Refused:
            return None

    def _forget(self) -> None:
        self._channel = LogicalChannel(self.master, self._counts)
        self._waiting = b""
        self._chain = None

    def _answer(self, raw: bytes, waiting: bytes, chain: Command | None) -> bytes:
        handler = _handler(raw)
        command = read_command(raw)
        if len(raw) > LONGEST_COMMAND:
            raise Refused(words.WRONG_LENGTH)
        if handler is None:
            return self._send(command, _fetched(command, waiting))
        if chain is not None:
            command = _joined(chain, command)
        if command.chained:
            self._chain = command
            return words.OK.to_bytes(2, "big")
        return self._send(command, handler(self._channel, command))

    def _send(self, command: Command, answer: Answer) -> bytes:
        """As much as the caller takes; for the rest it must ask again (GET RESPONSE)."""
        most = min(command.expected or 0, LONGEST_DATA)
        part, self._waiting = answer.data[:most], answer.data[most:]
        word = answer.word
        if self._waiting:
            word = words.MORE_DATA | (len(self._waiting) if len(self._waiting) < 0x100 else 0)
        return part + word.to_bytes(2, "big")


def _handler(raw: bytes) -> Handler | None:
    """Who takes the command, None for GET RESPONSE. Class before instruction, as every card checks them."""
    if len(raw) < 4:
        raise Refused(words.WRONG_LENGTH)
    cla, ins = raw[0], raw[1]
    if cla & ~(_PROPRIETARY | _CHAINED | _SECURED | _CHANNEL):
        raise Refused(words.UNKNOWN_CLASS)
    if cla & _CHANNEL:
        raise Refused(words.CHANNEL_CLOSED)
    if cla & _SECURED:
        raise Refused(words.NO_SECURE_MESSAGING)
    if (cla, ins) == (0x00, _GET_RESPONSE):
        return None
    handler = _HANDLERS.get((cla & _PROPRIETARY, ins))
    if handler is None:
        raise Refused(words.UNKNOWN_INSTRUCTION)
    return handler


def _fetched(command: Command, waiting: bytes) -> Answer:
    if command.p1 or command.p2:
        raise Refused(words.WRONG_PARAMETERS)
    if command.without_data().expected is None:
        raise Refused(words.WRONG_LENGTH)
    if not waiting:
        raise Refused(words.NOT_USABLE)
    return Answer(data=waiting)


def _joined(chain: Command, link: Command) -> Command:
    """The next link of a chain: only Le and the mark of a chain may differ from the ones before."""
    if chain.header != bytes((link.cla | _CHAINED, *link.header[1:])):
        raise Refused(words.CHAIN_BROKEN)
    joined = link.after(chain.data)
    if len(joined.data) > LONGEST_COMMAND:
        raise Refused(words.WRONG_LENGTH)
    return joined
