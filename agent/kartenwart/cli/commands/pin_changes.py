"""`kartenwart pin change, unblock, enable, disable`: what a person does with a PIN at a terminal."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kartenwart.api.job.v1 import job_pb2
from kartenwart.cli.command import command
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
from kartenwart.cli.output import Output, plain
from kartenwart.cli.pin_words import step_outcome
from kartenwart.cli.words import PIN_VERBS, PINS, PURPOSES, short, word

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart
    from kartenwart.client.services.jobs import PinRequest

TransportOption = Annotated[
    bool,
    typer.Option("--transport-pin", help="Eine Transport-PIN durch die eigene ersetzen; beim HBA erst CH, dann QES."),
]
SetNewOption = Annotated[bool, typer.Option("--set-new-pin", help="Dabei eine neue PIN setzen.")]
SwitchedOption = Annotated[str, typer.Option("--pin", help="PIN der eGK: mrpin.nfd, mrpin.dpe, mrpin.amts …")]


def add_to(app: typer.Typer, group: typer.Typer) -> None:
    """Register the commands: `unlock` at the top, the others under `pin`."""
    for function in (change, unblock, enable, disable, matrix):
        command(group, function.__name__)(function)
    command(app, "unlock")(unlock)


async def change(
    box: "Kartenwart",
    out: Output,
    card: CardArgument,
    pin: PinOption = "",
    context: ContextOption = "",
    user: UserOption = "",
    transport: TransportOption = False,
    last: LastOption = False,
    unknown: UnknownOption = False,
    request_id: RequestOption = "",
) -> None:
    """Eine PIN ändern: Ein Mensch gibt am Terminal die alte und zweimal die neue ein."""
    from kartenwart.api.pin.v1 import pin_service_pb2 as pins

    found = await find_card(box, card)
    wanted = pin_named(pin) if pin or transport else default_pin(found)
    common = _common(context, last, unknown, request_id)
    request = pins.ChangePinRequest(
        card=found.name, pin=wanted, user=named("users", user), transport_pin=transport, **common
    )
    await _carried_out(box, out, request)


async def unblock(
    box: "Kartenwart",
    out: Output,
    card: CardArgument,
    pin: PinOption = "",
    context: ContextOption = "",
    user: UserOption = "",
    new: SetNewOption = False,
    last: LastOption = False,
    unknown: UnknownOption = False,
    request_id: RequestOption = "",
) -> None:
    """Eine gesperrte PIN mit dem PUK entsperren; jede Eingabe verbraucht einen Versuch des PUK, auch die richtige."""
    from kartenwart.api.pin.v1 import pin_service_pb2 as pins

    found = await find_card(box, card)
    request = pins.UnblockPinRequest(
        card=found.name,
        pin=pin_named(pin) or default_pin(found),
        user=named("users", user),
        set_new_pin=new,
        **_common(context, last, unknown, request_id),
    )
    await _carried_out(box, out, request)


async def enable(
    box: "Kartenwart",
    out: Output,
    card: CardArgument,
    pin: SwitchedOption,
    context: ContextOption = "",
    last: LastOption = False,
    unknown: UnknownOption = False,
    request_id: RequestOption = "",
) -> None:
    """Eine PIN der Gesundheitskarte einschalten: Sie wird von da an verlangt."""
    from kartenwart.api.pin.v1 import pin_service_pb2 as pins

    found = await find_card(box, card)
    common = _common(context, last, unknown, request_id)
    await _carried_out(box, out, pins.EnablePinRequest(card=found.name, pin=pin_named(pin), **common))


async def disable(
    box: "Kartenwart",
    out: Output,
    card: CardArgument,
    pin: SwitchedOption,
    context: ContextOption = "",
    last: LastOption = False,
    unknown: UnknownOption = False,
    request_id: RequestOption = "",
) -> None:
    """Eine PIN der Gesundheitskarte abschalten: Sie wird von da an nicht mehr verlangt."""
    from kartenwart.api.pin.v1 import pin_service_pb2 as pins

    found = await find_card(box, card)
    common = _common(context, last, unknown, request_id)
    await _carried_out(box, out, pins.DisablePinRequest(card=found.name, pin=pin_named(pin), **common))


async def unlock(
    box: "Kartenwart",
    out: Output,
    card: Annotated[str, typer.Argument(help="Nur diese Praxiskarte; sonst alle.")] = "",
    context: ContextOption = "",
    only: Annotated[bool, typer.Option("--only", help="Nur in diesem Kontext, nicht in allen der Praxis.")] = False,
    last: LastOption = False,
    unknown: UnknownOption = False,
    request_id: RequestOption = "",
) -> None:
    """Die Praxiskarten (SMC-B) überall freischalten, wo es nötig ist: in jedem Kontext (PVS, KIM …) einmal die PIN.

    Ist die Karte in einem Kontext schon freigeschaltet, nennt der Konnektor in den anderen keine Zahl der Versuche;
    ab dem zweiten Kontext braucht es daher --accept-unknown-attempts.
    """
    from kartenwart.api.pin.v1 import pin_service_pb2 as pins

    found = (await find_card(box, card)).name if card else ""
    common = _common(context, last, unknown, request_id)
    await _carried_out(box, out, pins.UnlockPracticeCardsRequest(card=found, only_this_context=only, **common))


async def matrix(
    box: "Kartenwart",
    out: Output,
    user: Annotated[str, typer.Option(help="Auch den HBA dieses Benutzers.")] = "",
) -> None:
    """Alle PINs in allen Kontexten: wie sie stehen, und an welchem Terminal gefragt würde. Niemand wird gefragt."""
    from kartenwart.cli.pin_words import matrix_rows

    with out.waiting("Der Konnektor wird gefragt …"):
        cells = await box.pins.matrix(user=named("users", user))
        cards = {one.name: one for one in await box.cards.list()}
        contexts = await _contexts(box)
    head = ("Karte", "PIN", "Kontext", "Zustand", "Versuche", "Eingabe am Terminal")
    out.table("cells", cells, head, matrix_rows(cells, cards, contexts))


def _common(context: str, last: bool, unknown: bool, request_id: str) -> dict[str, Any]:
    return {
        "request_id": request_uuid(request_id),
        "context": named("contexts", context),
        "accept_last_attempt": last,
        "accept_unknown_attempts": unknown,
    }


async def _contexts(box: "Kartenwart") -> dict[str, str]:
    """Return what people call each context: its name, and the program that calls so."""
    found = await box.konnektors.contexts()
    purposes = {one.name: PURPOSES.get(one.purpose, one.purpose) for one in found}
    return {name: f"{short(name)} ({purpose})" if purpose else short(name) for name, purpose in purposes.items()}


async def _carried_out(box: "Kartenwart", out: Output, request: "PinRequest") -> None:
    """Follow the job to its end, show its steps, and leave with its failure where it has one."""
    from kartenwart.cli.following import follow
    from kartenwart.client.failures import ended_well

    job = await follow(box, out, await box.pins.start(request))
    if out.json:
        out.document("job", {"job": plain(job)})
    elif job.pin_steps.steps:
        contexts = await _contexts(box)
        cards = {one.name: one.holder for one in await box.cards.list()}
        rows = [_row(step, cards, contexts) for step in job.pin_steps.steps]
        out.table("steps", [], ("Karte", "PIN", "Kontext", "Vorgang", "Ergebnis"), rows)
    ended_well(job)


def _row(step: job_pb2.PinStep, cards: dict[str, str], contexts: dict[str, str]) -> tuple[str, ...]:
    holder, context = cards.get(step.card, "") or short(step.card), contexts.get(step.context, short(step.context))
    return (holder, word(PINS, step.pin), context, word(PIN_VERBS, step.verb), step_outcome(step))
