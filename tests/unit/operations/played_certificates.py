"""The part of a played Konnektor that tells of certificates, and a reader of the test's own."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kartenwart.domain.catalogue import failure
from kartenwart.domain.certificates import CertificateCheck, CertificateStatus
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardCertificate, CertificateReference, Context, KeyAlgorithm
from kartenwart.domain.ports.cards import CardCall
from kartenwart.domain.ports.observations import ObservedExpiration
from kartenwart.operations.certificate_survey import CertificateSurveys
from tests.unit.operations.memory import START


@dataclass
class PlayedCertificates:
    """`certificates` by reference and kind of key; `expiring` by handle and kind of key ("" and None: the list)."""

    certificates: dict[tuple[CertificateReference, KeyAlgorithm], bytes] = field(default_factory=dict)
    expiring: dict[tuple[str, KeyAlgorithm | None], tuple[ObservedExpiration, ...] | WorldError] = field(
        default_factory=dict
    )
    calls: list[CardCall] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    async def read_certificate(self, call: CardCall, reference: CertificateReference, algorithm: KeyAlgorithm) -> bytes:
        self.calls.append(call)
        found = self.certificates.get((reference, algorithm))
        if found is None:
            raise WorldError(failure(Reason.CERTIFICATE_RSA_ONLY, code=4258), sent=False)
        return found

    async def expirations(
        self, context: Context, handle: str = "", algorithm: KeyAlgorithm | None = None
    ) -> tuple[ObservedExpiration, ...]:
        self.asked.append(f"expirations {context.name} {handle} {algorithm or ''}".rstrip())
        await asyncio.sleep(0)
        found = self.expiring.get((handle, algorithm), self.expiring.get((handle, None), ()))
        if isinstance(found, WorldError):
            raise found
        return found

    async def verify_certificate(self, context: Context, der: bytes, at: datetime | None) -> CertificateCheck:
        self.asked.append(f"verify_certificate {context.name} {der!r} {at}")
        return CertificateCheck(status=CertificateStatus.VALID, profession_oids=("1.2.276.0.76.4.30",))


class OneCertificateReader:
    """Reads the kind of key from the first byte of a test's certificate."""

    def decode(self, reference: CertificateReference, der: bytes) -> CardCertificate:
        algorithm = KeyAlgorithm.ECC if der.startswith(b"E") else KeyAlgorithm.RSA
        return CardCertificate(
            reference=reference,
            algorithm=algorithm,
            der=der,
            issuer="CN=CA",
            subject="CN=Test",
            serial_number=1,
            not_before=START,
            not_after=START,
        )


def certificate_surveys(practice: Any) -> CertificateSurveys:
    """Return the looks at certificates of a test's practice."""
    return CertificateSurveys(
        keeper=practice.keeper,
        cards=practice.cards,
        contexts=practice.contexts,
        konnektors={practice.konnektor.name: practice.konnektor},
        reader=OneCertificateReader(),
        clock=practice.clock,
    )
