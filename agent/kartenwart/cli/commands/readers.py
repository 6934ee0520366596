"""`kartenwart readers`: the card readers plugged into the box."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from kartenwart.api.reader.v1 import reader_pb2, reader_service_pb2
from kartenwart.cli.command import command
from kartenwart.cli.exits import Missing, UsageProblem
from kartenwart.cli.output import Output
from kartenwart.cli.words import CARD_TYPES, SLOT_STATES, short, why, word, yes

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

ReaderArgument = Annotated[str, typer.Argument(metavar="LESER", help="Name (r-…) oder Teil der Bezeichnung.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="Kartenleser an der Box: ansehen, zurücksetzen (Techniker).")
    app.add_typer(group, name="readers")
    command(group, "list")(list_readers)
    command(group, "show")(show)
    command(group, "reset", technician=True)(reset)


async def list_readers(box: "Kartenwart", out: Output) -> None:
    """Die Kartenleser an der Box und was in ihnen steckt."""
    told = await box.readers.list()
    kinds = {card.name: word(CARD_TYPES, card.type) for card in await box.cards.list()}
    head = ("Leser", "Bezeichnung", "Tastatur", "Fach", "Karte", "Hinweis")
    rows = [
        (
            short(one.name),
            one.label,
            yes(one.pad),
            word(SLOT_STATES, one.slot_state),
            f"{kinds.get(one.card, '?')} {short(one.card)}" if one.card else "",
            one.condition.title,
        )
        for one in told.readers
    ]
    out.table("readers", told.readers, head, rows)
    for line in trouble(told):
        out.remark(line, style="yellow")


async def show(box: "Kartenwart", out: Output, reader: ReaderArgument) -> None:
    """Was die Box von einem Kartenleser weiß, und was an ihm zu tun ist."""
    one = await box.readers.get(await _named(box, reader))
    device = one.usb
    lines = [
        ("Leser", f"{one.name}  ({one.label})"),
        ("Tastatur", yes(one.pad)),
        ("Fach", word(SLOT_STATES, one.slot_state)),
        ("Karte", short(one.card)),
        ("pcscd", "sieht ihn" if one.seen else "sieht ihn nicht"),
        ("USB", f"{device.port}  {device.vendor_id:04x}:{device.product_id:04x}" if one.HasField("usb") else ""),
        ("Gerät", f"{device.manufacturer} {device.product} {device.firmware}".strip()),
    ]
    out.facts("reader", one, [*lines, *_condition(one)])


async def reset(box: "Kartenwart", out: Output, reader: ReaderArgument) -> None:
    """Einen Kartenleser zurücksetzen, der hängt: als würde er ab- und wieder angesteckt."""
    name = await _named(box, reader)
    await box.readers.reset(name)
    out.facts("reset", {"reader": name}, [("Zurückgesetzt", short(name))])


def trouble(told: reader_service_pb2.ListReadersResponse) -> list[str]:
    """Return why no reader can be seen, as one line; nothing where readers are switched off or all is well."""
    if not told.HasField("condition"):
        return []
    return [f"Kartenleser an der Box: {told.condition.title} {told.condition.next_step}"]


def reader_lines(told: reader_service_pb2.ListReadersResponse) -> list[str]:
    """Return for `status` how the readers stand, and what somebody has to do about them."""
    if not told.enabled:
        return []
    found = f"[bold]Kartenleser an der Box[/bold]: {len(told.readers)}"
    broken = [
        f"[yellow]{escape(one.label)}: {escape(one.condition.title)}[/yellow]\n  → {escape(one.condition.next_step)}"
        for one in told.readers
        if one.HasField("condition")
    ]
    return [found, *(f"[yellow]{escape(line)}[/yellow]" for line in trouble(told)), *broken]


def _condition(one: reader_pb2.Reader) -> list[tuple[str, str]]:
    from kartenwart.client import Failure

    if not one.HasField("condition"):
        return []
    said = Failure.of(one.condition)
    return [("Hinweis", said.title), ("Zu tun", said.next_step), ("", " · ".join(why(said)))]


async def _named(box: "Kartenwart", text: str) -> str:
    """Return the name of the one reader that `text` means; raises UsageProblem or Missing with what there is."""
    readers, wanted = (await box.readers.list()).readers, text.strip().lower()
    exact = [one for one in readers if wanted in {one.name, short(one.name)}]
    found = exact or [one for one in readers if wanted and wanted in one.label.lower()]
    if len(found) == 1:
        return found[0].name
    known = ", ".join(f"{short(one.name)} ({one.label})" for one in (found or readers)) or "keine"
    if found:
        raise UsageProblem(f"„{text}“ meint mehrere Kartenleser: {known}")
    raise Missing(f"„{text}“ meint keinen Kartenleser; die Box sieht: {known}")
