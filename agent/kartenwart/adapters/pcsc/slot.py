"""One reader and the card in it, inside the reader's thread."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from kartenwart.adapters.pcsc.conditions import (
    NO_SMARTCARD,
    REMOVED_CARD,
    RESET_CARD,
    SHARING_VIOLATION,
    PcscError,
)
from kartenwart.adapters.pcsc.pad import Abilities, read_abilities
from kartenwart.adapters.pcsc.pcscd import Connection, Context
from kartenwart.cards.card import Card
from kartenwart.cards.recognition import recognise
from kartenwart.cards.refusal import CardRefusal
from kartenwart.domain.catalogue import halted
from kartenwart.domain.failures import Reason, WorldError

_UNAWARE = 0
# The card is well, or is not ours to reset.
_NO_RESET = frozenset({NO_SMARTCARD, REMOVED_CARD, RESET_CARD, SHARING_VIOLATION})


class Slot:
    """A reader while its thread lives: the card's channel, and the line to the reader's own pad.

    Connected beside others, and only until it rests: pcscd takes the power from a card that nobody uses for five
    seconds. After a PIN was verified the connection is kept, so that the PIN stays verified. All errors are
    WorldErrors.
    """

    def __init__(self, reader: str) -> None:
        self._reader = reader
        self._stack = ExitStack()
        self._context: Context | None = None
        self._connection: Connection | None = None
        self._insertion: int | None = None
        self._card: Card | None = None
        self._kept = False
        self._trouble: PcscError | None = None
        self.abilities = Abilities()

    def describe(self) -> Abilities:
        """Ask the reader what its pad can do; works without a card."""
        try:
            connection = self._opened().connect_to_reader(self._reader)
            try:
                self.abilities = replace(read_abilities(connection.control), usb=connection.usb)
            finally:
                connection.close()
        except PcscError as error:
            self._end_context(error)
            raise error.as_world_error(sent=False) from None
        return self.abilities

    @contextmanager
    def card(self, insertion: int) -> Iterator[Card]:
        """Have the card of an insertion for ourselves until the block ends. CARD_REMOVED where another one is in."""
        try:
            connection = self._own(insertion)
        except PcscError as error:
            self._close(error)
            raise error.as_world_error(sent=False) from None
        try:
            yield self._recognised(connection)
        except WorldError as error:
            garbled = error.failure.reason is Reason.CARD_FAULT and not isinstance(error, CardRefusal)
            if garbled and self._trouble is None:
                self._trouble = PcscError(0)
            raise
        finally:
            connection.end()
            if self._trouble is not None:
                self._close(self._trouble)

    def keep(self) -> None:
        """Stay connected after the block, until the card goes or is reset."""
        self._kept = True

    @property
    def restless(self) -> bool:
        """True while it is connected only because something else might follow at once."""
        return self._connection is not None and not self._kept

    def rest(self) -> None:
        """Let go of a card of which nothing is wanted any more, unless it is kept."""
        if not self._kept:
            self._close(None)

    def transmit(self, command: bytes) -> bytes:
        """Send a command to the card, inside the block (see cards.channel.Channel)."""
        return self._ask(lambda connection: connection.transmit(command))

    def control(self, control_code: int, data: bytes) -> bytes:
        """Send a block to the reader, inside the block."""
        return self._ask(lambda connection: connection.control(control_code, data))

    def forget(self) -> None:
        """Let go of a card that is no more, or of the one that was kept."""
        self._close(None)
        self._insertion = self._card = None

    def close(self) -> None:
        """Let go of everything."""
        self.forget()
        self._end_context(None)

    def _ask(self, question: Callable[[Connection], bytes]) -> bytes:
        if self._connection is None:
            raise halted(Reason.CARD_REMOVED)
        try:
            return question(self._connection)
        except PcscError as error:
            self._trouble = error
            raise error.as_world_error(sent=True) from None

    def _own(self, insertion: int) -> Connection:
        """Return a connection to the card of this insertion that keeps others away."""
        if self._insertion != insertion:
            self.forget()
        connection = self._connection
        if connection is None:
            context = self._opened()
            connection = self._connection = context.connect(self._reader)
            # Looked up behind the connection: a card that was swapped before it has counted by now.
            if context.changes({self._reader: _UNAWARE}, 0)[self._reader].count != insertion:
                raise PcscError(REMOVED_CARD)
            self._insertion = insertion
        try:
            connection.begin()
        except PcscError as error:
            if error.code != RESET_CARD:
                raise
            connection.reconnect()
            self._kept = False
            connection.begin()
        return connection

    def _recognised(self, connection: Connection) -> Card:
        if self._card is None:
            try:
                atr = connection.atr
            except PcscError as error:
                self._trouble = error
                raise error.as_world_error(sent=False) from None
            self._card = recognise(self, atr, reader_bytes=self.abilities.most_apdu_bytes)
        return self._card

    def _opened(self) -> Context:
        if self._context is None:
            self._context = self._stack.enter_context(Context())
        return self._context

    def _close(self, trouble: PcscError | None) -> None:
        """Disconnect; what went wrong inside card or reader is cleared by a reset."""
        connection, self._connection = self._connection, None
        self._kept, self._trouble = False, None
        if connection is not None:
            connection.close(reset=trouble is not None and trouble.code not in _NO_RESET)
        if trouble is not None:
            self._end_context(trouble)

    def _end_context(self, trouble: PcscError | None) -> None:
        if trouble is None or trouble.reason is Reason.READER_SERVICE_DOWN:
            self._stack.close()
            self._context = None
