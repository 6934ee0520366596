"""A connected box: one attribute per service, and signing from bytes to bytes."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import person_assertion_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client.batch import Batch, sign_batch
from kartenwart.client.failures import CallFailed, Failure, KartenwartError, ended_well
from kartenwart.client.services.box import Audit, Cards, Konnektors, System
from kartenwart.client.services.card_keys import Authentication, Encryption
from kartenwart.client.services.certificates import Certificates
from kartenwart.client.services.comfort import Comfort, SignatureJournal
from kartenwart.client.services.documents import Documents
from kartenwart.client.services.inventory import Inventory
from kartenwart.client.services.jobs import Jobs, OnJob, Pins, Signatures
from kartenwart.client.services.patients import PatientCards
from kartenwart.client.services.people import Enrolments, Users, Workstations
from kartenwart.client.services.readers import Readers
from kartenwart.client.services.terminals import Terminals
from kartenwart.client.services.verification import Verifications
from kartenwart.client.wire import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signature that the box has verified: the signed PDF, or the CAdES beside or around the document."""

    job: job_pb2.Job
    content: bytes
    mime_type: str
    signer_certificate: bytes


def one_signed(job: job_pb2.Job, content: bytes) -> job_pb2.SignedDocument:
    """Return the job's only signed document; raises CallFailed where it is not `content` that was signed."""
    documents = job.sign_documents.documents
    if not documents or documents[0].input_sha256 != hashlib.sha256(content).hexdigest():
        failure = Failure(reason="REQUEST_ID_REUSED", title="Diese request_id gehört zu einem anderen Auftrag.")
        raise CallFailed(failure, code="ALREADY_EXISTS")
    if not documents[0].output:
        gone = "Das Ergebnis wurde schon abgeholt oder ist abgelaufen."
        raise CallFailed(Failure(reason="NOT_FOUND", title=gone), code="NOT_FOUND")
    return documents[0]


class Kartenwart:
    """A box on a wire. Each attribute is a service; messages are those of the protos."""

    def __init__(self, wire: Wire) -> None:
        self.system = System(wire)
        self.konnektors = Konnektors(wire)
        self.terminals = Terminals(wire)
        self.readers = Readers(wire)
        self.cards = Cards(wire)
        self.certificates = Certificates(wire)
        self.inventory = Inventory(wire)
        self.patients = PatientCards(wire)
        self.pins = Pins(wire)
        self.signatures = Signatures(wire)
        self.comfort = Comfort(wire)
        self.signature_journal = SignatureJournal(wire)
        self.authentication = Authentication(wire)
        self.encryption = Encryption(wire)
        self.verifications = Verifications(wire)
        self.documents = Documents(wire)
        self.jobs = Jobs(wire)
        self.users = Users(wire)
        self.workstations = Workstations(wire)
        self.enrolments = Enrolments(wire)
        self.audit = Audit(wire)

    async def sign(
        self,
        content: bytes,
        *,
        mime_type: str,
        format: signature_pb2.SignatureFormat.ValueType,  # noqa: A002  # the contract's word
        card: str,
        request_id: str,
        context: str = "",
        user: str = "",
        short_text: str = "Dokument",
        accept_last_attempt: bool = False,
        accept_unknown_attempts: bool = False,
        comfort: person_assertion_pb2.PersonAssertion | None = None,
        on_job: OnJob | None = None,
    ) -> Signed:
        """Upload, sign, follow, fetch. Raises JobFailed, OutcomeUnknown, CallFailed, BoxUnreachable.

        The box keeps its copy until `acknowledge`, at most 24 hours: store the result first.

        A broken connection or a restart of the box in between is survived: the same request is sent again with its
        `request_id` (UUID) and the box re-attaches; it never signs twice. A request_id that the box knows already is
        attached to without another upload, also from another process. `comfort` is a person's word while a comfort
        session lasts (services.comfort.person_assertion).
        """
        known = await self.jobs.page(1, request_id=request_id)
        if known.jobs:
            return await self.fetch(await self.jobs.follow(known.jobs[0], on_job), content)
        document = await self.documents.upload(content, mime_type)
        wished = signature_pb2.DocumentToSign(document=document.name, format=format, short_text=short_text)
        request = signature_pb2.SignDocumentsRequest(
            request_id=request_id,
            card=card,
            context=context,
            user=user,
            documents=[wished],
            accept_last_attempt=accept_last_attempt,
            accept_unknown_attempts=accept_unknown_attempts,
            comfort=comfort,
        )
        try:
            job = await self.signatures.start(request)
        except CallFailed:
            with suppress(KartenwartError):  # a refused upload would fill our room at the box for a day
                await self.documents.delete(document.name)
            raise
        return await self.fetch(await self.jobs.follow(job, on_job), content)

    async def sign_batch(self, batch: Batch, on_job: OnJob | None = None) -> job_pb2.Job:
        """Sign many documents in one job and return it as it ended; raises only where it was refused at the beginning.

        Its sign_documents names the signatures, to be fetched and deleted by `documents`, also where the job failed
        later on. A broken connection and a restart of the box are survived as by `sign`.
        """
        return await sign_batch(
            batch, documents=self.documents, signatures=self.signatures, jobs=self.jobs, on_job=on_job
        )

    async def fetch(self, job: job_pb2.Job, content: bytes) -> Signed:
        """Fetch the signature of `content` that an ended job made.

        Raises CallFailed REQUEST_ID_REUSED where the job was about something else, NOT_FOUND where the result is gone.
        """
        result = one_signed(ended_well(job), content)
        content = await self.documents.download(result.output, result.output_sha256)
        return Signed(
            job=job, content=content, mime_type=result.mime_type, signer_certificate=result.signer_certificate
        )

    async def acknowledge(self, signed: Signed) -> None:
        """Say that the result is stored; the box deletes its copy."""
        await self.documents.delete(signed.job.sign_documents.documents[0].output)
