"""`kartenwart discover`, `enrol` and `profile`: finding a box and becoming known to it."""

import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.cli.command import ProfileOption, host_and_port, offline
from kartenwart.cli.exits import Missing, UsageProblem
from kartenwart.cli.output import Output

if TYPE_CHECKING:
    from kartenwart.client import Address, FoundBox, Profile

InterfaceOption = Annotated[str, typer.Option(help="Eigene IP-Adresse, über die gesucht wird; sonst alle.")]
TOKEN_VARIABLE = "KARTENWART_ENROL_TOKEN"  # noqa: S105  # a name
TOKEN_HELP = "Einmal-Kennwort des Technikers; „-“ liest es von stdin: Auf der Befehlszeile sähe es jeder am Rechner."  # noqa: S105
_OPEN = {True: "offen", False: "geschlossen", None: ""}


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    offline(app, "discover")(discover)
    offline(app, "enrol", "profile")(enrol)
    group = typer.Typer(no_args_is_help=True, help="Das Profil dieses Arbeitsplatzes.")
    app.add_typer(group, name="profile")
    offline(group, "show", "profile")(show)
    offline(group, "export", "profile")(export)


async def discover(
    out: Output,
    interface: InterfaceOption = "",
    timeout: Annotated[float, typer.Option(help="So lange suchen (s).", min=0.1, max=60)] = 3.0,
) -> None:
    """Boxen im Netz suchen. Was gefunden wird, ist ein Hinweis und kein Beweis."""
    from kartenwart.client import discover as search

    with out.waiting("Suche …"):
        found = await search(interface or None, timeout)
    if out.json:
        out.document("boxes", {"boxes": [_described(box) for box in found]})
    elif found:
        rows = [
            (box.box_id, box.address.host, str(box.address.grpc_port), box.site, _OPEN[box.enrolment_open])
            for box in found
        ]
        out.table("boxes", (), ("Box", "Adresse", "gRPC", "Standort", "Anmeldung"), rows)
    if not found:
        raise Missing("Keine Box gefunden. mDNS endet am Subnetz; die Adresse geht auch direkt: enrol --address HOST")


async def enrol(
    out: Output,
    profile: ProfileOption = None,
    address: Annotated[str, typer.Option(metavar="HOST[:PORT]", help="Anmeldeport der Box (8445).")] = "",
    grpc_port: Annotated[int, typer.Option("--grpc-port", help="gRPC-Port, wenn er anders ist.")] = 8443,
    box_id: Annotated[str, typer.Option("--box", help="Box-Kennung, wenn mehrere gefunden werden.")] = "",
    interface: InterfaceOption = "",
    role: Annotated[str, typer.Option(help="Gewünschte Rolle: viewer, workstation, signer.")] = "workstation",
    label: Annotated[str, typer.Option(help="Name dieses Arbeitsplatzes.")] = "",
    token: Annotated[str, typer.Option(envvar=TOKEN_VARIABLE, help=TOKEN_HELP)] = "",
    fingerprint: Annotated[str, typer.Option(help="Fingerabdruck, der zum Token gehört.")] = "",
    confirm: Annotated[str, typer.Option(metavar="CODE", help="Abschließen: der Code, den die Box zeigte.")] = "",
    ask: Annotated[bool, typer.Option("--ask", help="Nach der Freigabe hier fragen statt --confirm.")] = False,
) -> None:
    """Diesen Arbeitsplatz anmelden: Code vorlesen, freigeben lassen, mit --confirm CODE abschließen."""
    from kartenwart.client import Address, Pending, enrol_by_token

    if confirm:
        _enrolled(out, Pending.confirm(confirm, profile))
        return
    name = label or platform.node()[:60] or "Arbeitsplatz"
    if address:
        host, port = host_and_port(address, 8445)
        where = Address(host=host, enrol_port=port, grpc_port=grpc_port)
    else:
        where = await _found(out, box_id, interface)
    if token:
        if not fingerprint:
            raise UsageProblem("Zum Token gehört der Fingerabdruck: --fingerprint")
        secret = sys.stdin.readline().strip() if token == "-" else token  # noqa: S105  # no password
        stored = await enrol_by_token(where, token=secret, site_fingerprint=fingerprint, label=name, folder=profile)
        _enrolled(out, stored)
        return
    await _by_code(out, where, role.upper(), name, profile, ask)


async def _by_code(out: Output, where: "Address", role: str, name: str, folder: Path | None, ask: bool) -> None:
    from kartenwart.client import Pending, reception

    async with reception(where) as box:
        application = await box.apply(role=role, label=name)
        _show_code(out, application.code)
        with out.waiting("Warte auf die Freigabe durch den Techniker …"):
            pending: Pending = await box.approval(application)
    pending.hold(folder)
    if ask:
        typed = typer.prompt("Code, den die Box zeigt", err=True)
        _enrolled(out, Pending.confirm(typed, folder))
        return
    # Not made ready with our own code: only what was read at the box tells it from a box that lies.
    out.text("Freigegeben. Den Code an der Box ablesen und hier damit abschließen:")
    out.text("  kartenwart enrol --confirm CODE")
    if out.json:
        out.document("approved", {"next": "kartenwart enrol --confirm CODE"})


def _show_code(out: Output, code: str) -> None:
    if out.json:
        out.document("code", {"code": code})
    out.text(f"Code dieses Arbeitsplatzes: [bold]{code[:3]} {code[3:]}[/bold]")
    out.remark(f"Der Techniker gibt ihn an der Box ein: kartenwart workstations approve {code}")


def _enrolled(out: Output, stored: "Profile") -> None:
    out.facts(
        "profile",
        _public(stored),
        [
            ("Angemeldet", f"{stored.label} ({stored.workstation}) als {stored.role.lower()}"),
            ("Box", f"{stored.box_id} auf {stored.address.host}"),
            ("Profil", str(stored.folder)),
        ],
    )


async def _found(out: Output, box_id: str, interface: str) -> "Address":
    from kartenwart.client import discover as search

    def wanted(one: "FoundBox") -> bool:
        return one.box_id == box_id

    with out.waiting("Suche die Box …"):
        found = await search(interface or None, 3.0, wanted if box_id else None)
    matching = [one for one in found if not box_id or one.box_id == box_id]
    if len(matching) == 1:
        return matching[0].address
    if not matching:
        raise Missing("Keine Box gefunden; mit --address HOST geht es ohne Suche.")
    known = ", ".join(f"{one.box_id} ({one.address.host})" for one in matching)
    raise UsageProblem(f"Mehrere Boxen gefunden: {known}. Mit --box auswählen.")


async def show(out: Output, profile: ProfileOption = None) -> None:
    """Das gespeicherte Profil zeigen, ohne den Schlüssel."""
    from kartenwart.client import Profile

    _enrolled(out, Profile.load(profile))


async def export(
    out: Output,
    folder: Annotated[Path, typer.Argument(help="Ordner für key.pem, certificate.pem und root.pem.")],
    profile: ProfileOption = None,
) -> None:
    """Schlüssel, Zertifikat und Wurzel als PEM-Dateien schreiben, z. B. für curl."""
    from kartenwart.client import Profile

    files = Profile.load(profile).export(folder)
    out.facts("files", {"files": [str(file) for file in files]}, [("Geschrieben", str(file)) for file in files])


def _described(box: "FoundBox") -> dict[str, object]:
    return {
        "label": box.label,
        "boxId": box.box_id,
        "site": box.site,
        "host": box.address.host,
        "grpcPort": box.address.grpc_port,
        "jsonPort": box.address.json_port,
        "enrolPort": box.address.enrol_port,
        "enrolmentOpen": box.enrolment_open,
    }


def _public(stored: "Profile") -> dict[str, object]:
    return {
        "boxId": stored.box_id,
        "workstation": stored.workstation,
        "label": stored.label,
        "role": stored.role,
        "host": stored.address.host,
        "grpcPort": stored.address.grpc_port,
        "jsonPort": stored.address.json_port,
        "siteFingerprint": stored.site_fingerprint,
        "folder": str(stored.folder or ""),
    }
