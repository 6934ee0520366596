"""`kartenwart users`: the people who sign, and their cards."""

from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.cli.command import command
from kartenwart.cli.naming import CARD_HELP, find_card, named, request_uuid
from kartenwart.cli.options import ContextOption, LastOption, RequestOption, UnknownOption
from kartenwart.cli.output import Output
from kartenwart.cli.words import moment, short

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="Die Menschen, die signieren.")
    app.add_typer(group, name="users")
    command(group, "list")(list_users)
    command(group, "create", technician=True)(create)
    command(group, "bind")(bind)


async def list_users(box: "Kartenwart", out: Output) -> None:
    """Die Benutzer und ihre Karten."""
    users = await box.users.list()
    rows = [(short(user.name), user.label, short(user.card), moment(user.bind_time)) for user in users]
    out.table("users", users, ("Benutzer", "Name", "HBA", "gebunden seit"), rows)


async def create(
    box: "Kartenwart",
    out: Output,
    user: Annotated[str, typer.Argument(metavar="KENNUNG", help="a-z, 0-9 und -, z. B. arzt1.")],
    label: Annotated[str, typer.Option(help="Name, wie ihn Menschen lesen.")] = "",
) -> None:
    """Einen Benutzer anlegen (Techniker)."""
    made = await box.users.create(user, label or user)
    out.facts("user", made, [("Benutzer", short(made.name)), ("Name", made.label)])


async def bind(
    box: "Kartenwart",
    out: Output,
    user: Annotated[str, typer.Argument(metavar="KENNUNG", help="Benutzer.")],
    card: Annotated[str, typer.Argument(help=CARD_HELP)],
    context: ContextOption = "",
    last: LastOption = False,
    unknown: UnknownOption = False,
    request_id: RequestOption = "",
) -> None:
    """Einen Benutzer an seinen HBA binden: Die PIN.CH gibt der Mensch am Terminal ein."""
    from kartenwart.api.user.v1 import user_service_pb2
    from kartenwart.cli.following import follow
    from kartenwart.client.failures import ended_well

    found = await find_card(box, card)
    job = await box.users.bind(
        user_service_pb2.BindUserRequest(
            request_id=request_uuid(request_id),
            user=named("users", user),
            card=found.name,
            context=named("contexts", context),
            accept_last_attempt=last,
            accept_unknown_attempts=unknown,
        )
    )
    job = ended_well(await follow(box, out, job))
    out.facts("job", job, [("Benutzer", short(job.bind_user.user)), ("gebunden an", f"HBA {found.holder}")])
