"""Which certificates end when, and whether one holds."""

from collections.abc import Sequence
from datetime import datetime

from kartenwart.api.certificate.v1 import certificate_pb2, certificate_service_pb2
from kartenwart.client.wire import LONGEST_READ_SECONDS, Wire


class Certificates:
    """CertificateService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list(self, konnektor: str = "", *, refresh: bool = False) -> Sequence[certificate_pb2.CertificateState]:
        """Return the states of all certificates; `refresh` asks the Konnektoren now."""
        request = certificate_service_pb2.ListCertificatesRequest(konnektor=konnektor, refresh=refresh)
        answer = await self._wire.call(request, certificate_service_pb2.ListCertificatesResponse, LONGEST_READ_SECONDS)
        return answer.certificates

    async def verify(
        self, der: bytes, *, context: str = "", at: datetime | None = None
    ) -> certificate_service_pb2.VerifyCertificateResponse:
        """Let a Konnektor say whether a certificate (DER) holds at an aware time; None means now."""
        request = certificate_service_pb2.VerifyCertificateRequest(context=context, der=der)
        if at is not None:
            request.verify_time.FromDatetime(at)
        return await self._wire.call(request, certificate_service_pb2.VerifyCertificateResponse, LONGEST_READ_SECONDS)
