"""`kartenwart jobs`: what is under way, and what became of it."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.api.job.v1 import job_pb2
from kartenwart.cli.command import command
from kartenwart.cli.exits import Ended, Exit
from kartenwart.cli.naming import named
from kartenwart.cli.output import Output
from kartenwart.cli.words import CARD_TYPES, JOB_KINDS, JOB_STATES, moment, short, word

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

JobArgument = Annotated[str, typer.Argument(metavar="AUFTRAG", help="Name des Auftrags (j-…).")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="Aufträge ansehen, abwarten, abbrechen.")
    app.add_typer(group, name="jobs")
    command(group, "list")(list_jobs)
    command(group, "show")(show)
    command(group, "wait")(wait)
    command(group, "cancel")(cancel)


async def list_jobs(
    box: "Kartenwart",
    out: Output,
    request_id: Annotated[str, typer.Option("--request-id", help="Nur der Auftrag mit dieser UUID.")] = "",
    number: Annotated[int, typer.Option(help="Höchstens so viele.", min=1, max=500)] = 50,
) -> None:
    """Die Aufträge, neueste zuerst."""
    page = await box.jobs.page(number, request_id=request_id)
    head = ("Auftrag", "Was", "Stand", "Karte", "Kontext", "begonnen", "request_id")
    rows = [
        (
            short(job.name),
            word(JOB_KINDS, job.kind),
            word(JOB_STATES, job.state),
            short(job.card),
            short(job.context),
            moment(job.create_time),
            job.request_id,
        )
        for job in page.jobs
    ]
    out.table("jobs", page.jobs, head, rows)
    if page.next_page_token:
        out.remark("Es gibt ältere; mehr zeigt --number.", style="dim")


async def show(box: "Kartenwart", out: Output, name: JobArgument) -> None:
    """Ein Auftrag mit allen Schritten."""
    await _shown(box, out, await box.jobs.get(named("jobs", name)))


async def wait(
    box: "Kartenwart",
    out: Output,
    name: JobArgument,
    seconds: Annotated[float, typer.Option(help="Höchstens so lange (s); 0 wartet bis zum Ende.", min=0)] = 0.0,
) -> None:
    """Das Ende eines Auftrags abwarten. Status 8, wenn er dann noch läuft."""
    from kartenwart.cli.following import follow
    from kartenwart.client.failures import ended_well

    job = await box.jobs.get(named("jobs", name))
    try:
        async with asyncio.timeout(seconds or None):
            job = await follow(box, out, job)
    except TimeoutError:
        raise Ended(Exit.NOT_ENDED) from None
    await _shown(box, out, ended_well(job))


async def cancel(box: "Kartenwart", out: Output, name: JobArgument) -> None:
    """Den Abbruch eines Auftrags wünschen; was gesendet ist, beendet nur der Konnektor."""
    await _shown(box, out, await box.jobs.cancel(named("jobs", name)))


async def _shown(box: "Kartenwart", out: Output, job: job_pb2.Job) -> None:
    from kartenwart.cli.following import job_lines

    cards = [] if out.json or not job.card else await box.cards.list()
    called = (f"{word(CARD_TYPES, one.type)} {one.holder}".rstrip() for one in cards if one.name == job.card)
    out.facts("job", job, job_lines(job, next(called, "")))
