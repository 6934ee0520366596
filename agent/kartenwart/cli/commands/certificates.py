"""`kartenwart certificates`, `kartenwart certificate`: which end when, one from a card, and whether one holds."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.certificate.v1 import certificate_pb2
from kartenwart.cli.command import command
from kartenwart.cli.exits import Ended, Exit, UsageProblem
from kartenwart.cli.files import certificate_of, write
from kartenwart.cli.naming import CARD_HELP, find_card, named
from kartenwart.cli.output import Output
from kartenwart.cli.words import CARD_TYPES, CERTIFICATE_STATUSES, CERTIFICATE_VERDICTS, moment, short, word

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

_REFERENCES = {
    "aut": card_pb2.CERTIFICATE_REFERENCE_AUT,
    "enc": card_pb2.CERTIFICATE_REFERENCE_ENC,
    "sig": card_pb2.CERTIFICATE_REFERENCE_SIG,
    "qes": card_pb2.CERTIFICATE_REFERENCE_QES,
}
_BAD = {certificate_pb2.CERTIFICATE_VERDICT_EXPIRED, certificate_pb2.CERTIFICATE_VERDICT_RSA_ONLY}
_BUILT_IN = {
    certificate_pb2.CERTIFICATE_BEARER_KONNEKTOR: "gSMC-K im Konnektor",
    certificate_pb2.CERTIFICATE_BEARER_TERMINAL: "gSMC-KT im Terminal",
}
_Context = Annotated[str, typer.Option(help="Kontext; sonst der eigene.")]


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    command(app, "certificates")(certificates)
    group = typer.Typer(no_args_is_help=True, help="Ein Zertifikat: von einer Karte lesen, oder prüfen lassen.")
    app.add_typer(group, name="certificate")
    command(group, "read")(read)
    command(group, "verify")(verify)


async def certificates(
    box: "Kartenwart",
    out: Output,
    konnektor: Annotated[str, typer.Option("--konnektor", metavar="NAME", help="Nur dieser; sonst alle.")] = "",
    refresh: Annotated[bool, typer.Option("--refresh", help="Die Konnektoren jetzt fragen.")] = False,
) -> None:
    """Wie lange die Zertifikate aller Karten gelten, auch die in Konnektor und Kartenterminals.

    Status 0: alle gelten, 1: eines ist abgelaufen oder hat nur RSA, 5: von einem ist es nicht bekannt.
    """
    with out.waiting("Die Zertifikate werden angesehen …"):
        found = await box.certificates.list(named("konnektors", konnektor), refresh=refresh)
    head = ("Woran", "Wem", "Gilt bis", "Tage", "Schlüssel", "Telematik-ID", "Rollen", "Befund", "Was zu tun ist")
    out.table("certificates", found, head, [_row(one) for one in found])
    _leave(found)


def _row(state: certificate_pb2.CertificateState) -> tuple[str, ...]:
    return (
        _BUILT_IN.get(state.bearer, "") or word(CARD_TYPES, state.card_type),
        state.label or short(state.card or state.terminal or state.konnektor),
        state.expire_date or "unbekannt",
        str(state.days_left) if state.HasField("days_left") else "",
        _key(state.key_algorithm),
        state.telematik_id,
        _roles(state.professions),
        word(CERTIFICATE_VERDICTS, state.verdict),
        f"{state.failure.title} {state.failure.next_step}" if state.HasField("failure") else "",
    )


def _key(algorithm: card_pb2.KeyAlgorithm.ValueType) -> str:
    return card_pb2.KeyAlgorithm.Name(algorithm).removeprefix("KEY_ALGORITHM_") if algorithm else ""


def _roles(professions: Sequence[certificate_pb2.Profession]) -> str:
    return ", ".join(one.name or one.oid for one in professions)


def _leave(states: Sequence[certificate_pb2.CertificateState]) -> None:
    verdicts = {state.verdict for state in states}
    if verdicts & _BAD:
        raise Ended(Exit.FAILED)
    if certificate_pb2.CERTIFICATE_VERDICT_UNKNOWN in verdicts:
        raise Ended(Exit.OUTCOME_UNKNOWN)


async def read(
    box: "Kartenwart",
    out: Output,
    card: Annotated[str, typer.Argument(help=CARD_HELP)],
    reference: Annotated[str, typer.Argument(help="aut, enc, sig (SMC-B) oder qes (HBA).")],
    context: _Context = "",
    user: Annotated[str, typer.Option(help="Benutzer, nötig beim HBA.")] = "",
    file: Annotated[Path | None, typer.Option("--out", help="Zertifikat (DER) in diese Datei schreiben.")] = None,
) -> None:
    """Ein Zertifikat einer Karte lesen."""
    if reference.lower() not in _REFERENCES:
        raise UsageProblem(f"„{reference}“ ist kein Zertifikat; es gibt {', '.join(_REFERENCES)}")
    with out.waiting("Karte wird gelesen …"):
        found = await find_card(box, card)
        shown = await box.cards.certificate(
            found.name,
            _REFERENCES[reference.lower()],
            context=named("contexts", context),
            user=named("users", user),
        )
    if file is not None:
        write(file, shown.der)
    lines = [
        ("Inhaber", shown.subject),
        ("Aussteller", shown.issuer),
        ("Seriennummer", shown.serial_number),
        ("Gültig", f"{moment(shown.not_before)} bis {moment(shown.not_after)}"),
        ("Schlüssel", card_pb2.KeyAlgorithm.Name(shown.algorithm).removeprefix("KEY_ALGORITHM_")),
        ("Telematik-ID", shown.telematik_id),
        ("Berufs-OIDs", ", ".join(shown.profession_oids)),
        ("Datei", str(file or "")),
    ]
    out.facts("certificate", shown, lines)


async def verify(
    box: "Kartenwart",
    out: Output,
    file: Annotated[Path, typer.Argument(help="Zertifikat, DER oder PEM.")],
    context: _Context = "",
    at: Annotated[datetime | None, typer.Option("--at", help="Zu diesem Zeitpunkt; sonst jetzt.")] = None,
) -> None:
    """Den Konnektor fragen, ob ein Zertifikat gilt. Status 0: gültig, 1: ungültig, 5: nicht zu entscheiden."""
    der = certificate_of(file)
    with out.waiting("Der Konnektor prüft …"):
        found = await box.certificates.verify(
            der, context=named("contexts", context), at=at.astimezone(UTC) if at else None
        )
    lines = [("Zertifikat", word(CERTIFICATE_STATUSES, found.status)), ("Rollen", _roles(found.professions))]
    out.facts("verification", found, lines)
    if found.status == certificate_pb2.CERTIFICATE_STATUS_INCONCLUSIVE:
        raise Ended(Exit.OUTCOME_UNKNOWN)
    if found.status != certificate_pb2.CERTIFICATE_STATUS_VALID:
        raise Ended(Exit.FAILED)
