"""Edges between two pictures: what must have happened so that the one became the other."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from kartenwart.domain.events import Event, EventType
from kartenwart.domain.inventory import READERS, Card, Inventory, Konnektor, LinkState, PinState, Route, Terminal
from kartenwart.domain.readers import Reader, ReaderService


@dataclass(frozen=True, slots=True, kw_only=True)
class Teller:
    """Tells events as of one moment, confirmed or only hinted at."""

    time: datetime
    confirmed: bool = True

    def between(self, before: Inventory, after: Inventory) -> list[Event]:
        """Return the edges: first what left, then what changed, then what came."""
        konnektors = {one.name: one for one in before.konnektors}
        events = [
            *self._cards_gone(before, after),
            *self._terminals(before, after),
            *self._service(before.reader_service, after.reader_service),
            *self._readers(before, after),
        ]
        for konnektor in after.konnektors:
            known = konnektors.get(konnektor.name, Konnektor(name=konnektor.name, contexts=konnektor.contexts))
            events += [*self._link(known, konnektor), *self._conditions(known, konnektor)]
        return [*events, *self._cards_come(before, after), *self._card_conditions(before, after)]

    def card(self, kind: EventType, card: Card, route: Route, contexts: frozenset[str]) -> Event:
        """Return what happened to a card at one of its routes."""
        return Event(
            type=kind,
            time=self.time,
            subject=card.name,
            konnektor="" if route.at_reader else route.konnektor,
            terminal=route.terminal,
            reader=route.reader,
            slot_id=route.slot_id,
            confirmed=self.confirmed,
            contexts=contexts,
        )

    def terminal(self, kind: EventType, terminal: Terminal) -> Event:
        """Return what happened to a terminal."""
        return Event(
            type=kind,
            time=self.time,
            subject=terminal.name,
            konnektor=terminal.konnektor,
            terminal=terminal.name,
            confirmed=self.confirmed,
            contexts=terminal.contexts,
        )

    def reader(self, kind: EventType, reader: Reader) -> Event:
        """Return what happened to one of the box's readers."""
        return Event(
            type=kind,
            time=self.time,
            subject=reader.name,
            reader=reader.name,
            confirmed=self.confirmed,
            contexts=reader.contexts,
        )

    def konnektor(self, kind: EventType, konnektor: Konnektor, detail: str = "") -> Event:
        """Return what happened to a Konnektor."""
        return Event(
            type=kind,
            time=self.time,
            subject=konnektor.name,
            konnektor=konnektor.name,
            confirmed=self.confirmed,
            detail=detail,
            contexts=konnektor.contexts,
        )

    def pin(self, card: Card, state: PinState) -> Event:
        """Return that a PIN has another state now in a context."""
        return Event(
            type=EventType.PIN_STATE_CHANGED,
            time=self.time,
            subject=card.name,
            context=state.context,
            confirmed=self.confirmed,
            detail=state.status.value,
            contexts=frozenset({state.context}),
        )

    def _cards_gone(self, before: Inventory, after: Inventory) -> Iterator[Event]:
        now = _routes(after)
        for (name, route), card in _routes(before).items():
            if (name, route) not in now:
                yield self.card(EventType.CARD_REMOVED, card, route, before.contexts_of(card, route))

    def _cards_come(self, before: Inventory, after: Inventory) -> Iterator[Event]:
        then = _routes(before)
        for (name, route), card in _routes(after).items():
            if (name, route) not in then:
                yield self.card(EventType.CARD_INSERTED, card, route, after.contexts_of(card, route))

    def _card_conditions(self, before: Inventory, after: Inventory) -> Iterator[Event]:
        then = {card.name: _reason(card) for card in before.cards}
        for card in after.cards:
            old, new = then.get(card.name, ""), _reason(card)
            for kind, reason in _turned(old, new):
                yield replace(self.card(kind, card, card.routes[0], card.contexts), detail=reason)

    def _terminals(self, before: Inventory, after: Inventory) -> Iterator[Event]:
        then = {one.name: one for one in before.terminals}
        now = {one.name: one for one in after.terminals}
        for name in then.keys() - now.keys():
            yield self.terminal(EventType.TERMINAL_REMOVED, then[name])
        for name, terminal in now.items():
            if name not in then:
                yield self.terminal(EventType.TERMINAL_ADDED, terminal)
            elif then[name].connected != terminal.connected:
                yield self.terminal(connection(connected=terminal.connected), terminal)

    def _readers(self, before: Inventory, after: Inventory) -> Iterator[Event]:
        then = {one.name: one for one in before.readers}
        now = {one.name: one for one in after.readers}
        for name in sorted(then.keys() - now.keys()):
            yield self.reader(EventType.READER_REMOVED, then[name])
        for name, reader in now.items():
            if name not in then:
                yield self.reader(EventType.READER_ADDED, reader)
            old = _reason(then[name]) if name in then else ""
            for kind, reason in _turned(old, _reason(reader)):
                yield replace(self.reader(kind, reader), detail=reason)

    def _service(self, before: ReaderService | None, after: ReaderService | None) -> Iterator[Event]:
        if after is None:
            return
        for kind, reason in _turned(_reason(before) if before else "", _reason(after)):
            yield Event(type=kind, time=self.time, subject=READERS, detail=reason, contexts=after.contexts)

    def _link(self, before: Konnektor, after: Konnektor) -> Iterator[Event]:
        reason = after.condition.reason.value if after.condition else ""
        reason_before = before.condition.reason.value if before.condition else ""
        if after.link_state is LinkState.UP and before.link_state is not LinkState.UP:
            yield self.konnektor(EventType.KONNEKTOR_UP, after)
        limited = after.link_state in (LinkState.DEGRADED, LinkState.DOWN)
        if limited and (before.link_state, reason_before) != (after.link_state, reason):
            yield self.konnektor(EventType.KONNEKTOR_DOWN, after, reason)

    def _conditions(self, before: Konnektor, after: Konnektor) -> Iterator[Event]:
        then, now = set(before.error_conditions), set(after.error_conditions)
        for name in sorted(now - then):
            yield self.konnektor(EventType.CONDITION_SET, after, name)
        for name in sorted(then - now):
            yield self.konnektor(EventType.CONDITION_CLEARED, after, name)


def connection(*, connected: bool) -> EventType:
    """Return the edge of a terminal's connection."""
    return EventType.TERMINAL_CONNECTED if connected else EventType.TERMINAL_DISCONNECTED


def _reason(thing: Card | Reader | ReaderService) -> str:
    return thing.condition.reason.value if thing.condition else ""


def _turned(old: str, new: str) -> Iterator[tuple[EventType, str]]:
    """Yield what to tell of a condition that became another one."""
    for kind, reason in ((EventType.CONDITION_CLEARED, old), (EventType.CONDITION_SET, new)):
        if reason and old != new:
            yield kind, reason


def _routes(inventory: Inventory) -> dict[tuple[str, Route], Card]:
    return {(card.name, route): card for card in inventory.cards for route in card.routes}
