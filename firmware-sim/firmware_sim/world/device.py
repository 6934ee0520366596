"""One Konnektor's state: which cards it sees under which handle, its sessions, subscriptions and conditions."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from firmware_sim.world import access
from firmware_sim.world.card import Card
from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.comfort import ComfortSignatures
from firmware_sim.world.conditions import Conditions
from firmware_sim.world.configuration import SMB, KonnektorConfiguration
from firmware_sim.world.context import Context
from firmware_sim.world.events import Event, Parameters, terminal_event
from firmware_sim.world.hanging import Hanging
from firmware_sim.world.jobs import JobNumbers
from firmware_sim.world.model import InformationModel
from firmware_sim.world.sessions import CardSession, CardSessions, SessionKey
from firmware_sim.world.subscriptions import Subscriptions

_LINKS = {"EC_No_VPN_TI_Connection": "VPN_TI", "EC_No_VPN_SIS_Connection": "VPN_SIS"}
OPEN_IN_CRITICAL_STATE = frozenset({"EventService"})


@dataclass(frozen=True, kw_only=True, slots=True)
class SeenCard:
    """A card as this Konnektor sees it: a handle lives from insertion to removal and is never used again."""

    handle: str
    card: Card
    terminal: str
    slot: int
    inserted_at: datetime


class Device:
    """The Konnektor without its network. `announce` is called with every event as it happens."""

    def __init__(
        self, configuration: KonnektorConfiguration, clock: Callable[[], datetime], announce: Callable[[Event], None]
    ) -> None:
        self.configuration = configuration
        self.model = InformationModel(configuration)
        self.sessions = CardSessions()
        lifetime = timedelta(seconds=configuration.behaviour.subscription_seconds)
        self.subscriptions = Subscriptions(lifetime, configuration.behaviour.event_max_try)
        self.jobs = JobNumbers(Random())
        self.clock_offset = timedelta()
        self._clock = clock
        self.comfort = ComfortSignatures(configuration.comfort, self.sessions, self.now)
        self._announce = announce
        self.conditions = Conditions(self.now(), tuple(self.model.terminals))
        self.booted_at = self.now()
        self.connected: set[str] = set()
        self.reserved: set[str] = set()
        self.hanging = Hanging()
        self._seen: dict[str, SeenCard] = {}

    @property
    def name(self) -> str:
        return self.configuration.name

    @property
    def cards(self) -> list[SeenCard]:
        return list(self._seen.values())

    def now(self) -> datetime:
        """The Konnektor's own idea of the time, with offset to UTC."""
        return self._clock() + self.clock_offset

    def announce(self, event: Event) -> None:
        self._announce(event)

    # What happens to it

    def connect(self, terminal: str) -> None:
        """A terminal's connection is up."""
        self.connected.add(terminal)
        self._announce(terminal_event("CT/CONNECTED", terminal, self.model.terminal(terminal).label))
        self.set_condition(f"EC_CardTerminal_Not_Available({terminal})", False)

    def disconnect(self, terminal: str) -> None:
        """A terminal's connection is lost, and with it the handles of its cards."""
        self.connected.discard(terminal)
        self._announce(terminal_event("CT/DISCONNECTED", terminal, self.model.terminal(terminal).label))
        for seen in [seen for seen in self.cards if seen.terminal == terminal]:
            self.forget(seen.card)
        self.set_condition(f"EC_CardTerminal_Not_Available({terminal})", True)

    def see(self, card: Card, terminal: str, slot: int, *, quietly: bool = False) -> SeenCard:
        """A card was inserted; it gets a fresh handle."""
        seen = SeenCard(handle=str(uuid.uuid4()), card=card, terminal=terminal, slot=slot, inserted_at=self.now())
        self._seen[seen.handle] = seen
        if not quietly:
            self._announce(card_event("CARD/INSERTED", seen, *_expiry(card)))
        return seen

    def forget(self, card: Card) -> None:
        """A card was removed; its handle and its sessions die."""
        for seen in [seen for seen in self.cards if seen.card is card]:
            del self._seen[seen.handle]
            self.reset(seen.handle)
            self._announce(card_event("CARD/REMOVED", seen))

    def reset(self, handle: str) -> None:
        """A card was reset: whatever was verified in it is so no more; its handle stays."""
        self.comfort.end_of_card(handle)
        self.sessions.drop_card(handle)

    def boot(self) -> None:
        """Start again: sessions and subscriptions are gone, every card gets a new handle."""
        self.comfort.end_all()
        self.sessions.drop_all()
        self.subscriptions.drop_for_boot()
        self.reserved.clear()
        self.booted_at = self.now()
        cards, self._seen = self.cards, {}
        for seen in cards:
            self.see(seen.card, seen.terminal, seen.slot, quietly=True)

    def set_condition(self, name: str, holds: bool) -> None:
        """Set or clear an error condition. Raises KeyError for an unknown name."""
        event = self.conditions.set(name, holds, self.now())
        if event is not None:
            self._announce(event)
            if name in _LINKS:
                self._announce(Event(topic=f"NETWORK/{_LINKS[name]}/{'DOWN' if holds else 'UP'}"))

    def administer(self, configuration: KonnektorConfiguration) -> None:
        """The administrator entered another information model; only who belongs to whom is taken from it."""
        self.model = InformationModel(configuration)

    # What it is asked

    def seen(self, handle: str) -> SeenCard:
        """The card under a handle. Raises the code this Konnektor uses for dead handles."""
        if handle not in self._seen:
            raise KonnektorError(self.configuration.behaviour.dead_handle)
        return self._seen[handle]

    def in_slot(self, terminal: str, slot: int) -> SeenCard | None:
        return next((seen for seen in self.cards if (seen.terminal, seen.slot) == (terminal, slot)), None)

    def admit(
        self,
        context: Context,
        *,
        terminal: str = "",
        handle: str = "",
        session: bool = True,
        all_workplaces: bool = False,
    ) -> SeenCard | None:
        """TUC_KON_000: may this context do this? Returns the card when a handle is given; raises `KonnektorError`."""
        self._check_names(context)
        if terminal and terminal not in self.model.terminals:
            raise KonnektorError(4007)
        seen = self.seen(handle) if handle else None
        self.comfort.expire()
        question = access.Question(
            context=context, terminal=terminal, inserted=seen, session=session, all_workplaces=all_workplaces
        )
        access.judge(self.model, self.sessions, question)
        return seen

    def may(self, context: Context, *, terminal: str = "", all_workplaces: bool = False) -> bool:
        """The same as a question, about a terminal."""
        try:
            self.admit(context, terminal=terminal, session=False, all_workplaces=all_workplaces)
        except KonnektorError:
            return False
        return True

    def may_hear(self, context: Context, event: Event) -> bool:
        """May this context be told of this event (TUC_KON_256)?"""
        if event.client_system not in ("", context.client_system):
            return False
        if not self.may(context, terminal=event.terminal):
            return False
        return not event.smb or event.smb in self.model.mandant(context.mandant).managed_smb

    def session(self, context: Context, seen: SeenCard) -> CardSession:
        """The card session of this context, after `admit`."""
        key = SessionKey(
            handle=seen.handle,
            mandant=context.mandant,
            client_system=context.client_system,
            user=context.user if seen.card.kind == "hba" else "",
            workplace=context.workplace if seen.card.kind == "egk" else "",
        )
        return self.sessions.open(key)

    def _check_names(self, context: Context) -> None:
        names = (
            (4004, context.mandant, self.model.mandants),
            (4005, context.client_system, self.model.client_systems),
            (4006, context.workplace, self.model.workplaces),
        )
        for code, name, known in names:
            if name not in known:
                specific = name and self.configuration.behaviour.unknown_context == "specific"
                raise KonnektorError(code if specific else 4021)


def card_event(topic: str, seen: SeenCard, *more: tuple[str, str]) -> Event:
    """An event about a card, with the parameters that all of them have."""
    return Event(
        topic=topic,
        parameters=(*card_parameters(seen), *more),
        terminal=seen.terminal,
        handle=seen.handle,
        smb=seen.card.name if seen.card.kind in SMB else "",
    )


def _expiry(card: Card) -> Parameters:
    return (("CertExpirationDate", card.expires.isoformat()),) if card.expires else ()


def card_parameters(seen: SeenCard) -> Parameters:
    """The parameters that CARD events have in common."""
    card = seen.card.configuration
    values = [
        ("CardHandle", seen.handle),
        ("CardType", seen.card.card_type),
        ("CardVersion", card.generation if card.kind != "unknown" else ""),
        ("ICCSN", card.iccsn),
        ("CtID", seen.terminal),
        ("SlotID", str(seen.slot)),
        ("InsertTime", seen.inserted_at.isoformat(timespec="seconds")),
        ("CardHolderName", card.holder),
    ]
    if card.kvnr:
        values.append(("KVNR", card.kvnr))
    return tuple(values)
