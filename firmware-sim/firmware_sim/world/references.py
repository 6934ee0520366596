"""Checks on a world that its types cannot express: names that must exist, numbers that must fit."""

import re
from collections.abc import Iterable, Iterator

from firmware_sim.world.configuration import (
    SMB,
    CardConfiguration,
    ComfortConfiguration,
    KonnektorConfiguration,
    MandantConfiguration,
    WorldConfiguration,
)

MOST_SIGNATURES = 250
LONGEST_SECONDS = 24 * 3600.0
FEWEST_SESSIONS = 2

_MAC = re.compile(r"[0-9A-Fa-f]{2}(-[0-9A-Fa-f]{2}){5}")
_READER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}")
_KVNR = re.compile(r"[A-Z][0-9]{9}")


def check_references(world: WorldConfiguration) -> list[str]:
    """All problems found, as sentences; empty when the world holds together."""
    return [*_unique(world), *_cards(world), *_readers(world), *_konnektors(world), *_verified(world)]


def _unique(world: WorldConfiguration) -> Iterator[str]:
    yield from _twice("konnektor", (k.name for k in world.konnektors))
    yield from _twice("card", (card.name for card in world.cards))
    places = [t.name for k in world.konnektors for t in k.terminals]
    yield from _twice("terminal", places)
    yield from _twice("reader or terminal", [*dict.fromkeys(places), *(reader.name for reader in world.readers)])
    if not world.konnektors:
        yield "the world has no konnektor"


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield f"{what} {name!r} stands twice in the world"
        seen.add(name)


def _cards(world: WorldConfiguration) -> Iterator[str]:
    slots = {t.name: t.slots for k in world.konnektors for t in k.terminals}
    taken: set[tuple[str, int]] = set()
    for card in world.cards:
        yield from _card(card)
        if not card.terminal:
            continue
        if not 1 <= card.slot <= slots.get(card.terminal, 0):
            yield f"card {card.name!r}: terminal {card.terminal!r} has no slot {card.slot}"
        if (card.terminal, card.slot) in taken:
            yield f"card {card.name!r}: slot {card.slot} of {card.terminal!r} is taken already"
        taken.add((card.terminal, card.slot))


def _card(card: CardConfiguration) -> Iterator[str]:
    if not re.fullmatch(r"[0-9]{20}", card.iccsn):
        yield f"card {card.name!r}: iccsn needs exactly 20 digits"
    if card.kvnr and not _KVNR.fullmatch(card.kvnr):
        yield f"card {card.name!r}: kvnr needs a letter and 9 digits"
    for pin in card.pins:
        if pin.attempts < 1:
            yield f'card {card.name!r}: {pin.reference} needs at least one attempt (use state = "blocked")'
    yield from _twice(f"card {card.name!r}: PIN", (pin.reference for pin in card.pins))


def _readers(world: WorldConfiguration) -> Iterator[str]:
    cards = {card.name: card for card in world.cards}
    inserted = [card for reader in world.readers for card in (reader.card, reader.other_card) if card]
    yield from _known("readers", "card", inserted, set(cards))
    yield from _twice("readers: card", inserted)
    for name in inserted:
        if name in cards and cards[name].terminal:
            yield f"card {name!r} is in terminal {cards[name].terminal!r} and in a reader"
    ports: list[str] = []
    for reader in world.readers:
        if not _READER_NAME.fullmatch(reader.name):
            yield f"reader {reader.name!r}: a name has letters, digits and dashes, at most 40"
        if reader.kind == "pad" and reader.other_card:
            yield f"reader {reader.name!r} has one slot: no other_card"
        if reader.kind == "plain":
            ports += [str(reader.port), str(reader.port + 1)]
    yield from _twice("readers: each plain one needs two ports of its own:", ports)


def _konnektors(world: WorldConfiguration) -> Iterator[str]:
    smbs = {card.name for card in world.cards if card.kind in SMB}
    for konnektor in world.konnektors:
        yield from _doors(konnektor)
        yield from comfort_problems(konnektor, konnektor.comfort)
        terminals = {terminal.name for terminal in konnektor.terminals}
        for terminal in konnektor.terminals:
            if not _MAC.fullmatch(terminal.mac):
                yield f"terminal {terminal.name!r}: mac needs six pairs with dashes"
        for workplace in konnektor.workplaces:
            named = {*workplace.local, *workplace.remote}
            yield from _known(f"workplace {workplace.name!r}", "terminal", named, terminals)
        for mandant in konnektor.mandants:
            yield from _mandant(mandant, konnektor, terminals, smbs)


def _doors(konnektor: KonnektorConfiguration) -> Iterator[str]:
    where = f"konnektor {konnektor.name!r}"
    if not konnektor.tls_mandatory and konnektor.authentication != "none":
        yield f'{where}: tls_mandatory = false (SOAP4) goes with authentication = "none" only'
    if konnektor.path_prefix and not re.fullmatch(r"(/[A-Za-z0-9_.-]+)+", konnektor.path_prefix):
        yield f"{where}: path_prefix begins with a slash and does not end with one"
    if konnektor.advertise and not re.fullmatch(r"https://[^/\s]+", konnektor.advertise):
        yield f"{where}: advertise is https://host or https://host:port"


def comfort_problems(konnektor: KonnektorConfiguration, comfort: ComfortConfiguration) -> Iterator[str]:
    """What forbids these settings: the function needs authenticated client systems (SOAP1, SOAP2) and has limits."""
    where = f"konnektor {konnektor.name!r}: comfort"
    if comfort.enabled and konnektor.authentication == "none":
        yield f"{where} needs client systems that authenticate themselves"
    if not 1 <= comfort.signatures <= MOST_SIGNATURES:
        yield f"{where}.signatures is 1 to {MOST_SIGNATURES}"
    if not 0 < comfort.seconds <= LONGEST_SECONDS:
        yield f"{where}.seconds is more than 0 and at most {LONGEST_SECONDS:.0f}"
    if comfort.sessions < FEWEST_SESSIONS:
        yield f"{where}.sessions is {FEWEST_SESSIONS} or more"


def _mandant(
    mandant: MandantConfiguration, konnektor: KonnektorConfiguration, terminals: set[str], smbs: set[str]
) -> Iterator[str]:
    where = f"mandant {mandant.name!r}"
    workplaces = {workplace.name for workplace in konnektor.workplaces}
    systems = {system.name for system in konnektor.client_systems}
    yield from _known(where, "client system", {*mandant.client_systems, *mandant.assignments}, systems)
    assigned = {name for names in mandant.assignments.values() for name in names}
    yield from _known(where, "workplace", {*mandant.workplaces, *assigned, *mandant.remote_pin}, workplaces)
    yield from _known(where, "terminal", {*mandant.terminals, *mandant.remote_pin.values()}, terminals)
    yield from _known(where, "SMC-B", mandant.managed_smb, smbs)


def _known(where: str, what: str, names: Iterable[str], known: set[str]) -> Iterator[str]:
    for name in sorted(set(names) - known):
        yield f"{where}: {what} {name!r} does not exist"


def _verified(world: WorldConfiguration) -> Iterator[str]:
    cards = {card.name: card for card in world.cards}
    for entry in world.verified:
        card = cards.get(entry.card)
        if card is None or entry.pin not in {pin.reference for pin in card.pins}:
            yield f"verified: card {entry.card!r} with {entry.pin} does not exist"
        elif not card.terminal:
            yield f"verified: card {entry.card!r} is in no terminal"
