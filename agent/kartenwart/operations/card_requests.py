"""A person is asked at a terminal to insert a card, or to take one out."""

import asyncio
from dataclasses import dataclass, field

from kartenwart.domain.catalogue import failure, refused
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, Context, Terminal
from kartenwart.domain.jobs import CardResult, Job, JobKind, JobState, JobStep
from kartenwart.domain.pins import pins_of
from kartenwart.domain.ports.cards import BeforeSend
from kartenwart.domain.ports.konnektor import CardEjection, CardRequest, RequestedCard
from kartenwart.domain.principals import Caller
from kartenwart.operations.contexts import Contexts, require_konnektor
from kartenwart.operations.inventory import InventoryKeeper
from kartenwart.operations.jobs import Jobs
from kartenwart.operations.locks import Claim, Claims, Rank
from kartenwart.operations.reach import Cards, Reach
from kartenwart.operations.work import Ending, Tell, ticket

KNOWN_WITHIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestCardOrder:
    """What a caller asks: a card in this slot, of a type where one is named.

    The text is for the terminal's display and for nothing else.
    """

    request_id: str
    terminal: str
    slot_id: int
    context: str
    seconds: int
    card_type: CardType | None = None
    display_text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EjectCardOrder:
    """What a caller asks: that this card is taken out."""

    request_id: str
    card: str
    context: str
    seconds: int
    display_text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requesting:
    """The work of RequestCard. Nobody can call a Konnektor off that waits for a card: a cancelled job waits with it."""

    keeper: InventoryKeeper
    cards: Cards
    order: RequestCardOrder
    context: Context
    terminal: Terminal

    @property
    def claims(self) -> Claims:
        """Hold the terminal: its display shows one text at a time."""
        return (Claim(key=self.terminal.name, rank=Rank.PAD),)

    @property
    def detail(self) -> str:
        """Return which slot."""
        return f"{self.terminal.name} slot={self.order.slot_id}"

    async def check(self) -> Ending | None:
        """Ask nobody at a terminal that is not there."""
        known = self.keeper.picture.inventory.terminal(self.terminal.konnektor, self.terminal.ct_id)
        if known is not None and known.connected:
            return None
        return Ending(state=JobState.FAILED, failure=failure(Reason.TERMINAL_DISCONNECTED))

    async def prepare(self) -> str:
        """No job number."""
        return ""

    async def send(self, before_send: BeforeSend, tell: Tell) -> RequestedCard:
        """Let the person insert a card."""
        wish = CardRequest(
            ct_id=self.terminal.ct_id,
            slot_id=self.order.slot_id,
            seconds=self.order.seconds,
            card_type=self.order.card_type,
            text=self.order.display_text,
        )
        words = f"Das Kartenterminal „{self.terminal.label}“ bittet um eine Karte."
        noted = _noting(before_send, tell, words, self.terminal)
        return await self.cards.konnektor(self.context).request_card(self.context, wish, noted)

    async def stop(self, tell: Tell) -> None:
        """Say how long it lasts all the same: only a card or the time ends it."""
        tell(
            JobStep.CARD_REQUESTED,
            "Der Konnektor lässt sich dabei nicht unterbrechen: Der Auftrag endet, sobald eine Karte steckt, "
            f"spätestens {self.order.seconds} s nach der Bitte.",
            terminal=self.terminal.name,
            terminal_label=self.terminal.label,
            expected=True,
        )

    async def conclude(self, answer: RequestedCard, _tell: Tell) -> Ending:
        """Name the card, once the picture has it."""
        card = await self._named(answer.handle)
        result = CardResult(card=card, already_inserted=answer.already_inserted)
        return Ending(state=JobState.SUCCEEDED, result=result)

    def unanswered(self) -> None:
        """Nobody knows whether a card came; the picture will tell."""

    async def _named(self, handle: str) -> str:
        """Return the card's name, "" where nothing told of it in time."""
        try:
            async with asyncio.timeout(KNOWN_WITHIN_SECONDS), self.keeper.watch() as watcher:
                async for picture in watcher:
                    found = picture.inventory.card_by_handle(self.terminal.konnektor, handle)
                    if found is not None or not handle:
                        return found.name if found else ""
        except TimeoutError:
            pass
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ejecting:
    """The work of EjectCard: the card's sessions end at once, whether it is taken out or not."""

    keeper: InventoryKeeper
    cards: Cards
    order: EjectCardOrder
    reach: Reach
    terminal: Terminal | None

    @property
    def claims(self) -> Claims:
        """Hold the card alone, and its terminal."""
        pads = (Claim(key=self.terminal.name, rank=Rank.PAD),) if self.terminal else ()
        return (*self.reach.whole_claims, *pads)

    @property
    def detail(self) -> str:
        """Return nothing more than the card."""
        return ""

    async def check(self) -> Ending | None:
        """A card that is out already need not be taken out."""
        if self.cards.still_there(self.reach):
            return None
        return Ending(state=JobState.FAILED, failure=failure(Reason.CARD_REMOVED))

    async def prepare(self) -> str:
        """No job number."""
        return ""

    async def send(self, before_send: BeforeSend, tell: Tell) -> None:
        """Let the person take the card out; its PIN states are nobody's any more."""
        wish = CardEjection(seconds=self.order.seconds, text=self.order.display_text)
        label = self.terminal.label if self.terminal else ""
        noted = _noting(before_send, tell, f"Das Kartenterminal „{label}“ gibt die Karte frei.", self.terminal)
        try:
            await self.reach.konnektor.eject_card(self.reach.call, wish, noted)
        except WorldError as error:
            if error.sent:
                self._forget()
            raise
        self._forget()

    async def stop(self, _tell: Tell) -> None:
        """Nothing to do: only a hand or the time ends it."""

    async def conclude(self, _answer: None, _tell: Tell) -> Ending:
        """The card is out."""
        return Ending(state=JobState.SUCCEEDED, result=CardResult(card=self.reach.card.name))

    def unanswered(self) -> None:
        """The picture will tell whether the card is out."""

    def _forget(self) -> None:
        for pin in pins_of(self.reach.card.type):
            self.keeper.pin_forgotten(self.reach.card.name, pin)


def _noting(before_send: BeforeSend, tell: Tell, words: str, terminal: Terminal | None) -> BeforeSend:
    async def noted() -> None:
        await before_send()
        name, label = (terminal.name, terminal.label) if terminal else ("", "")
        tell(JobStep.CARD_REQUESTED, words, terminal=name, terminal_label=label, expected=True)

    return noted


class CardRequests:
    """RequestCard and EjectCard as jobs."""

    def __init__(self, *, jobs: Jobs, cards: Cards, contexts: Contexts, keeper: InventoryKeeper) -> None:
        self._jobs = jobs
        self._cards = cards
        self._contexts = contexts
        self._keeper = keeper

    async def request(self, caller: Caller, order: RequestCardOrder) -> Job:
        """Ask at a terminal for a card. CallerError NOT_FOUND (no such terminal or slot in this context)."""

        async def work() -> Requesting:
            context = self._contexts.get(order.context)
            require_konnektor(context)
            terminal = self._terminal(order.terminal, context)
            if order.slot_id > terminal.slot_count:
                raise refused(Reason.NOT_FOUND)
            return Requesting(keeper=self._keeper, cards=self._cards, order=order, context=context, terminal=terminal)

        return await self._jobs.start(caller, ticket(JobKind.REQUEST_CARD, order, self._contexts, card=""), work)

    async def eject(self, caller: Caller, order: EjectCardOrder) -> Job:
        """Ask to take a card out. CallerError NOT_FOUND."""

        async def work() -> Ejecting:
            require_konnektor(self._contexts.get(order.context))
            reach = self._cards.inserted(order.card, order.context)
            return Ejecting(
                keeper=self._keeper, cards=self._cards, order=order, reach=reach, terminal=self._home(reach)
            )

        return await self._jobs.start(caller, ticket(JobKind.EJECT_CARD, order, self._contexts, card=order.card), work)

    def _terminal(self, name: str, context: Context) -> Terminal:
        for terminal in self._keeper.picture.inventory.terminals:
            if (terminal.name, terminal.konnektor) == (name, context.konnektor) and context.name in terminal.contexts:
                return terminal
        raise refused(Reason.NOT_FOUND)

    def _home(self, reach: Reach) -> Terminal | None:
        home = reach.card.home(reach.context.konnektor)
        return next((one for one in self._keeper.picture.inventory.terminals if one.name == home), None)
