"""Many documents signed in one job: each is read when it is sent, so that a batch is never in memory as a whole."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import person_assertion_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client.failures import CallFailed, Failure, KartenwartError
from kartenwart.client.services.documents import Documents
from kartenwart.client.services.jobs import Jobs, OnJob, Signatures


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchDocument:
    """One document; `short_text` may be empty where the batch has a preset."""

    read: Callable[[], bytes]
    mime_type: str
    short_text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Documents of one MIME type and how they are signed: by `format`, or by a preset's name."""

    documents: Sequence[BatchDocument]
    card: str
    request_id: str
    format: signature_pb2.SignatureFormat.ValueType = signature_pb2.SIGNATURE_FORMAT_UNSPECIFIED
    preset: str = ""
    context: str = ""
    user: str = ""
    accept_last_attempt: bool = False
    accept_unknown_attempts: bool = False
    comfort: person_assertion_pb2.PersonAssertion | None = None

    def request(self, names: Sequence[str]) -> signature_pb2.SignDocumentsRequest:
        """Return the request for the uploaded documents."""
        wanted = [
            signature_pb2.DocumentToSign(
                document=name, format=self.format, preset=self.preset, short_text=document.short_text
            )
            for name, document in zip(names, self.documents, strict=True)
        ]
        return signature_pb2.SignDocumentsRequest(
            request_id=self.request_id,
            card=self.card,
            context=self.context,
            user=self.user,
            documents=wanted,
            accept_last_attempt=self.accept_last_attempt,
            accept_unknown_attempts=self.accept_unknown_attempts,
            comfort=self.comfort,
        )

    def results(self, job: job_pb2.Job) -> Iterator[tuple[BatchDocument, job_pb2.SignedDocument]]:
        """Yield each document that the job reached with what came of it.

        Raises CallFailed REQUEST_ID_REUSED where the job was about other documents.
        """
        for document, result in zip(self.documents, job.sign_documents.documents, strict=False):
            if hashlib.sha256(document.read()).hexdigest() != result.input_sha256:
                words = "Diese request_id gehört zu einem anderen Auftrag."
                raise CallFailed(Failure(reason="REQUEST_ID_REUSED", title=words), code="ALREADY_EXISTS")
            yield document, result


async def sign_batch(
    batch: Batch, *, documents: Documents, signatures: Signatures, jobs: Jobs, on_job: OnJob | None = None
) -> job_pb2.Job:
    """Upload, sign, follow; see Kartenwart.sign_batch."""
    known = await jobs.page(1, request_id=batch.request_id)
    if known.jobs:
        return await jobs.follow(known.jobs[0], on_job)
    names: list[str] = []
    try:
        for document in batch.documents:
            uploaded = await documents.upload(document.read(), document.mime_type)
            names.append(uploaded.name)
        job = await signatures.start(batch.request(names))
    except CallFailed:
        for name in names:
            with suppress(KartenwartError):  # refused uploads would fill our room at the box for a day
                await documents.delete(name)
        raise
    return await jobs.follow(job, on_job)
