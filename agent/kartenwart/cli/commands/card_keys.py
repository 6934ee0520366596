"""`kartenwart authenticate`, `login-token`, `encrypt`, `decrypt`: what a card's own keys do; they ask for no PIN."""

import hashlib
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.api.authentication.v1 import authentication_service_pb2 as authentication_pb2
from kartenwart.cli.command import command
from kartenwart.cli.exits import UsageProblem
from kartenwart.cli.files import certificate_of, content_of, type_of, write
from kartenwart.cli.naming import CARD_HELP, find_card, named, request_uuid
from kartenwart.cli.options import ContextOption, RequestOption, UserOption
from kartenwart.cli.output import Output

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

_LARGEST_CHALLENGE = 16 * 1024

CardOption = Annotated[str, typer.Option("--card", help=CARD_HELP)]
OutOption = Annotated[Path | None, typer.Option("--out", help="Zieldatei; sonst neben der Datei.")]


class Scheme(StrEnum):
    """How a hash is signed."""

    ECDSA = "ecdsa"
    ECDSA_RAW = "ecdsa-raw"
    PSS = "pss"
    PKCS1 = "pkcs1"


_SCHEMES = {
    Scheme.ECDSA: authentication_pb2.SIGNATURE_SCHEME_ECDSA_DER,
    Scheme.ECDSA_RAW: authentication_pb2.SIGNATURE_SCHEME_ECDSA_RAW,
    Scheme.PSS: authentication_pb2.SIGNATURE_SCHEME_RSASSA_PSS,
    Scheme.PKCS1: authentication_pb2.SIGNATURE_SCHEME_RSASSA_PKCS1_V1_5,
}


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    command(app, "authenticate")(authenticate)
    command(app, "login-token")(login_token)
    command(app, "encrypt")(encrypt)
    command(app, "decrypt")(decrypt)


async def authenticate(
    box: "Kartenwart",
    out: Output,
    file: Annotated[Path, typer.Argument(metavar="DATEI", help="Wovon der SHA-256-Hashwert signiert wird.")],
    card: CardOption,
    scheme: Annotated[Scheme, typer.Option(help="pss und pkcs1 nur bei alten Karten (RSA).")] = Scheme.ECDSA,
    context: ContextOption = "",
    user: UserOption = "",
    target: OutOption = None,
    request_id: RequestOption = "",
) -> None:
    """Mit dem Schlüssel zur Anmeldung (C.AUT) signieren; die Karte muss freigeschaltet sein."""
    from kartenwart.cli.following import Following

    request = authentication_pb2.ExternalAuthenticateRequest(
        request_id=request_uuid(request_id),
        card=(await find_card(box, card)).name,
        context=named("contexts", context),
        user=named("users", user),
        scheme=_SCHEMES[scheme],
        digest=hashlib.sha256(content_of(file)).digest(),
    )
    with out.waiting("Signieren …"):
        signature = await box.authentication.sign(request, Following(out))
    _done(out, "signature", write(target or file.with_name(f"{file.name}.sig"), signature), "Signiert")


async def login_token(
    box: "Kartenwart",
    out: Output,
    file: Annotated[str, typer.Argument(metavar="DATEI", help="Challenge des Identitätsdienstes; - liest von stdin.")],
    card: CardOption,
    context: ContextOption = "",
    user: UserOption = "",
    request_id: RequestOption = "",
) -> None:
    """Die Challenge eines Identitätsdienstes (IDP) mit C.AUT beantworten; das signierte JWS steht auf stdout."""
    from kartenwart.cli.following import Following

    request = authentication_pb2.CreateLoginTokenRequest(
        request_id=request_uuid(request_id),
        card=(await find_card(box, card)).name,
        context=named("contexts", context),
        user=named("users", user),
        challenge=_challenge(file),
    )
    with out.waiting("Anmelden …"):
        token = (await box.authentication.log_in(request, Following(out))).decode("ascii")
    if out.json:
        out.document("loginToken", {"loginToken": {"jws": token}})
    else:
        typer.echo(token)


async def encrypt(
    box: "Kartenwart",
    out: Output,
    file: Annotated[Path, typer.Argument(metavar="DATEI", help="Was verschlüsselt wird, höchstens 25 MiB.")],
    recipients: Annotated[
        list[Path] | None, typer.Option("--for", metavar="ZERTIFIKAT", help="C.ENC eines Empfängers, DER oder PEM.")
    ] = None,
    card: Annotated[str, typer.Option(help="Auch für diese Karte der Praxis. " + CARD_HELP)] = "",
    context: ContextOption = "",
    user: UserOption = "",
    target: OutOption = None,
) -> None:
    """Eine Datei für Inhaber von Zertifikaten und Karten verschlüsseln (CMS)."""
    if not recipients and not card:
        raise UsageProblem("Für wen? --for mit einem Zertifikat oder --card mit einer Karte angeben.")
    content, certificates = content_of(file), [certificate_of(place) for place in recipients or ()]
    with out.waiting("Verschlüsseln …"):
        sealed = await box.encryption.encrypt(
            content,
            mime_type=type_of(file),
            certificates=certificates,
            card=(await find_card(box, card)).name if card else "",
            context=named("contexts", context),
            user=named("users", user),
        )
    _done(out, "encrypted", write(target or file.with_name(f"{file.name}.p7m"), sealed), "Verschlüsselt")


async def decrypt(
    box: "Kartenwart",
    out: Output,
    file: Annotated[Path, typer.Argument(metavar="DATEI", help="Das verschlüsselte Dokument (CMS, DER).")],
    card: CardOption,
    context: ContextOption = "",
    user: UserOption = "",
    target: OutOption = None,
) -> None:
    """Eine Datei mit dem Schlüssel einer Karte öffnen; die Karte muss freigeschaltet sein."""
    place = target or _opened_name(file)
    content = content_of(file)
    with out.waiting("Entschlüsseln …"):
        opened = await box.encryption.decrypt(
            content,
            card=(await find_card(box, card)).name,
            context=named("contexts", context),
            user=named("users", user),
        )
    _done(out, "decrypted", write(place, opened), "Entschlüsselt")


def _opened_name(file: Path) -> Path:
    place = file.with_suffix("") if file.suffix == ".p7m" else file.with_name(f"{file.name}.entschluesselt")
    if place.exists():
        raise UsageProblem(f"{place} gibt es schon; mit --out einen anderen Ort nennen.")
    return place


def _challenge(file: str) -> str:
    try:
        text = sys.stdin.read(_LARGEST_CHALLENGE + 1) if file == "-" else Path(file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageProblem(f"Die Challenge in {file} ist nicht lesbar.") from error
    if not 0 < len(text.strip()) <= _LARGEST_CHALLENGE:
        raise UsageProblem(f"Eine Challenge hat 1 bis {_LARGEST_CHALLENGE} Zeichen.")
    return text.strip()


def _done(out: Output, kind: str, place: Path, word: str) -> None:
    out.facts(kind, {"file": str(place)}, [(word, str(place))])
