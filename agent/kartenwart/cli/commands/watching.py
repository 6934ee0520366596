"""`kartenwart watch`: changes as they come, until interrupted."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2
from kartenwart.cli.command import command
from kartenwart.cli.output import Output
from kartenwart.cli.words import CARD_TYPES, EVENTS, LINK_STATES, clock, short, word, yes

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

CountOption = Annotated[int, typer.Option("--count", help="Nach so vielen enden; 0 endet nie.", min=0)]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="Änderungen mitlesen.")
    app.add_typer(group, name="watch")
    command(group, "inventory")(inventory)
    command(group, "events")(events)


async def inventory(box: "Kartenwart", out: Output, count: CountOption = 0) -> None:
    """Das ganze Bild, bei jeder Änderung neu."""
    seen = 0
    async for picture in box.inventory.watch():
        out.line("inventory", picture, _summary(picture))
        seen += 1
        if seen == count:
            return


async def events(
    box: "Kartenwart",
    out: Output,
    count: CountOption = 0,
    kept: Annotated[bool, typer.Option("--all", help="Mit den Ereignissen anfangen, die die Box noch weiß.")] = False,
    cursor: Annotated[str, typer.Option(help="Hinter diesem Ereignis weiterlesen.")] = "",
) -> None:
    """Ereignisse, ab jetzt, von Anfang an oder hinter einem Cursor."""
    seen = 0
    async for message in _kept_and_new(box, cursor) if kept else box.inventory.watch_events(cursor):
        if message.gap:
            out.remark("Dazwischen gingen Ereignisse verloren.", style="yellow")
        if message.HasField("event"):
            out.line("event", message, _event(message.event))
            seen += 1
        if seen == count > 0:
            return


async def _kept_and_new(box: "Kartenwart", cursor: str) -> AsyncIterator[inventory_pb2.WatchEventsResponse]:
    """Yield what the box still knows, then go on behind it."""
    page = await box.inventory.events(cursor)
    while page.events:
        for event in page.events:
            yield inventory_pb2.WatchEventsResponse(event=event, cursor=page.cursor)
        page = await box.inventory.events(page.cursor)
    async for message in box.inventory.watch_events(page.cursor):
        yield message


def _summary(picture: inventory_pb2.Inventory) -> str:
    links = ", ".join(f"{short(one.name)} {word(LINK_STATES, one.link_state)}" for one in picture.konnektors)
    up = sum(1 for one in picture.konnektors if one.link_state == konnektor_pb2.LINK_STATE_UP)
    kinds = ", ".join(f"{_kind(card)} {card.holder or short(card.name)}" for card in picture.cards)
    return (
        f"Konnektoren {up}/{len(picture.konnektors)} ({links}) · Terminals {len(picture.terminals)} "
        f"· Kartenleser {len(picture.readers)} · Karten: {kinds}"
    )


def _kind(card: card_pb2.Card) -> str:
    return word(CARD_TYPES, card.type)


def _event(event: inventory_pb2.Event) -> str:
    where = " ".join(short(part) for part in (event.terminal, event.reader, event.context, event.detail) if part)
    line = f"{clock(event.time)}  {word(EVENTS, event.type)}: {short(event.subject)} {where}"
    return f"{line}  (bestätigt: {yes(event.confirmed)})"
