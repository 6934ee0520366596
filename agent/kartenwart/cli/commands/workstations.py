"""`kartenwart workstations`: enrolments and enrolled peers, as the technician sees them."""

from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.cli.command import command
from kartenwart.cli.exits import UsageProblem
from kartenwart.cli.naming import named
from kartenwart.cli.output import Output, plain
from kartenwart.cli.words import ROLES, WORKSTATION_STATES, clock, moment, short, word

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

RoleOption = Annotated[str, typer.Option(help="viewer, workstation, signer, technician oder auditor.", metavar="ROLLE")]
ContextsOption = Annotated[list[str] | None, typer.Option("--context", help="Kontext; der erste gilt ohne Angabe.")]
UsersOption = Annotated[list[str] | None, typer.Option("--user", help="Benutzer, die hier signieren.")]
NameArgument = Annotated[str, typer.Argument(metavar="ARBEITSPLATZ", help="Name (w-…).")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    group = typer.Typer(no_args_is_help=True, help="Arbeitsplätze anmelden, ändern, sperren (Techniker).")
    app.add_typer(group, name="workstations")
    command(group, "list", technician=True)(list_workstations)
    command(group, "open", technician=True)(open_enrolment)
    command(group, "close", technician=True)(close_enrolment)
    command(group, "pending", technician=True)(pending)
    command(group, "approve", technician=True)(approve)
    command(group, "reject", technician=True)(reject)
    command(group, "token", technician=True)(token)
    command(group, "set", technician=True)(change)
    command(group, "revoke", technician=True)(revoke)


async def list_workstations(box: "Kartenwart", out: Output) -> None:
    """Die angemeldeten Arbeitsplätze."""
    found = await box.workstations.list()
    head = ("Arbeitsplatz", "Name", "Rolle", "Kontexte", "Benutzer", "Stand", "Zertifikat bis")
    rows = [
        (
            short(one.name),
            one.label,
            word(ROLES, one.role),
            ", ".join(short(context) for context in one.scope.contexts),
            ", ".join(short(user) for user in one.scope.users),
            word(WORKSTATION_STATES, one.state),
            moment(one.expire_time),
        )
        for one in found
    ]
    out.table("workstations", found, head, rows)


async def open_enrolment(box: "Kartenwart", out: Output) -> None:
    """Die Anmeldung für zehn Minuten öffnen."""
    await box.enrolments.open()
    answer = await box.enrolments.pending()
    out.facts("enrolment", answer, [("Anmeldung", f"offen bis {clock(answer.close_time)}")])


async def close_enrolment(box: "Kartenwart", out: Output) -> None:
    """Die Anmeldung schließen; wer wartet, wird abgewiesen."""
    await box.enrolments.close()
    out.facts("enrolment", {"open": False}, [("Anmeldung", "geschlossen")])


async def pending(box: "Kartenwart", out: Output) -> None:
    """Wer auf die Anmeldung wartet; den Code nennt der Arbeitsplatz."""
    answer = await box.enrolments.pending()
    rows = [
        (short(one.name), one.label, word(ROLES, one.role), one.peer_address, clock(one.expire_time))
        for one in answer.enrolments
    ]
    out.table("enrolments", answer.enrolments, ("Anmeldung", "Name", "Wunsch", "Adresse", "endet"), rows)
    state = (
        f"Offen bis {clock(answer.close_time)}." if answer.HasField("close_time") else "Die Anmeldung ist geschlossen."
    )
    out.remark(state, style="dim")


async def approve(
    box: "Kartenwart",
    out: Output,
    code: Annotated[str, typer.Argument(help="Der Code, den der Arbeitsplatz zeigt.")],
    role: RoleOption = "",
    contexts: ContextsOption = None,
    users: UsersOption = None,
) -> None:
    """Einen Arbeitsplatz anmelden; sein Benutzer vergleicht danach den Code."""
    answer = await box.enrolments.approve(
        code, role=_role(role), contexts=_all("contexts", contexts), users=_all("users", users)
    )
    made = answer.workstation
    content = {"code": answer.code, "workstation": plain(made)}
    lines = [
        ("Arbeitsplatz", f"{made.label} ({short(made.name)})"),
        ("Rolle", word(ROLES, made.role)),
        ("Code", f"{answer.code[:3]} {answer.code[3:]}"),
        ("Nächster Schritt", f"Am Arbeitsplatz bestätigen: kartenwart enrol --confirm {answer.code}"),
    ]
    out.facts("approval", content, lines)


async def reject(
    box: "Kartenwart", out: Output, name: Annotated[str, typer.Argument(metavar="ANMELDUNG", help="Name (e-…).")]
) -> None:
    """Eine wartende Anmeldung abweisen."""
    await box.enrolments.reject(named("enrolments", name))
    out.facts("enrolment", {"name": named("enrolments", name)}, [("Abgewiesen", name)])


async def token(
    box: "Kartenwart",
    out: Output,
    role: RoleOption = "workstation",
    contexts: ContextsOption = None,
    users: UsersOption = None,
    hours: Annotated[int, typer.Option(help="So viele Stunden gültig.", min=1, max=168)] = 24,
) -> None:
    """Ein Einmal-Kennwort für die Anmeldung ohne Codevergleich machen."""
    made = await box.enrolments.token(
        role=_role(role),
        contexts=_all("contexts", contexts),
        users=_all("users", users),
        lifetime_seconds=hours * 3600,
    )
    lines = [
        ("Token", made.token),
        ("Fingerabdruck", made.site_fingerprint),
        ("Gültig bis", moment(made.expire_time)),
        ("Am Arbeitsplatz", f"kartenwart enrol --token - --fingerprint {made.site_fingerprint}"),
        ("", "und dann das Token eingeben (oder in KARTENWART_ENROL_TOKEN setzen)"),
    ]
    out.facts("token", made, lines)


async def change(
    box: "Kartenwart",
    out: Output,
    name: NameArgument,
    label: Annotated[str | None, typer.Option(help="Neuer Name.")] = None,
    role: RoleOption = "",
    contexts: ContextsOption = None,
    users: UsersOption = None,
    comfort: Annotated[
        bool | None,
        typer.Option("--comfort/--no-comfort", help="Darf Komfortsignaturen auslösen: bestätigt Personen selbst."),
    ] = None,
) -> None:
    """Name, Rolle oder Reichweite eines Arbeitsplatzes ändern."""
    given = {"label": label is not None, "role": bool(role)}
    given |= {"scope.contexts": contexts is not None, "scope.users": users is not None}
    given |= {"scope.comfort": comfort is not None}
    paths = [path for path, wanted in given.items() if wanted]
    if not paths:
        raise UsageProblem("Was soll sich ändern? --label, --role, --context, --user oder --comfort angeben.")
    changed = await box.workstations.update(
        workstation_pb2.Workstation(
            name=named("workstations", name),
            label=label or "",
            role=_role(role),
            scope=workstation_pb2.Scope(
                contexts=_all("contexts", contexts), users=_all("users", users), comfort=bool(comfort)
            ),
        ),
        *paths,
    )
    out.facts(
        "workstation", changed, [("Geändert", f"{changed.label} ({short(changed.name)})"), ("Was", ", ".join(paths))]
    )


async def revoke(box: "Kartenwart", out: Output, name: NameArgument) -> None:
    """Einen Arbeitsplatz sperren; offene Verbindungen enden sofort."""
    gone = await box.workstations.revoke(named("workstations", name))
    out.facts("workstation", gone, [("Gesperrt", f"{gone.label} ({short(gone.name)})")])


def _role(text: str) -> workstation_pb2.Role.ValueType:
    if not text:
        return workstation_pb2.ROLE_UNSPECIFIED
    wanted = f"ROLE_{text.upper()}"
    if wanted not in dict(workstation_pb2.Role.items()):
        raise UsageProblem(f"„{text}“ ist keine Rolle; es gibt {', '.join(ROLES.values())}")
    return workstation_pb2.Role.Value(wanted)


def _all(collection: str, texts: list[str] | None) -> list[str]:
    return [named(collection, text) for text in texts or ()]
