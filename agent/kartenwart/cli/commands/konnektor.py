"""`kartenwart konnektor`: what has to be entered in the Konnektor, and what of it is there."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.api.konnektor.v1 import information_model_pb2 as model_pb2
from kartenwart.cli.command import command
from kartenwart.cli.exits import Ended, Exit
from kartenwart.cli.model_paper import check_paper, model_paper, model_rows
from kartenwart.cli.model_words import SUBJECTS, VERDICTS, owner_of, why_of
from kartenwart.cli.naming import named
from kartenwart.cli.output import Output
from kartenwart.cli.words import short, word

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

KonnektorOption = Annotated[str, typer.Option("--konnektor", metavar="NAME", help="Nur dieser; sonst alle.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="Das Infomodell des Konnektors: was einzutragen ist und was fehlt.")
    app.add_typer(group, name="konnektor")
    command(group, "model", technician=True, on_paper=True)(model)
    command(group, "check", technician=True, on_paper=True)(check)


async def model(box: "Kartenwart", out: Output, konnektor: KonnektorOption = "") -> None:
    """Was am Konnektor einzutragen ist, damit die eingestellten Kontexte arbeiten; als Markdown zum Abhaken."""
    found = await box.konnektors.targets(named("konnektors", konnektor))
    if out.markdown:
        out.paper(model_paper(found))
        return
    rows = [row for one in found for row in model_rows(one)]
    out.table("models", found, ("Konnektor", "Bereich", "Einzutragen", "Sonst"), rows)


async def check(box: "Kartenwart", out: Output, konnektor: KonnektorOption = "") -> None:
    """Den Konnektor fragen, was er zulässt; niemand wird nach einer PIN gefragt.

    Status 0: alles in Ordnung, 1: etwas fehlt, 5: nichts fehlt erkennbar, aber etwas ist nicht zu prüfen.
    """
    with out.waiting("Der Konnektor wird gefragt …"):
        found = await box.konnektors.check(named("konnektors", konnektor))
    if out.markdown:
        out.paper(check_paper(found))
    else:
        head = ("Kontext", "Was", "Woran", "Befund", "Grund", "Was zu tun ist", "Wer")
        out.table("checks", found, head, [_row(cell) for one in found for cell in one.cells])
    _leave(found)


def _row(cell: model_pb2.ModelCell) -> tuple[str, ...]:
    return (
        short(cell.context),
        word(SUBJECTS, cell.subject),
        cell.item,
        word(VERDICTS, cell.verdict),
        why_of(cell),
        cell.to_do,
        owner_of(cell),
    )


def _leave(checks: Sequence[model_pb2.ModelCheck]) -> None:
    verdicts = {cell.verdict for one in checks for cell in one.cells}
    if model_pb2.MODEL_VERDICT_REFUSED in verdicts:
        raise Ended(Exit.FAILED)
    if verdicts - {model_pb2.MODEL_VERDICT_OK}:
        raise Ended(Exit.OUTCOME_UNKNOWN)
