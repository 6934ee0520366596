"""CertificateService: which certificates end when, and whether one holds."""

from datetime import UTC

from kartenwart.api.certificate.v1.certificate_service_pb2 import (
    ListCertificatesRequest,
    ListCertificatesResponse,
    VerifyCertificateRequest,
    VerifyCertificateResponse,
)
from kartenwart.edge.call import Call
from kartenwart.edge.convert.certificates import STATUSES, certificate_state_message, profession_messages
from kartenwart.operations.certificate_survey import CertificateSurveys


class CertificateService:
    """Certificates of all cards, and of whoever sends one."""

    def __init__(self, *, surveys: CertificateSurveys) -> None:
        self._surveys = surveys

    async def list_certificates(self, request: ListCertificatesRequest, call: Call) -> ListCertificatesResponse:
        """Return the states of all certificates that the caller's contexts see."""
        found = await self._surveys.list(call.principal.caller, request.konnektor, refresh=request.refresh)
        today = self._surveys.today()
        return ListCertificatesResponse(certificates=[certificate_state_message(one, today) for one in found])

    async def verify_certificate(self, request: VerifyCertificateRequest, call: Call) -> VerifyCertificateResponse:  # noqa: ARG002
        """Let a Konnektor say whether a certificate holds."""
        at = request.verify_time.ToDatetime(UTC) if request.HasField("verify_time") else None
        found = await self._surveys.verify(request.context, request.der, at)
        return VerifyCertificateResponse(
            status=STATUSES.number(found.status), professions=profession_messages(found.profession_oids)
        )
