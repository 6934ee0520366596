"""CheckCertificateExpiration and VerifyCertificate."""

from datetime import datetime

from kartenwart.adapters.konnektor.link import Link, call_context
from kartenwart.codecs.soap import certificates
from kartenwart.codecs.soap.certificates import Expiration
from kartenwart.domain.catalogue import failure
from kartenwart.domain.certificates import CertificateCheck
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Context, KeyAlgorithm
from kartenwart.domain.ports.observations import ObservedExpiration


async def expirations(
    link: Link, context: Context, handle: str, algorithm: KeyAlgorithm | None
) -> tuple[ObservedExpiration, ...]:
    """Return when certificates end; of a kind of key only where CertificateService knows Crypt (6.0.1)."""
    service = (await link.services()).of(certificates.SERVICE)
    if algorithm is not None and not service.crypt:
        raise WorldError(failure(Reason.KONNEKTOR_SERVICE_MISSING), sent=False)
    exchange = certificates.check_certificate_expiration(call_context(context), handle=handle, algorithm=algorithm)
    return tuple(_observed(one) for one in await link.call(exchange, context))


async def verify_certificate(link: Link, context: Context, der: bytes, at: datetime | None) -> CertificateCheck:
    """Return the Konnektor's word on a certificate."""
    found = await link.call(certificates.verify_certificate(call_context(context), der=der, at=at), context)
    return CertificateCheck(status=found.status, profession_oids=found.roles)


def _observed(found: Expiration) -> ObservedExpiration:
    """A machine's certificate is issued to its ICCSN (gemSpec_PKI), a practice's or a person's to a name."""
    return ObservedExpiration(
        ct_id=found.ct_id,
        handle=found.handle,
        device=bool(found.iccsn) and found.common_name.startswith(found.iccsn),
        valid_until=found.valid_until,
    )
