"""ExternalAuthenticate, EncryptDocument and DecryptDocument: what a card's own keys do."""

import asyncio

from kartenwart.adapters.konnektor.faults import answer_invalid, from_fault
from kartenwart.adapters.konnektor.link import Link, call_context, nothing_first
from kartenwart.codecs.soap import authentication, encryption
from kartenwart.codecs.soap.encryption import DocumentAnswer
from kartenwart.codecs.soap.exchange import Exchange
from kartenwart.codecs.soap.fault import Fault
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Context
from kartenwart.domain.ports.card_keys import AuthenticateOrder, EncryptOrder
from kartenwart.domain.ports.cards import BeforeSend, CardCall

_ECDSA_SINCE = (7, 4, 1)


async def authenticate(link: Link, call: CardCall, order: AuthenticateOrder, before_send: BeforeSend) -> bytes:
    """Let a card sign a hash, once; KONNEKTOR_SERVICE_MISSING where the service is too old for ECDSA."""
    service = await link.verb_service(authentication.SERVICE)
    if order.scheme.is_ecdsa and service.version < _ECDSA_SINCE:
        raise WorldError(failure(Reason.KONNEKTOR_SERVICE_MISSING), sent=False)
    exchange = authentication.external_authenticate(
        call_context(call.context, call.user_id), handle=call.handle, scheme=order.scheme, digest=order.digest
    )
    answer = await link.once(exchange, service, call.context, before_send)
    error = answer if isinstance(answer, Fault) else answer.error
    if not isinstance(answer, Fault) and answer.signature is not None:
        return answer.signature
    raise from_fault(error) if error is not None else answer_invalid()


async def encrypt(link: Link, context: Context, order: EncryptOrder) -> bytes:
    """Encrypt a document, once."""
    exchange = await asyncio.to_thread(
        encryption.encrypt_document,
        call_context(context),
        certificates=order.certificates,
        handle=order.handle,
        mime_type=order.mime_type,
        document=order.document,
    )
    return await _document(link, exchange, context)


async def decrypt(link: Link, call: CardCall, document: bytes) -> bytes:
    """Open a document with a card's key, once."""
    context = call_context(call.context, call.user_id)
    exchange = await asyncio.to_thread(encryption.decrypt_document, context, handle=call.handle, document=document)
    return await _document(link, exchange, call.context)


async def _document(link: Link, exchange: Exchange[DocumentAnswer], context: Context) -> bytes:
    """Send once and return the document; a warning beside it is left to whoever looks into the document.

    Large documents take longer than a short call may: the connection is its own, with the time that cards get.
    """
    service = await link.verb_service(encryption.SERVICE)
    answer = await link.once(exchange, service, context, nothing_first)
    if isinstance(answer, Fault):
        raise from_fault(answer)
    if answer.document is None:
        raise from_fault(answer.error) if answer.error is not None else answer_invalid()
    return answer.document
