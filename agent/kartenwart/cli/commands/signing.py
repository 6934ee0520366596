"""`kartenwart sign`: files in, signatures out. PAdES for PDF/A-1 and -2, else CAdES beside the file."""

import asyncio
import os
import uuid
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.cli.command import command
from kartenwart.cli.commands.comfort import Act, assertion
from kartenwart.cli.commands.verifying import verify_document
from kartenwart.cli.exits import UsageProblem
from kartenwart.cli.files import PDF, check, content_of, type_of, write
from kartenwart.cli.naming import CARD_HELP, card_of, named, request_uuid
from kartenwart.cli.options import ContextOption, LastOption, RequestOption, UnknownOption
from kartenwart.cli.output import Output, plain

if TYPE_CHECKING:
    from kartenwart.api.signature.v1.person_assertion_pb2 import PersonAssertion
    from kartenwart.client import Kartenwart, Signed
    from kartenwart.client.batch import Batch

# Reasons for which "auto" makes a signature beside the file: the box said so before anyone was asked.
_NOT_INSIDE = frozenset({"DOCUMENT_NOT_PDFA", "DOCUMENT_PDFA_PART_WRONG", "DOCUMENT_TYPE_WRONG"})


class Form(StrEnum):
    """What the signature looks like; `auto` lets the box decide."""

    AUTO = "auto"
    PADES = "pades"
    CADES = "cades"
    CADES_ENVELOPING = "cades-enveloping"
    XADES = "xades"
    XADES_ENVELOPING = "xades-enveloping"


_FORMATS = {
    Form.PADES: signature_pb2.SIGNATURE_FORMAT_PADES,
    Form.CADES: signature_pb2.SIGNATURE_FORMAT_CADES_DETACHED,
    Form.CADES_ENVELOPING: signature_pb2.SIGNATURE_FORMAT_CADES_ENVELOPING,
    Form.XADES: signature_pb2.SIGNATURE_FORMAT_XADES_ENVELOPED,
    Form.XADES_ENVELOPING: signature_pb2.SIGNATURE_FORMAT_XADES_ENVELOPING,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What is to be signed, by which card, for whom."""

    content: bytes
    mime_type: str
    card: str
    context: str
    user: str
    short_text: str
    request_id: str
    accept_last_attempt: bool
    accept_unknown_attempts: bool
    comfort: "PersonAssertion | None" = None


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    command(app, "sign")(sign)
    command(app, "presets")(presets)
    command(app, "verify-document")(verify_document)


async def sign(
    box: "Kartenwart",
    out: Output,
    files: Annotated[
        list[Path], typer.Argument(metavar="DATEI …", help="Was signiert wird: bis zu 250 gleichartige, je 25 MiB.")
    ],
    *,
    card: Annotated[str, typer.Option(help=CARD_HELP + " Ohne Angabe der HBA des Benutzers.")] = "",
    user: Annotated[str, typer.Option(help="Benutzer, nötig beim HBA.")] = "",
    context: ContextOption = "",
    form: Annotated[
        Form, typer.Option("--signature", help="auto nimmt PAdES für PDF/A-1 und -2, sonst CAdES.")
    ] = Form.AUTO,
    preset: Annotated[
        str, typer.Option(help="Vorlage statt --signature: earztbrief, erezept oder eau („kartenwart presets“).")
    ] = "",
    target: Annotated[
        Path | None, typer.Option("--out", help="Zieldatei, bei mehreren der Ordner; sonst neben der Datei.")
    ] = None,
    short_text: Annotated[str, typer.Option("--short-text", help="Kurzer Titel ohne Patientendaten.")] = "",
    last: LastOption = False,
    unknown: UnknownOption = False,
    request_id: RequestOption = "",
    comfort: Annotated[
        bool, typer.Option("--comfort", help="In der laufenden Komfortsitzung, ohne PIN; braucht --act.")
    ] = False,
    act: Annotated[Act | None, typer.Option(help="Wie sich der Mensch hier bestätigt hat; nur mit --comfort.")] = None,
) -> None:
    """Dateien signieren: mit dem HBA qualifiziert (PIN.QES gibt der Mensch am Terminal ein) oder mit der SMC-B.

    Mehrere Dateien sind ein Auftrag; je 50 fragt das Terminal einmal nach der PIN.QES.
    """
    order = Order(
        content=content_of(files[0]),
        mime_type=_mime_type(files[0]),
        card=await card_of(box, card, user),
        context=named("contexts", context),
        user=named("users", user),
        short_text=short_text or ("" if preset else "Dokument"),
        request_id=request_uuid(request_id),
        accept_last_attempt=last,
        accept_unknown_attempts=unknown,
        comfort=_confirmed(user, comfort, act),
    )
    if preset or len(files) > 1:
        await _sign_several(box, out, files, order, form=form, preset=preset, target=target)
    else:
        await _sign_one(box, out, files[0], order, form=form, target=target)


async def _sign_one(
    box: "Kartenwart", out: Output, file: Path, order: Order, *, form: Form, target: Path | None
) -> None:
    _check_place(target or file)
    with out.waiting("Signieren …"):
        signed, used = await _signed(box, out, order, form)
    written = target or _beside(file, used)
    again = f"denselben Aufruf mit --request-id {order.request_id} und einem anderen --out wiederholen."
    write(written, signed.content, otherwise=f"Die Box hält die Signatur 24 Stunden: {again}")
    await box.acknowledge(signed)
    out.facts(
        "signature",
        {"file": str(written), "form": used.value, "mimeType": signed.mime_type, "job": plain(signed.job)},
        [("Signiert", str(written)), ("Form", used.value), ("Jobnummer", signed.job.job_number), ("Geprüft", _CHECKED)],
    )


async def _sign_several(
    box: "Kartenwart", out: Output, files: list[Path], order: Order, *, form: Form, preset: str, target: Path | None
) -> None:
    """Sign all files by a preset or in one form; `auto` is PAdES for PDFs only, else CAdES, for all alike."""
    from kartenwart.cli.commands.signing_batch import sign_files
    from kartenwart.client import CallFailed

    for file in files:
        check(file)
        _check_place((target / file.name) if target else file)
    if preset:
        place = partial(_by_suffix, target=target, suffix=await _suffix(box, preset))
        await sign_files(box, out, files, _batch(files, order, preset=preset), place)
        return
    used = form
    if form is Form.AUTO:
        used = Form.PADES if all(_mime_type(file) == PDF for file in files) else Form.CADES
    try:
        await sign_files(box, out, files, _batch(files, order, form=used), partial(_placed, target=target, form=used))
    except CallFailed as error:
        if form is not Form.AUTO or used is Form.CADES or error.reason not in _NOT_INSIDE:
            raise
        out.remark(f"{error.failure.title} Daher CAdES neben den Dateien.")
        beside = replace(order, request_id=str(uuid.uuid5(uuid.UUID(order.request_id), "cades")))
        place = partial(_placed, target=target, form=Form.CADES)
        await sign_files(box, out, files, _batch(files, beside, form=Form.CADES), place)


def _batch(files: list[Path], order: Order, *, form: Form | None = None, preset: str = "") -> "Batch":
    from kartenwart.cli.commands.signing_batch import document
    from kartenwart.client.batch import Batch

    return Batch(
        documents=[document(file, _mime_type(file), order.short_text, content_of) for file in files],
        card=order.card,
        request_id=order.request_id,
        format=_FORMATS[form] if form else signature_pb2.SIGNATURE_FORMAT_UNSPECIFIED,
        preset=preset,
        context=order.context,
        user=order.user,
        accept_last_attempt=order.accept_last_attempt,
        accept_unknown_attempts=order.accept_unknown_attempts,
        comfort=order.comfort,
    )


def _confirmed(user: str, comfort: bool, act: Act | None) -> "PersonAssertion | None":
    """Return the person's word for this call, fresh; None where the terminal asks for the PIN."""
    if not comfort and act is None:
        return None
    if not (comfort and act and user):
        raise UsageProblem("Für die Komfortsignatur --comfort, --act und --user angeben.")
    return assertion(user, act)


async def _suffix(box: "Kartenwart", preset: str) -> str:
    known = {one.name: one.file_suffix for one in await box.signatures.presets()}
    if preset not in known:
        raise UsageProblem(f"Eine Vorlage „{preset}“ gibt es nicht; es gibt: {', '.join(known)}.")
    return known[preset]


async def presets(box: "Kartenwart", out: Output) -> None:
    """Die Vorlagen zum Signieren zeigen: eArztbrief, E-Rezept, eAU."""
    found = await box.signatures.presets()
    rows = [(one.name, one.title, one.description) for one in found]
    out.table("presets", found, ("Vorlage", "Name", "Beschreibung"), rows)


def _mime_type(file: Path) -> str:
    with file.open("rb") as opened:
        pdf = opened.read(5) == b"%PDF-"
    return PDF if pdf else type_of(file)


_CHECKED = "Die Box hat die Signatur mathematisch gegen das Zertifikat der Karte geprüft."


async def _signed(box: "Kartenwart", out: Output, order: Order, form: Form) -> tuple["Signed", Form]:
    from kartenwart.client import CallFailed

    if form is not Form.AUTO:
        return await _once(box, out, order, form, order.request_id), form
    if order.mime_type == PDF:
        try:
            return await _once(box, out, order, Form.PADES, order.request_id), Form.PADES
        except CallFailed as error:
            if error.reason not in _NOT_INSIDE:
                raise
            words = (error.failure.title, *(wrong.description for wrong in error.failure.violations))
            out.remark(f"{' '.join(words)} Daher CAdES neben der Datei.")
    else:
        out.remark("Das ist kein PDF. Daher CAdES neben der Datei.")
    beside = str(uuid.uuid5(uuid.UUID(order.request_id), "cades")) if order.mime_type == PDF else order.request_id
    return await _once(box, out, order, Form.CADES, beside), Form.CADES


async def _once(box: "Kartenwart", out: Output, order: Order, form: Form, request_id: str) -> "Signed":
    from kartenwart.cli.following import Following

    try:
        return await box.sign(
            order.content,
            mime_type=order.mime_type,
            format=_FORMATS[form],
            card=order.card,
            request_id=request_id,
            context=order.context,
            user=order.user,
            short_text=order.short_text,
            accept_last_attempt=order.accept_last_attempt,
            accept_unknown_attempts=order.accept_unknown_attempts,
            comfort=order.comfort,
            on_job=Following(out),
        )
    except asyncio.CancelledError:
        out.remark(f"Der Auftrag läuft weiter; wieder anhängen mit --request-id {order.request_id}")
        raise


def _check_place(place: Path) -> None:
    """Find out before anyone is asked for a PIN whether the result can be written."""
    if not place.parent.is_dir() or not os.access(place.parent, os.W_OK):
        raise UsageProblem(f"In {place.parent} lässt sich nichts schreiben; mit --out einen anderen Ort nennen.")


def _by_suffix(file: Path, *, target: Path | None, suffix: str) -> Path:
    """Return where a file signed by a preset goes: its suffix takes the place of ".pdf", or is added."""
    stem = file.stem if suffix.endswith(file.suffix.lower() or "?") else file.name
    return (target or file.parent) / f"{stem}{suffix}"


def _placed(file: Path, *, target: Path | None, form: Form) -> Path:
    return _beside(target / file.name if target else file, form)


def _beside(file: Path, form: Form) -> Path:
    if form in (Form.PADES, Form.XADES, Form.XADES_ENVELOPING):
        return file.with_name(f"{file.stem}-signiert{file.suffix}")
    return file.with_name(f"{file.name}.{'p7s' if form is Form.CADES else 'p7m'}")
