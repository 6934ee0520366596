"""DocumentVerificationService: a Konnektor's word on a signature."""

from kartenwart.api.signature.v1 import document_verification_service_pb2 as verification_pb2
from kartenwart.api.signature.v1.document_verification_service_pb2 import VerifyDocumentRequest, VerifyDocumentResponse
from kartenwart.domain.verification import TimestampType, VerificationResult
from kartenwart.edge.call import Call
from kartenwart.edge.convert.basics import EnumTable, timestamp
from kartenwart.operations.verification import Verifications

RESULTS = EnumTable(verification_pb2.VerificationResult, "VERIFICATION_RESULT", VerificationResult)
TIMES = EnumTable(verification_pb2.VerificationTimestampType, "VERIFICATION_TIMESTAMP_TYPE", TimestampType)


class DocumentVerificationService:
    """Verifies what the caller has uploaded."""

    def __init__(self, *, verifications: Verifications) -> None:
        self._verifications = verifications

    async def verify_document(self, request: VerifyDocumentRequest, call: Call) -> VerifyDocumentResponse:
        """Ask the Konnektor."""
        verified = await self._verifications.verify(
            call.principal.caller, context=request.context, document=request.document, signature=request.signature
        )
        said, report = verified.verification, verified.report
        return VerifyDocumentResponse(
            result=RESULTS.number(said.result),
            timestamp=timestamp(said.timestamp),
            timestamp_type=TIMES.number(said.timestamp_type),
            report=report.name if report else "",
            report_sha256=report.sha256 if report else "",
        )
