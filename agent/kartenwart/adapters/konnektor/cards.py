"""ReadCardCertificate, GetJobNumber, SignDocument and StopSignature."""

import asyncio

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey

from kartenwart.adapters.konnektor.faults import answer_invalid, from_fault, not_sent
from kartenwart.adapters.konnektor.link import Link, call_context
from kartenwart.adapters.konnektor.services import Service
from kartenwart.codecs.soap import certificates, signatures
from kartenwart.codecs.soap.exchange import Exchange
from kartenwart.codecs.soap.fault import Fault
from kartenwart.codecs.soap.signatures import SignedAnswer, SignRequest
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, Context, KeyAlgorithm
from kartenwart.domain.ports.cards import BeforeSend, CardCall
from kartenwart.domain.ports.konnektor import Signature, Signed, SignOrder


async def read_certificate(
    link: Link, call: CardCall, reference: CertificateReference, algorithm: KeyAlgorithm
) -> bytes:
    """Return a certificate, DER; CERTIFICATE_MISSING where the card has none of that kind.

    CertificateService 6.0.0 cannot be asked for a kind, so what it gives is looked at.
    """
    service = (await link.services()).of(certificates.SERVICE)
    exchange = certificates.read_card_certificate(
        call_context(call.context, call.user_id),
        handle=call.handle,
        reference=reference,
        algorithm=algorithm if service.crypt else None,
    )
    found = await link.call(exchange, call.context)
    if found is None or (not service.crypt and _algorithm(found) is not algorithm):
        raise WorldError(failure(Reason.CERTIFICATE_MISSING), sent=False)
    return found


async def job_number(link: Link, context: Context) -> str:
    """Ask for a job number."""
    service = await link.verb_service(signatures.SERVICE)
    exchange = signatures.get_job_number(call_context(context), namespace=service.signature_namespace)
    try:
        return await link.call(exchange, context)
    except WorldError as error:
        raise not_sent(error) from None


async def sign(link: Link, call: CardCall, order: SignOrder, before_send: BeforeSend) -> Signed:
    """Let the card sign the documents, once.

    A doctor's card is not asked by a SignatureService that would use its RSA key (7.4.0): KONNEKTOR_SERVICE_MISSING.
    """
    service = await link.verb_service(signatures.SERVICE)
    if call.card_type.is_person and not service.crypt:
        raise WorldError(failure(Reason.KONNEKTOR_SERVICE_MISSING), sent=False)
    exchange = await asyncio.to_thread(_sign_exchange, call, order, service)
    answer = await link.once(exchange, service, call.context, before_send)
    if isinstance(answer, Fault):
        raise from_fault(answer)
    if all(one.data is None for one in answer):
        error = next((one.error for one in answer if one.error is not None), None)
        raise from_fault(error) if error is not None else answer_invalid()
    return Signed(signatures=tuple(_signature(one) for one in answer))


async def stop_signature(link: Link, call: CardCall, job_number: str) -> None:
    """Ask a running SignDocument to stop, once; for an HBA a Konnektor wants the UserId too (TIP1-A_5666-03)."""
    service = await link.verb_service(signatures.SERVICE)
    exchange = signatures.stop_signature(
        call_context(call.context, call.user_id), job_number=job_number, namespace=service.signature_namespace
    )
    await link.call(exchange, call.context)


def _signature(answer: SignedAnswer) -> Signature:
    if answer.data is not None:
        return Signature(data=answer.data)
    if answer.error is not None:
        return Signature(failure=from_fault(answer.error).failure)
    return Signature(failure=failure(Reason.KONNEKTOR_FAULT))


def _sign_exchange(call: CardCall, order: SignOrder, service: Service) -> Exchange[tuple[SignedAnswer, ...]]:
    requests = [
        SignRequest(
            request_id=str(number),
            format=one.format,
            mime_type=one.mime_type,
            short_text=one.short_text,
            document=one.document,
        )
        for number, one in enumerate(order.requests, start=1)
    ]
    return signatures.sign_document(
        call_context(call.context, call.user_id),
        handle=call.handle,
        job_number=order.job_number,
        requests=requests,
        namespace=service.signature_namespace,
        crypt=service.crypt,
    )


def _algorithm(certificate: bytes) -> KeyAlgorithm:
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
        raise answer_invalid() from None
    return KeyAlgorithm.ECC if isinstance(key, EllipticCurvePublicKey) else KeyAlgorithm.RSA
