"""`kartenwart sign` with several files, or by a preset: one job, a signature per file, and what became of each."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kartenwart.api.job.v1 import job_pb2
from kartenwart.cli.files import write
from kartenwart.cli.output import Output, plain

if TYPE_CHECKING:
    from kartenwart.client import Kartenwart
    from kartenwart.client.batch import Batch, BatchDocument

Place = Callable[[Path], Path]


async def sign_files(box: "Kartenwart", out: Output, files: Sequence[Path], batch: "Batch", place: Place) -> None:
    """Sign and write what was signed, also where the job failed in the middle; then raise what it failed with."""
    from kartenwart.cli.following import Following
    from kartenwart.client.failures import ended_well

    with out.waiting("Signieren …"):
        job = await box.sign_batch(batch, on_job=Following(out))
    rows, told = [], []
    by_document: dict[int, Path] = {id(document): file for document, file in zip(batch.documents, files, strict=True)}
    for document, result in batch.results(job):
        file = by_document.pop(id(document))
        written = await _written(box, result, place(file), batch)
        rows.append((file.name, str(written or "–"), result.failure.title if written is None else "geprüft"))
        told.append(_told(file, written, result))
    for file in by_document.values():
        rows.append((file.name, "–", "nicht signiert"))
        told.append({"file": str(file), "output": "", "failure": plain(job.failure)})
    if out.json:
        out.document("signatures", {"signatures": told, "job": plain(job)})
    else:
        out.table("signatures", [], ("Datei", "Signiert", "Ergebnis"), rows)
    ended_well(job)


def document(file: Path, mime_type: str, short_text: str, read: Callable[[Path], bytes]) -> "BatchDocument":
    """Return a file as a document of a batch."""
    from kartenwart.client.batch import BatchDocument

    return BatchDocument(read=partial(read, file), mime_type=mime_type, short_text=short_text)


async def _written(box: "Kartenwart", result: job_pb2.SignedDocument, place: Path, batch: "Batch") -> Path | None:
    """Fetch, write and only then acknowledge; None where there is nothing to fetch."""
    if not result.output:
        return None
    content = await box.documents.download(result.output, result.output_sha256)
    again = f"denselben Aufruf mit --request-id {batch.request_id} und einem anderen --out wiederholen."
    write(place, content, otherwise=f"Die Box hält die Signaturen 24 Stunden: {again}")
    await box.documents.delete(result.output)
    return place


def _told(file: Path, written: Path | None, result: job_pb2.SignedDocument) -> dict[str, Any]:
    return {
        "file": str(file),
        "output": str(written or ""),
        "mimeType": result.mime_type,
        "failure": plain(result.failure) if result.HasField("failure") else None,
    }
