"""Signatures verified by a Konnektor."""

from kartenwart.api.signature.v1 import document_verification_service_pb2 as verification_pb2
from kartenwart.client.wire import Wire

# A Konnektor may ask the TI whether a certificate was revoked.
_SECONDS = 120.0


class Verifications:
    """DocumentVerificationService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def verify(
        self, document: str, *, signature: str = "", context: str = ""
    ) -> verification_pb2.VerifyDocumentResponse:
        """Return a Konnektor's word on an uploaded document ("documents/{d}"); `signature` names CMS beside it."""
        request = verification_pb2.VerifyDocumentRequest(document=document, signature=signature, context=context)
        return await self._wire.call(request, verification_pb2.VerifyDocumentResponse, _SECONDS)
