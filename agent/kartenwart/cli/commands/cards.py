"""What the box sees: status, terminals, cards, certificates."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2
from kartenwart.api.system.v1 import system_service_pb2
from kartenwart.api.terminal.v1 import terminal_pb2
from kartenwart.cli.command import command
from kartenwart.cli.commands.readers import reader_lines
from kartenwart.cli.exits import Ended, Exit
from kartenwart.cli.output import Output, plain
from kartenwart.cli.words import (
    CARD_TYPES,
    LINK_STATES,
    ONLINE_STATES,
    PIN_STATES,
    PINS,
    moment,
    short,
    why,
    word,
    yes,
)

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

# A practice card serves everybody and should be open; a doctor's PINs are typed when they are needed, and a patient's
# are the patient's own.
_UNUSABLE = frozenset({card_pb2.PIN_STATUS_TRANSPORT_PIN, card_pb2.PIN_STATUS_EMPTY_PIN, card_pb2.PIN_STATUS_BLOCKED})
_CLOSED = _UNUSABLE | {card_pb2.PIN_STATUS_VERIFIABLE, card_pb2.PIN_STATUS_DISABLED}
_TROUBLE: dict[int, frozenset[int]] = {
    card_pb2.CARD_TYPE_SMC_B: _CLOSED,
    card_pb2.CARD_TYPE_HSM_B: _CLOSED,
    card_pb2.CARD_TYPE_HBA: _UNUSABLE,
    card_pb2.CARD_TYPE_HBA_QSIG: _UNUSABLE,
}


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    command(app, "status")(status)
    command(app, "terminals")(terminals)
    command(app, "cards")(cards)


async def status(box: "Kartenwart", out: Output) -> None:
    """Wie es um Box, Konnektor und Karten steht, und wer handeln muss. Status 1, wenn eine Verbindung gestört ist."""
    system, links, seen = await box.system.get(), await box.konnektors.list(), await box.cards.list()
    readers = await box.readers.list()
    down = [link for link in links if link.link_state != konnektor_pb2.LINK_STATE_UP]
    content = {
        "well": not down,
        "system": plain(system),
        "konnektors": [plain(link) for link in links],
        "cards": [plain(card) for card in seen],
        "readers": [plain(one) for one in readers.readers],
    }
    out.facts("status", content, _box_lines(system))
    for link in links:
        out.text(_link_line(link))
    for line in (*reader_lines(readers), *_locked(seen), *_conditions(seen)):
        out.text(line)
    if down:
        raise Ended(Exit.FAILED)


def _box_lines(system: system_service_pb2.System) -> list[tuple[str, str]]:
    contexts = ", ".join(short(name) for name in system.contexts)
    return [
        ("Box", f"{system.box_id}  (Version {system.version}, läuft seit {moment(system.start_time)})"),
        ("Standort", system.site_fingerprint[:16]),
        ("Wir sind", f"{system.caller}  ({system.caller_role.lower()})"),
        ("Kontexte", contexts),
        ("Uhr", "" if system.clock_trusted else "steht hinter einer schon gesehenen Zeit"),
    ]


def _link_line(link: konnektor_pb2.Konnektor) -> str:
    from kartenwart.client import Failure

    well = link.link_state == konnektor_pb2.LINK_STATE_UP
    head = f"[bold]Konnektor {short(link.name)}[/bold]  {escape(f'{link.vendor} {link.product}')}".rstrip()
    line = f"{head}: {'[green]' if well else '[red]'}{word(LINK_STATES, link.link_state)}[/]"
    if link.ti_state:
        line += f", TI {word(ONLINE_STATES, link.ti_state)}"
    if link.HasField("condition"):
        said = Failure.of(link.condition)
        line += escape(f"\n  {said.title}\n  → {said.next_step}\n  {' · '.join(why(said))}")
    return line


def _locked(seen: Sequence[card_pb2.Card]) -> list[str]:
    """Return the PINs on which somebody has to act."""
    return [
        f"[yellow]{CARD_TYPES.get(card.type, '?')} {escape(card.holder)}: {word(PINS, state.pin)} im Kontext "
        f"{short(state.context)} {word(PIN_STATES, state.status)}[/yellow]"
        for card in seen
        for state in card.pin_states
        if state.status in _TROUBLE.get(card.type, ())
    ]


def _conditions(seen: Sequence[card_pb2.Card]) -> list[str]:
    """Return what somebody should do about cards before they stop working."""
    return [
        f"[yellow]{CARD_TYPES.get(card.type, '?')} {escape(card.holder)}: {escape(card.condition.title)}[/yellow]\n"
        f"  → {escape(card.condition.next_step)}"
        for card in seen
        if card.HasField("condition")
    ]


async def terminals(box: "Kartenwart", out: Output) -> None:
    """Die Kartenterminals und was in ihnen steckt."""
    found = await box.terminals.list()
    known = {card.name: card for card in await box.cards.list()}
    head = ("Terminal", "Name", "CtId", "verbunden", "Adresse", "Arbeitsplätze", "Karten")
    rows = [
        (
            short(one.name),
            one.label,
            one.ct_id,
            yes(one.connected),
            one.ip_address or one.mac_address,
            ", ".join(one.workplaces),
            _slots(one, known),
        )
        for one in found
    ]
    out.table("terminals", found, head, rows)


def _slots(terminal: terminal_pb2.Terminal, known: dict[str, card_pb2.Card]) -> str:
    kinds = {slot.slot_id: CARD_TYPES.get(known[slot.card].type, "?") for slot in terminal.slots if slot.card in known}
    return ", ".join(f"{slot}: {kind}" for slot, kind in sorted(kinds.items()))


async def cards(
    box: "Kartenwart",
    out: Output,
    kind: Annotated[list[str] | None, typer.Option("--type", help="Nur diese Typen.")] = None,
) -> None:
    """Die Karten, die dieser Arbeitsplatz erreichen darf."""
    wanted = {text.lower().replace("-", "") for text in kind or ()}
    found = [
        card
        for card in await box.cards.list()
        if not wanted or CARD_TYPES.get(card.type, "").lower().replace("-", "") in wanted
    ]
    labels = {one.name: one.label or one.ct_id for one in await box.terminals.list()}
    labels |= {one.name: one.label for one in (await box.readers.list()).readers}
    head = ("Karte", "Typ", "Inhaber", "ICCSN", "Terminal/Leser", "PIN", "Zertifikat bis")
    rows = [
        (
            short(card.name),
            word(CARD_TYPES, card.type),
            card.holder,
            f"…{card.iccsn_tail}" if card.iccsn_tail else "",
            ", ".join(_place(way, labels) for way in card.routes),
            _pins(card),
            card.certificate_expiry,
        )
        for card in found
    ]
    out.table("cards", found, head, rows)


def _place(way: card_pb2.Route, labels: dict[str, str]) -> str:
    """Return where a card is: terminal and slot, or the reader."""
    if way.reader:
        return labels.get(way.reader, short(way.reader))
    return f"{labels.get(way.terminal, short(way.terminal))}/{way.slot_id}"


def _pins(card: card_pb2.Card) -> str:
    return "; ".join(
        f"{short(state.context)}: {word(PINS, state.pin)} {word(PIN_STATES, state.status)}" for state in card.pin_states
    )
