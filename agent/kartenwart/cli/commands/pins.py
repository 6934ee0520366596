"""`kartenwart pin`: the state of PINs, and entering them at a terminal. No PIN ever passes this command."""

from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.cli.command import command
from kartenwart.cli.commands import pin_changes
from kartenwart.cli.naming import default_pin, find_card, named, pin_named, request_uuid
from kartenwart.cli.options import (
    CardArgument,
    ContextOption,
    LastOption,
    PinOption,
    RequestOption,
    UnknownOption,
    UserOption,
)
from kartenwart.cli.output import Output
from kartenwart.cli.words import CARD_TYPES, PIN_OUTCOMES, PIN_STATES, PINS, moment, short, word

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="PIN-Zustand und PIN-Eingabe am Terminal.")
    app.add_typer(group, name="pin")
    command(group, "status")(status)
    command(group, "verify")(verify)
    pin_changes.add_to(app, group)


async def status(
    box: "Kartenwart",
    out: Output,
    card: CardArgument,
    pin: PinOption = "",
    context: ContextOption = "",
    user: UserOption = "",
) -> None:
    """Den Konnektor nach dem Zustand einer PIN fragen; niemand muss etwas eingeben."""
    with out.waiting("Der Konnektor wird gefragt …"):
        found = await find_card(box, card)
        wanted = pin_named(pin) or default_pin(found)
        state = await box.pins.status(found.name, wanted, context=named("contexts", context), user=named("users", user))
    attempts = str(state.attempts_left) if state.HasField("attempts_left") else "unbekannt"
    lines = [
        ("Karte", f"{word(CARD_TYPES, found.type)} {found.holder}"),
        ("Kontext", short(state.context)),
        (word(PINS, state.pin), word(PIN_STATES, state.status)),
        ("Versuche", attempts),
        ("Stand", moment(state.observe_time)),
    ]
    out.facts("pinState", state, lines)


async def verify(
    box: "Kartenwart",
    out: Output,
    card: CardArgument,
    context: ContextOption = "",
    user: UserOption = "",
    force: Annotated[bool, typer.Option("--force", help="Auch fragen, wenn schon freigeschaltet.")] = False,
    last: LastOption = False,
    unknown: UnknownOption = False,
    request_id: RequestOption = "",
) -> None:
    """Eine Karte freischalten: Die PIN gibt ein Mensch am Terminal ein."""
    from kartenwart.api.pin.v1 import pin_service_pb2
    from kartenwart.cli.following import follow
    from kartenwart.client.failures import ended_well

    found = await find_card(box, card)
    job = await box.pins.verify(
        pin_service_pb2.VerifyPinRequest(
            request_id=request_uuid(request_id),
            card=found.name,
            context=named("contexts", context),
            pin=default_pin(found),
            user=named("users", user),
            force=force,
            accept_last_attempt=last,
            accept_unknown_attempts=unknown,
        )
    )
    job = ended_well(await follow(box, out, job))
    out.facts(
        "job",
        job,
        [
            ("Karte", f"{word(CARD_TYPES, found.type)} {found.holder}"),
            ("Kontext", short(job.context)),
            ("PIN", word(PIN_OUTCOMES, job.verify_pin.outcome)),
        ],
    )
