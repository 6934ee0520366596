"""`kartenwart verify-document`: what a Konnektor thinks of a signature, and its report in a file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kartenwart.api.signature.v1 import document_verification_service_pb2 as verification_pb2
from kartenwart.cli.exits import Ended, Exit
from kartenwart.cli.files import OTHER, PDF, content_of, write
from kartenwart.cli.naming import named
from kartenwart.cli.options import ContextOption
from kartenwart.cli.output import Output, plain
from kartenwart.cli.words import clock

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart

_WORDS = {
    verification_pb2.VERIFICATION_RESULT_VALID: "gültig",
    verification_pb2.VERIFICATION_RESULT_INCONCLUSIVE: "ohne Ergebnis: der Konnektor kann es nicht sagen",
    verification_pb2.VERIFICATION_RESULT_INVALID: "ungültig",
}
_TIMES = {
    verification_pb2.VERIFICATION_TIMESTAMP_TYPE_SIGNATURE_EMBEDDED: "Angabe in der Signatur",
    verification_pb2.VERIFICATION_TIMESTAMP_TYPE_QUALIFIED: "qualifizierter Zeitstempel",
    verification_pb2.VERIFICATION_TIMESTAMP_TYPE_USER_DEFINED: "vorgegeben",
    verification_pb2.VERIFICATION_TIMESTAMP_TYPE_SYSTEM: "Uhr des Konnektors",
}


async def verify_document(
    box: "Kartenwart",
    out: Output,
    file: Annotated[Path, typer.Argument(metavar="DATEI", help="Signiertes PDF oder XML, CMS, oder was signiert ist.")],
    signature: Annotated[
        Path | None, typer.Argument(metavar="[SIGNATUR]", help="Signatur neben der Datei (.p7s).")
    ] = None,
    context: ContextOption = "",
    report: Annotated[Path | None, typer.Option("--report", help="Wohin der Prüfbericht (XML) kommt.")] = None,
) -> None:
    """Eine Signatur durch den Konnektor prüfen lassen; das Ergebnis ist seines, nicht das der Box."""
    async with _uploaded(box, file) as document, _uploaded(box, signature, cms=True) as beside:
        with out.waiting("Der Konnektor prüft …"):
            said = await box.verifications.verify(document, signature=beside, context=named("contexts", context))
    if said.report:
        content = await box.documents.download(said.report, said.report_sha256)
        await box.documents.delete(said.report)
        if report is not None:
            write(report, content, otherwise="Mit --report einen anderen Ort nennen.")
    kept = str(report) if report is not None and said.report else ""
    out.facts(
        "verification",
        {**plain(said), "file": str(file), "reportFile": kept},
        [
            ("Signatur", _WORDS.get(said.result, "unbekannt")),
            ("Zeitpunkt", f"{clock(said.timestamp)} ({_TIMES.get(said.timestamp_type, 'unbekannt')})"),
            ("Prüfbericht", kept),
        ],
    )
    if said.result != verification_pb2.VERIFICATION_RESULT_VALID:
        raise Ended(Exit.FAILED)


@asynccontextmanager
async def _uploaded(box: "Kartenwart", file: Path | None, *, cms: bool = False) -> AsyncIterator[str]:
    """Keep a file at the box for as long as it is needed; "" for none."""
    if file is None:
        yield ""
        return
    from kartenwart.client import KartenwartError

    content = content_of(file)
    document = await box.documents.upload(content, OTHER if cms else _type(file, content))
    try:
        yield document.name
    finally:
        with suppress(KartenwartError):  # gone after a day at the latest
            await box.documents.delete(document.name)


def _type(file: Path, content: bytes) -> str:
    if content.startswith(b"%PDF-"):
        return PDF
    return "text/xml" if file.suffix.lower() == ".xml" or content.startswith(b"<?xml") else OTHER
