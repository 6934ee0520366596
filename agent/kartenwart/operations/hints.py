"""What a notice (CETP event) may change in the picture until a poll confirms it."""

from dataclasses import dataclass, replace

from kartenwart.domain.events import Event, EventType
from kartenwart.domain.inventory import Card, Inventory, Terminal
from kartenwart.domain.ports.observations import Notice, NoticeType
from kartenwart.operations.differences import Teller, connection
from kartenwart.operations.picture import Painter, merged, with_card, with_konnektor, with_terminal, without_sessions

MOST_CONDITIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Hinted:
    """The inventory with a hint on it, its events, and whether a poll should confirm it."""

    inventory: Inventory
    events: tuple[Event, ...] = ()
    poll: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Takes one Konnektor's notices into an inventory."""

    painter: Painter
    teller: Teller

    def hinted(self, inventory: Inventory, notice: Notice) -> Hinted:
        """Return what a notice changes; on an unknown terminal or handle nothing, and a poll looks what is true."""
        match notice.type:
            case NoticeType.BOOTED:
                return self._booted(inventory)
            case NoticeType.CARD_INSERTED:
                return self._inserted(inventory, notice)
            case NoticeType.CARD_REMOVED:
                return self._removed(inventory, notice)
            case NoticeType.PIN_ENTRY_STARTED | NoticeType.PIN_ENTRY_FINISHED:
                return self._pin_entry(inventory, notice)
            case NoticeType.TERMINAL_CONNECTED | NoticeType.TERMINAL_DISCONNECTED:
                return self._terminal(inventory, notice)
            case NoticeType.CONDITION:
                return self._condition(inventory, notice)
            case NoticeType.DOCUMENT_SIGNED | NoticeType.OTHER:  # other: e.g. a VPN that is down
                return Hinted(inventory=inventory, poll=notice.type is NoticeType.OTHER)

    def _booted(self, inventory: Inventory) -> Hinted:
        konnektor = inventory.konnektor(self.painter.konnektor)
        events = () if konnektor is None else (self.teller.konnektor(EventType.KONNEKTOR_REBOOTED, konnektor),)
        return Hinted(inventory=without_sessions(inventory, self.painter.contexts), events=events, poll=True)

    def _inserted(self, inventory: Inventory, notice: Notice) -> Hinted:
        terminal = inventory.terminal(self.painter.konnektor, notice.ct_id)
        if terminal is None or notice.card is None:
            return Hinted(inventory=inventory, poll=True)
        hint = self.painter.card(notice.card, terminal.name, confirmed=False)
        hint = replace(hint, contexts=hint.contexts & self.painter.contexts)
        known = inventory.card(hint.name)
        fresh = hint.contexts if known is None else hint.contexts - known.contexts
        if not fresh:
            return Hinted(inventory=inventory, poll=True)
        event = self.teller.card(EventType.CARD_INSERTED, hint, hint.routes[0], fresh)
        card = hint if known is None else replace(merged([hint, known])[0], confirmed=False)
        return Hinted(inventory=with_card(inventory, card), events=(event,), poll=True)

    def _removed(self, inventory: Inventory, notice: Notice) -> Hinted:
        card = inventory.card_by_handle(self.painter.konnektor, notice.handle)
        if card is None:
            return Hinted(inventory=inventory, poll=True)
        gone = tuple(route for route in card.routes if route.konnektor == self.painter.konnektor)
        left = tuple(route for route in card.routes if route.konnektor != self.painter.konnektor)
        events = tuple(
            self.teller.card(EventType.CARD_REMOVED, card, route, inventory.contexts_of(card, route)) for route in gone
        )
        rest = replace(card, routes=left, contexts=card.contexts - self.painter.contexts, confirmed=False)
        return Hinted(inventory=with_card(inventory, rest), events=events, poll=True)

    def _pin_entry(self, inventory: Inventory, notice: Notice) -> Hinted:
        card = inventory.card_by_handle(self.painter.konnektor, notice.handle)
        if card is None:
            return Hinted(inventory=inventory, poll=True)
        # After the poll the practice cards' PINs are looked at; a doctor's card changes nothing that a poll would see.
        look = notice.type is NoticeType.PIN_ENTRY_FINISHED and card.type.is_practice
        return Hinted(inventory=inventory, events=(self._pin_event(inventory, card, notice),), poll=look)

    def _pin_event(self, inventory: Inventory, card: Card, notice: Notice) -> Event:
        pad = inventory.terminal(self.painter.konnektor, notice.ct_id)
        started = notice.type is NoticeType.PIN_ENTRY_STARTED
        return Event(
            type=EventType.PIN_ENTRY_STARTED if started else EventType.PIN_ENTRY_FINISHED,
            time=self.teller.time,
            subject=card.name,
            konnektor=self.painter.konnektor,
            terminal=pad.name if pad else "",
            context=notice.context,
            confirmed=False,
            detail=notice.pin.reference if notice.pin else "",
            contexts=frozenset({notice.context}) if notice.context else card.contexts,
        )

    def _terminal(self, inventory: Inventory, notice: Notice) -> Hinted:
        terminal: Terminal | None = inventory.terminal(self.painter.konnektor, notice.ct_id)
        connected = notice.type is NoticeType.TERMINAL_CONNECTED
        if terminal is None or terminal.connected == connected:
            return Hinted(inventory=inventory, poll=True)
        changed = replace(terminal, connected=connected)
        event = self.teller.terminal(connection(connected=connected), changed)
        return Hinted(inventory=with_terminal(inventory, changed), events=(event,), poll=True)

    def _condition(self, inventory: Inventory, notice: Notice) -> Hinted:
        konnektor = inventory.konnektor(self.painter.konnektor)
        known = konnektor.error_conditions if konnektor else ()
        full = notice.active and len(known) >= MOST_CONDITIONS
        if konnektor is None or not notice.detail or full or (notice.detail in known) == notice.active:
            return Hinted(inventory=inventory, poll=True)
        others = [name for name in known if name != notice.detail]
        names = tuple(sorted([*others, notice.detail])) if notice.active else tuple(others)
        changed = replace(konnektor, error_conditions=names)
        kind = EventType.CONDITION_SET if notice.active else EventType.CONDITION_CLEARED
        shown = replace(inventory, konnektors=with_konnektor(inventory.konnektors, changed))
        return Hinted(inventory=shown, events=(self.teller.konnektor(kind, changed, notice.detail),), poll=True)
