"""VerifyDocument: a Konnektor's word on a signature."""

import asyncio

from kartenwart.adapters.konnektor.faults import from_fault
from kartenwart.adapters.konnektor.link import Link, call_context, nothing_first
from kartenwart.codecs.soap import signatures, verification
from kartenwart.codecs.soap.fault import Fault
from kartenwart.domain.inventory import Context
from kartenwart.domain.verification import Verification, VerificationOrder


async def verify_document(link: Link, context: Context, order: VerificationOrder) -> Verification:
    """Let a Konnektor verify; it may ask the TI about the certificate, and gets the time that cards get."""
    service = await link.verb_service(signatures.SERVICE)
    exchange = await asyncio.to_thread(
        verification.verify_document, call_context(context), order=order, namespace=service.signature_namespace
    )
    answer = await link.once(exchange, service, context, nothing_first)
    if isinstance(answer, Fault):
        raise from_fault(answer)
    return answer
