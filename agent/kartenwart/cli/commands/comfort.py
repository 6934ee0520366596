"""`kartenwart comfort` and `kartenwart signatures`: sign without a PIN each time, and who signed what."""

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.cli.command import command
from kartenwart.cli.naming import CARD_HELP, card_of, named, request_uuid
from kartenwart.cli.options import ContextOption, LastOption, RequestOption, UnknownOption
from kartenwart.cli.output import Output
from kartenwart.cli.words import COMFORT_STATES, SIGNATURE_MODES, clock, moment, short, word

if TYPE_CHECKING:
    from kartenwart.api.signature.v1.person_assertion_pb2 import PersonAssertion
    from kartenwart.client import Kartenwart

UserOption = Annotated[str, typer.Option(help="Benutzer, an den der HBA gebunden ist.")]
CardOption = Annotated[str, typer.Option(help=CARD_HELP + " Ohne Angabe der HBA des Benutzers.")]


class Act(StrEnum):
    """The second act of a person at this workstation."""

    PASSWORD = "password"  # noqa: S105  # the kind of act
    DEVICE_PIN = "device-pin"
    FINGERPRINT = "fingerprint"
    FACE = "face"
    SECURITY_KEY = "security-key"
    CARD = "card"
    SECOND_DEVICE = "second-device"


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="Komfortsignatur: eine PIN-Eingabe für viele Signaturen.")
    app.add_typer(group, name="comfort")
    command(group, "activate")(activate)
    command(group, "status")(status)
    command(group, "deactivate")(deactivate)
    command(app, "signatures")(signatures)


async def activate(
    box: "Kartenwart",
    out: Output,
    user: UserOption,
    card: CardOption = "",
    context: ContextOption = "",
    last: LastOption = False,
    unknown: UnknownOption = False,
    request_id: RequestOption = "",
) -> None:
    """Die Komfortsignatur mit einer Eingabe der PIN.QES aktivieren; alle Bedingungen werden vorher geprüft."""
    from kartenwart.api.signature.v1 import comfort_signature_service_pb2
    from kartenwart.cli.following import follow
    from kartenwart.client.failures import ended_well

    job = await box.comfort.activate(
        comfort_signature_service_pb2.ActivateComfortSignatureRequest(
            request_id=request_uuid(request_id),
            card=await card_of(box, card, user),
            context=named("contexts", context),
            user=named("users", user),
            accept_last_attempt=last,
            accept_unknown_attempts=unknown,
        )
    )
    job = ended_well(await follow(box, out, job))
    left, until = job.comfort.signatures_left, moment(job.comfort.end_time)
    out.facts("job", job, [("Komfortsignatur", "aktiv"), ("Noch", f"{left} Signaturen"), ("Längstens bis", until)])


async def status(
    box: "Kartenwart", out: Output, user: UserOption, card: CardOption = "", context: ContextOption = ""
) -> None:
    """Was von der Komfortsignatur übrig ist: Anzahl und Zeit."""
    known = await box.comfort.state(
        await card_of(box, card, user), user=named("users", user), context=named("contexts", context)
    )
    lines = [("Komfortsignatur", word(COMFORT_STATES, known.state)), ("Benutzer", short(known.user))]
    if known.HasField("end_time"):
        lines += [("Noch", f"{known.signatures_left} Signaturen"), ("Längstens bis", f"{clock(known.end_time)} Uhr")]
    if known.ends_soon:
        lines.append(("Hinweis", "Sie endet bald; danach fragt das Terminal wieder nach der PIN.QES."))
    if known.HasField("failure"):
        lines += [("Warum", known.failure.title), ("Was tun", known.failure.next_step)]
    out.facts("comfortSignature", known, lines)


async def deactivate(
    box: "Kartenwart",
    out: Output,
    user: UserOption,
    card: CardOption = "",
    context: ContextOption = "",
    end_all: Annotated[
        bool,
        typer.Option("--end-all-sessions", help="Ja: auch die Sitzungen anderer Programme auf dieser Karte enden."),
    ] = False,
) -> None:
    """Die Komfortsignatur einer Karte beenden: für alle Personen und alle Programme, auch fremde."""
    had = await box.comfort.deactivate(
        await card_of(box, card, user),
        user=named("users", user),
        context=named("contexts", context),
        end_all_sessions=end_all,
    )
    found = "beendet, in allen Programmen" if had else "Auf dieser Karte war keine aktiv."
    out.facts("comfortSignature", {"hadSessions": had}, [("Komfortsignatur", found)])


async def signatures(
    box: "Kartenwart",
    out: Output,
    number: Annotated[int, typer.Option(help="Höchstens so viele.", min=1, max=1000)] = 50,
) -> None:
    """Wer hat wann welche Art von Dokument womit signiert, neueste zuerst."""
    page = await box.signature_journal.page(number)
    head = ("Zeit", "Benutzer", "Karte", "Art", "Form", "Wie", "Signiert", "Ausgang", "Arbeitsplatz")
    rows = [
        (
            moment(one.time),
            short(one.user),
            short(one.card),
            one.document_kind,
            one.format,
            word(SIGNATURE_MODES, one.mode),
            f"{one.signed} von {one.documents}",
            one.outcome,
            short(one.workstation),
        )
        for one in page.signatures
    ]
    out.table("signatures", page.signatures, head, rows)


def assertion(user: str, act: Act) -> "PersonAssertion":
    """Return the word that the person has just confirmed this signature here."""
    from kartenwart.api.signature.v1 import person_assertion_pb2
    from kartenwart.client.services.comfort import person_assertion

    name = f"PERSON_ACT_{act.name}"
    return person_assertion(named("users", user), person_assertion_pb2.PersonAct.Value(name))
