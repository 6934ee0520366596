"""What cards' own keys do: signatures for authentication, logins, encryption and decryption."""

from collections.abc import Sequence
from contextlib import suppress

from kartenwart.api.authentication.v1 import authentication_service_pb2 as authentication_pb2
from kartenwart.api.document.v1 import document_service_pb2 as document_pb2
from kartenwart.api.encryption.v1 import encryption_service_pb2 as encryption_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.client.failures import CallFailed, Failure, KartenwartError, ended_well
from kartenwart.client.services.documents import Documents
from kartenwart.client.services.jobs import Jobs, OnJob, started
from kartenwart.client.wire import LONGEST_READ_SECONDS, Wire

_ENVELOPE = "application/octet-stream"  # uploads know no other type for what they cannot look into


class Authentication:
    """AuthenticationService. What it returns the box has verified against the card's certificate."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._jobs = Jobs(wire)
        self._documents = Documents(wire)

    async def start(self, request: authentication_pb2.ExternalAuthenticateRequest) -> job_pb2.Job:
        """Start a signature; the same request_id re-attaches, so a broken connection is no loss."""
        return await started(self._wire, request, authentication_pb2.ExternalAuthenticateResponse)

    async def sign(self, request: authentication_pb2.ExternalAuthenticateRequest, on_job: OnJob | None = None) -> bytes:
        """Let a card sign a hash and return the signature. Raises JobFailed, OutcomeUnknown, CallFailed."""
        return await self._fetched(await self._jobs.follow(await self.start(request), on_job))

    async def log_in(self, request: authentication_pb2.CreateLoginTokenRequest, on_job: OnJob | None = None) -> bytes:
        """Answer a challenge and return the signed JWS (compact, ASCII); raises as `sign` does."""
        job = await started(self._wire, request, authentication_pb2.CreateLoginTokenResponse)
        return await self._fetched(await self._jobs.follow(job, on_job))

    async def _fetched(self, job: job_pb2.Job) -> bytes:
        """Fetch what an ended job made, and let the box delete its copy."""
        result = ended_well(job).authenticate
        if not result.output:
            gone = "Das Ergebnis wurde schon abgeholt oder ist abgelaufen."
            raise CallFailed(Failure(reason="NOT_FOUND", title=gone), code="NOT_FOUND")
        content = await self._documents.download(result.output, result.output_sha256)
        with suppress(KartenwartError):  # it is here; the box deletes it within a day anyway
            await self._documents.delete(result.output)
        return content


class Encryption:
    """EncryptionService, from bytes to bytes."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._documents = Documents(wire)

    async def encrypt(
        self,
        content: bytes,
        *,
        mime_type: str,
        certificates: Sequence[bytes] = (),
        card: str = "",
        context: str = "",
        user: str = "",
    ) -> bytes:
        """Encrypt for holders of certificates (DER) and for a card of the context; return the CMS structure (DER)."""
        document = await self._documents.upload(content, mime_type)
        request = encryption_pb2.EncryptDocumentRequest(
            document=document.name, context=context, certificates=certificates, card=card, user=user
        )
        try:
            answer = await self._wire.call(request, encryption_pb2.EncryptDocumentResponse, LONGEST_READ_SECONDS)
            return await self._fetched(answer.result)
        finally:
            await self._drop(document.name)

    async def decrypt(self, content: bytes, *, card: str, context: str = "", user: str = "") -> bytes:
        """Open a CMS structure (DER) with a card's key."""
        document = await self._documents.upload(content, _ENVELOPE)
        request = encryption_pb2.DecryptDocumentRequest(document=document.name, card=card, context=context, user=user)
        try:
            answer = await self._wire.call(request, encryption_pb2.DecryptDocumentResponse, LONGEST_READ_SECONDS)
            return await self._fetched(answer.result)
        finally:
            await self._drop(document.name)

    async def _fetched(self, result: document_pb2.Document) -> bytes:
        content = await self._documents.download(result.name, result.sha256)
        await self._drop(result.name)
        return content

    async def _drop(self, name: str) -> None:
        with suppress(KartenwartError):  # the box deletes it within a day anyway
            await self._documents.delete(name)
