"""AuthenticationService and EncryptionService: what cards' own keys do."""

from kartenwart.api.authentication.v1 import authentication_service_pb2
from kartenwart.api.authentication.v1.authentication_service_pb2 import (
    CreateLoginTokenRequest,
    CreateLoginTokenResponse,
    ExternalAuthenticateRequest,
    ExternalAuthenticateResponse,
)
from kartenwart.api.encryption.v1.encryption_service_pb2 import (
    DecryptDocumentRequest,
    DecryptDocumentResponse,
    EncryptDocumentRequest,
    EncryptDocumentResponse,
)
from kartenwart.domain.authentication import SignatureScheme, sha256_hex
from kartenwart.edge.call import Call
from kartenwart.edge.convert.basics import EnumTable
from kartenwart.edge.convert.documents import document_message
from kartenwart.edge.convert.jobs import job_message
from kartenwart.edge.services.settling import settled
from kartenwart.operations.authentication import Authentications, ExternalAuthenticateOrder, LoginOrder
from kartenwart.operations.encryption import DecryptDocumentOrder, EncryptDocumentOrder, Encryptions
from kartenwart.operations.jobs import Jobs

SCHEMES = EnumTable(authentication_service_pb2.SignatureScheme, "SIGNATURE_SCHEME", SignatureScheme)


class AuthenticationService:
    """Signatures for authentication, as jobs."""

    def __init__(self, *, authentications: Authentications, jobs: Jobs) -> None:
        self._authentications = authentications
        self._jobs = jobs

    async def external_authenticate(
        self, request: ExternalAuthenticateRequest, call: Call
    ) -> ExternalAuthenticateResponse:
        """Start a signature."""
        order = ExternalAuthenticateOrder(
            request_id=request.request_id.lower(),
            card=request.card,
            context=request.context,
            user=request.user,
            scheme=SCHEMES.required(request.scheme, SignatureScheme),
            digest=request.digest.hex() or sha256_hex(request.data),
        )
        job = await self._authentications.authenticate(call.principal.caller, order)
        return ExternalAuthenticateResponse(job=job_message(await settled(self._jobs, job, call, request.wait)))

    async def create_login_token(self, request: CreateLoginTokenRequest, call: Call) -> CreateLoginTokenResponse:
        """Start a login."""
        order = LoginOrder(
            request_id=request.request_id.lower(),
            card=request.card,
            context=request.context,
            user=request.user,
            challenge=request.challenge,
        )
        job = await self._authentications.log_in(call.principal.caller, order)
        return CreateLoginTokenResponse(job=job_message(await settled(self._jobs, job, call, request.wait)))


class EncryptionService:
    """Documents for others and from others."""

    def __init__(self, *, encryptions: Encryptions) -> None:
        self._encryptions = encryptions

    async def encrypt_document(self, request: EncryptDocumentRequest, call: Call) -> EncryptDocumentResponse:
        """Encrypt a document."""
        order = EncryptDocumentOrder(
            document=request.document,
            context=request.context,
            certificates=tuple(request.certificates),
            card=request.card,
            user=request.user,
        )
        return EncryptDocumentResponse(
            result=document_message(await self._encryptions.encrypt(call.principal.caller, order))
        )

    async def decrypt_document(self, request: DecryptDocumentRequest, call: Call) -> DecryptDocumentResponse:
        """Open a document."""
        order = DecryptDocumentOrder(
            document=request.document, card=request.card, context=request.context, user=request.user
        )
        return DecryptDocumentResponse(
            result=document_message(await self._encryptions.decrypt(call.principal.caller, order))
        )
