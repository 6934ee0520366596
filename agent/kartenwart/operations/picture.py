"""How a poll becomes part of the picture: pure functions from observations to terminals and cards."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from operator import attrgetter

from kartenwart.domain.certificate_words import condition_of
from kartenwart.domain.inventory import READERS, Card, CardType, Inventory, Konnektor, Route, Terminal
from kartenwart.domain.ports.observations import Observation, ObservedCard, ObservedTerminal
from kartenwart.operations.names import ResourceNames


@dataclass(frozen=True, slots=True, kw_only=True)
class Painter:
    """Paints what one Konnektor told; `contexts` are those it serves."""

    konnektor: str
    contexts: frozenset[str]
    names: ResourceNames

    def repainted(self, inventory: Inventory, observation: Observation) -> Inventory:
        """Return the inventory with all of this Konnektor as the poll found it; PIN states live on with handles."""
        terminals = self._terminals(observation.terminals)
        by_ct = {terminal.ct_id: terminal.name for terminal in terminals}
        taken = observation.konnektor.last_confirmed
        today = taken.date() if taken else None
        found = [self.card(one, by_ct.get(one.ct_id, ""), today=today) for one in observation.cards]
        before = {card.name: card for card in inventory.cards}
        mine = self.konnektor, self.contexts
        left = [rest for card in inventory.cards if (rest := without_routes(card, *mine)) is not None]
        cards = [
            remembering(card, before.get(card.name), *mine) for card in merged([*_one_by_seal(left, found), *found])
        ]
        others = [one for one in inventory.terminals if one.konnektor != self.konnektor]
        return replace(
            inventory,
            konnektors=with_konnektor(inventory.konnektors, replace(observation.konnektor, contexts=self.contexts)),
            terminals=_unique([*others, *terminals]),
            cards=_sorted(cards),
        )

    def shows(self, inventory: Inventory, observation: Observation) -> bool:
        """True where the inventory has exactly the cards that a poll found, each in the same contexts."""
        found = {(one.handle, one.contexts & self.contexts) for one in observation.cards}
        routes = ((route, card) for card in inventory.cards for route in card.routes)
        return found == {(route.handle, card.contexts & self.contexts) for route, card in routes if self._ours(route)}

    def doubted(self, found: Inventory, shown: Inventory) -> Inventory:
        """Return what a disturbed poll found, with hints that it did not see; what differs from before is a hint."""
        missed = [one for one in shown.cards if not one.confirmed and self._missing(found.card(one.name))]
        cards = merged([*(one for one in missed if one.handle(self.konnektor)), *found.cards])
        return replace(found, cards=_sorted(_doubted(card, shown.card(card.name)) for card in cards))

    def card(self, seen: ObservedCard, terminal: str, *, confirmed: bool = True, today: date | None = None) -> Card:
        """Return the card that was seen in a terminal; its condition as of `today`, if that is known."""
        lasting = seen.type.is_practice or seen.type.is_person
        return Card(
            name=self.names.card(konnektor=self.konnektor, handle=seen.handle, card_type=seen.type, iccsn=seen.iccsn),
            type=seen.type,
            holder=seen.holder,
            iccsn_tail=seen.iccsn[-4:] if lasting else "",
            inserted_at=seen.inserted_at,
            certificate_expiry=seen.certificate_expiry,
            routes=(Route(konnektor=self.konnektor, terminal=terminal, slot_id=seen.slot_id, handle=seen.handle),),
            contexts=seen.contexts,
            holder_contexts=seen.local_contexts if seen.type is CardType.EGK else frozenset(),
            confirmed=confirmed,
            seal=self.names.iccsn(seen.iccsn) if seen.type is CardType.EGK else "",
            condition=condition_of(seen.type, seen.certificate_expiry, today) if today else None,
        )

    def _terminals(self, seen: Iterable[ObservedTerminal]) -> list[Terminal]:
        seen = list(seen)
        macs = Counter(one.mac_address for one in seen)
        return [self._terminal(one, one.mac_address if macs[one.mac_address] == 1 else "") for one in seen]

    def _terminal(self, seen: ObservedTerminal, naming_mac: str) -> Terminal:
        return Terminal(
            name=self.names.terminal(konnektor=self.konnektor, ct_id=seen.ct_id, mac_address=naming_mac),
            konnektor=self.konnektor,
            ct_id=seen.ct_id,
            label=seen.label,
            mac_address=seen.mac_address,
            ip_address=seen.ip_address,
            connected=seen.connected,
            physical=seen.physical,
            workplaces=seen.workplaces,
            slot_count=seen.slot_count,
            product=seen.product,
            contexts=seen.contexts,
        )

    def _ours(self, route: Route) -> bool:
        return route.konnektor == self.konnektor

    def _missing(self, card: Card | None) -> bool:
        return card is None or not card.handle(self.konnektor)


def without_routes(card: Card, back_end: str, contexts: frozenset[str]) -> Card | None:
    """Return what other back-ends than this one, which serves these contexts, know of a card, or None."""
    routes = tuple(route for route in card.routes if route.konnektor != back_end)
    if not routes:
        return None
    return replace(
        card,
        routes=routes,
        contexts=card.contexts - contexts,
        holder_contexts=card.holder_contexts - contexts,
        pin_states=(),
    )


def remembering(card: Card, before: Card | None, back_end: str, contexts: frozenset[str]) -> Card:
    """Return the card with the PIN states that still hold: a new handle of this back-end is a new session there."""
    if before is None:
        return card
    lost = frozenset() if card.handle(back_end) == before.handle(back_end) else contexts
    kept = (state for state in before.pin_states if state.context in card.contexts - lost)
    return replace(card, pin_states=tuple(kept))


def _one_by_seal(left: Iterable[Card], found: Iterable[Card]) -> list[Card]:
    """Return the cards of other back-ends; an eGK in a reader takes the name that a Konnektor now has for it."""
    names = {card.seal: card.name for card in found if card.seal}
    return [
        replace(card, name=names.get(card.seal, card.name)) if all(way.at_reader for way in card.routes) else card
        for card in left
    ]


def merged(cards: Iterable[Card]) -> list[Card]:
    """Return one card per name: what the last one says, with the routes and contexts of all."""
    by_name: dict[str, Card] = {}
    for card in cards:
        other = by_name.get(card.name)
        by_name[card.name] = card if other is None else _joined(other, card)
    return list(by_name.values())


def with_konnektor(konnektors: Iterable[Konnektor], changed: Konnektor) -> tuple[Konnektor, ...]:
    """Return the Konnektoren with one replaced or added, sorted by name."""
    others = (one for one in konnektors if one.name != changed.name)
    return tuple(sorted([*others, changed], key=attrgetter("name")))


def with_card(inventory: Inventory, card: Card) -> Inventory:
    """Return the inventory with one card replaced or added; a card without routes is left out."""
    others = [one for one in inventory.cards if one.name != card.name]
    return replace(inventory, cards=_sorted([*others, card] if card.routes else others))


def with_terminal(inventory: Inventory, terminal: Terminal) -> Inventory:
    """Return the inventory with one terminal replaced."""
    return replace(inventory, terminals=_unique([*inventory.terminals, terminal]))


def without_sessions(inventory: Inventory, contexts: frozenset[str]) -> Inventory:
    """Return the inventory without PIN states of these contexts: their card sessions are gone."""
    return replace(inventory, cards=tuple(_sessionless(card, contexts) for card in inventory.cards))


def _sessionless(card: Card, contexts: frozenset[str]) -> Card:
    return replace(card, pin_states=tuple(state for state in card.pin_states if state.context not in contexts))


def _doubted(card: Card, before: Card | None) -> Card:
    same = before is not None and (card.routes, card.contexts) == (before.routes, before.contexts)
    return card if same else replace(card, confirmed=False)


def _joined(one: Card, other: Card) -> Card:
    return replace(
        other,
        holder=other.holder or one.holder,
        routes=tuple(
            sorted({*one.routes, *other.routes}, key=attrgetter("konnektor", "terminal", "reader", "slot_id", "handle"))
        ),
        contexts=one.contexts | other.contexts,
        holder_contexts=one.holder_contexts | other.holder_contexts,
        confirmed=one.confirmed or other.confirmed,
    )


def _sorted(cards: Iterable[Card]) -> tuple[Card, ...]:
    return tuple(sorted(cards, key=attrgetter("name")))


def _unique(terminals: Iterable[Terminal]) -> tuple[Terminal, ...]:
    """Return one terminal per name, the last one: a terminal that moved to another Konnektor stands there."""
    by_name = {terminal.name: terminal for terminal in terminals}
    return tuple(sorted(by_name.values(), key=attrgetter("name")))


def view(inventory: Inventory, contexts: frozenset[str] | None) -> Inventory:
    """Return what callers of these contexts may see; None means all, but for the holders of eGKs."""
    service = inventory.reader_service
    return Inventory(
        readers=tuple(one for one in inventory.readers if _seen(one.contexts, contexts)),
        reader_service=service if service and _seen(service.contexts, contexts) else None,
        konnektors=tuple(one for one in inventory.konnektors if _seen(one.contexts, contexts)),
        terminals=tuple(one for one in inventory.terminals if _seen(one.contexts, contexts)),
        cards=tuple(_card_view(one, inventory, contexts) for one in inventory.cards if _seen(one.contexts, contexts)),
    )


def _seen(of: frozenset[str], contexts: frozenset[str] | None) -> bool:
    return contexts is None or not of.isdisjoint(contexts)


def _card_view(card: Card, inventory: Inventory, contexts: frozenset[str] | None) -> Card:
    personal = card.type in (CardType.EGK, CardType.KVK, CardType.UNKNOWN)
    needed = contexts is not None and not card.holder_contexts.isdisjoint(contexts)
    holder = card.holder if needed or not personal else ""
    if contexts is None:
        return replace(card, holder=holder)
    back_ends = {one.name for one in inventory.konnektors if _seen(one.contexts, contexts)}
    if inventory.reader_service and _seen(inventory.reader_service.contexts, contexts):
        back_ends.add(READERS)
    return replace(
        card,
        holder=holder,
        routes=tuple(route for route in card.routes if route.konnektor in back_ends),
        contexts=card.contexts & contexts,
        holder_contexts=card.holder_contexts & contexts,
        pin_states=tuple(state for state in card.pin_states if state.context in contexts),
    )
