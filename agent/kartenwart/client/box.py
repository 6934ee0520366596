"""A connected box: one attribute per service, and signing from bytes to bytes."""

from dataclasses import dataclass

from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client.failures import ended_well
from kartenwart.client.services.box import Audit, Cards, Konnektors, System, Terminals
from kartenwart.client.services.documents import Documents
from kartenwart.client.services.inventory import Inventory
from kartenwart.client.services.jobs import Jobs, OnJob, Pins, Signatures
from kartenwart.client.services.people import Enrolments, Users, Workstations
from kartenwart.client.wire import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A signature that the box has verified: the signed PDF, or the CAdES beside or around the document."""

    job: job_pb2.Job
    content: bytes
    mime_type: str
    signer_certificate: bytes


class Kartenwart:
    """A box on a wire. Each attribute is a service; messages are those of the protos."""

    def __init__(self, wire: Wire) -> None:
        self.system = System(wire)
        self.konnektors = Konnektors(wire)
        self.terminals = Terminals(wire)
        self.cards = Cards(wire)
        self.inventory = Inventory(wire)
        self.pins = Pins(wire)
        self.signatures = Signatures(wire)
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
        on_job: OnJob | None = None,
    ) -> Signed:
        """Upload, sign, follow, fetch, acknowledge. Raises JobFailed, OutcomeUnknown, CallFailed, BoxUnreachable.

        A broken connection or a restart of the box in between is survived: the same request is sent again with its
        `request_id` (UUID) and the box re-attaches; it never signs twice.
        """
        document = await self.documents.upload(content, mime_type)
        wished = signature_pb2.DocumentToSign(document=document.name, format=format, short_text=short_text)
        job = await self.signatures.start(
            signature_pb2.SignDocumentsRequest(
                request_id=request_id,
                card=card,
                context=context,
                user=user,
                documents=[wished],
                accept_last_attempt=accept_last_attempt,
                accept_unknown_attempts=accept_unknown_attempts,
            )
        )
        return await self.fetch(await self.jobs.follow(job, on_job))

    async def fetch(self, job: job_pb2.Job) -> Signed:
        """Fetch the result of an ended signature and acknowledge it; the box deletes its copy."""
        result = ended_well(job).sign_documents.documents[0]
        content = await self.documents.download(result.output, result.output_sha256)
        await self.documents.delete(result.output)
        return Signed(
            job=job, content=content, mime_type=result.mime_type, signer_certificate=result.signer_certificate
        )
