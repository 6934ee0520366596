"""`kartenwart audit`: who did what, and whether the record is whole."""

from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.cli.command import command
from kartenwart.cli.exits import Ended, Exit
from kartenwart.cli.output import Output
from kartenwart.cli.words import moment, yes

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="Das Protokoll der Box.")
    app.add_typer(group, name="audit")
    command(group, "list", technician=True)(list_records)
    command(group, "verify", technician=True)(verify)


async def list_records(
    box: "Kartenwart",
    out: Output,
    number: Annotated[int, typer.Option(help="Höchstens so viele.", min=1, max=1000)] = 50,
) -> None:
    """Die Einträge, neueste zuerst."""
    page = await box.audit.page(number)
    head = ("Nr.", "Zeit", "Wer", "Was", "Woran", "Ausgang", "Kontext", "Einzelheit")
    rows = [
        (
            str(record.sequence),
            moment(record.time),
            record.actor,
            record.action.removeprefix("kartenwart.api."),
            record.subject,
            record.outcome,
            record.context,
            record.detail,
        )
        for record in page.records
    ]
    out.table("records", page.records, head, rows)


async def verify(box: "Kartenwart", out: Output) -> None:
    """Die Kette nachrechnen. Status 1, wenn sie nicht heil ist."""
    with out.waiting("Die Kette wird nachgerechnet …"):
        verdict = await box.audit.verify()
    broken = str(verdict.first_broken_sequence or "")
    lines = [("Heil", yes(verdict.intact)), ("Geprüft", str(verdict.checked)), ("Erster Bruch", broken)]
    out.facts("verdict", verdict, [*lines, ("Befund", verdict.finding), ("Letzter Hash", verdict.head_hash)])
    if not verdict.intact:
        raise Ended(Exit.FAILED)
