"""Documents for others, and from others: encrypted for certificates, opened with a card's own key.

Both ask nobody and change nothing, so they are plain calls and no jobs; who gets no answer may ask again.
"""

import asyncio
from dataclasses import dataclass

from kartenwart.domain.catalogue import failure, wrong_field
from kartenwart.domain.documents import Document
from kartenwart.domain.failures import CallerError, Reason, Violation
from kartenwart.domain.ports.card_keys import EncryptOrder, EnvelopeReader
from kartenwart.domain.principals import Caller
from kartenwart.operations.card_keys import CardKeys
from kartenwart.operations.contexts import Contexts, require_konnektor
from kartenwart.operations.documents import Documents

MOST_RECIPIENTS = 20
AT_ONCE = 2  # documents in memory: each stands there several times while it is in base64 and XML
ENVELOPE = "application/pkcs7-mime"
PLAIN = "application/octet-stream"
_LEFT_OUT = 4259


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptDocumentOrder:
    """What a caller asks: recipients are certificates (DER), and a card of its context where one is named."""

    document: str
    context: str
    certificates: tuple[bytes, ...]
    card: str = ""
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecryptDocumentOrder:
    """What a caller asks: the document to open, and the card that can."""

    document: str
    card: str
    context: str
    user: str = ""


class Encryptions:
    """Encrypts and decrypts by a Konnektor, a few documents at a time; `envelopes` looks at what it answers."""

    def __init__(
        self,
        *,
        keys: CardKeys,
        contexts: Contexts,
        documents: Documents,
        envelopes: EnvelopeReader,
    ) -> None:
        self._keys = keys
        self._contexts = contexts
        self._documents = documents
        self._envelopes = envelopes
        self._few = asyncio.Semaphore(AT_ONCE)

    async def encrypt(self, caller: Caller, order: EncryptDocumentOrder) -> Document:
        """Encrypt a document for all recipients or for none; return the result.

        CallerError INVALID_ARGUMENT, NOT_FOUND, DOCUMENT_INCOMPLETE, RECIPIENT_UNSUITABLE with the field of each;
        WorldError ENCRYPTION_FAILED and those of the Konnektor.
        """
        document = await self._documents.complete(caller, order.document)
        self._check_recipients(order)
        context = self._contexts.get(order.context)
        require_konnektor(context)
        reach = self._keys.cards.reach(order.card, order.context, order.user) if order.card else None
        cards = self._keys.cards
        async with self._few:
            wanted = EncryptOrder(
                certificates=order.certificates,
                handle=reach.call.handle if reach else "",
                mime_type=document.mime_type,
                document=await self._documents.content(document),
            )
            async with cards.turn(reach) if reach else cards.place(context):
                answer = await cards.konnektor(context).encrypt(context, wanted)
            await self._check_nobody_left_out(answer, order)
            return await self._documents.keep(caller.name, answer, ENVELOPE)

    async def decrypt(self, caller: Caller, order: DecryptDocumentOrder) -> Document:
        """Open a document with a card's key; return the result.

        CallerError NOT_FOUND, DOCUMENT_INCOMPLETE, CARD_TYPE_WRONG, ROLE_MISSING, USER_NOT_BOUND; WorldError
        PIN_NOT_VERIFIED, CARD_BUSY, DECRYPTION_FAILED and those of the Konnektor.
        """
        document = await self._documents.complete(caller, order.document)
        require_konnektor(self._contexts.get(order.context))
        reach = self._keys.reach(caller, order.card, order.context, order.user)
        async with self._few:
            content = await self._documents.content(document)
            async with self._keys.cards.turn(reach):
                await self._keys.require_unlocked(reach)
                opened = await reach.konnektor.decrypt(reach.call, content)
            return await self._documents.keep(caller.name, opened, PLAIN)

    def _check_recipients(self, order: EncryptDocumentOrder) -> None:
        if not order.certificates and not order.card:
            raise wrong_field("certificates", "Es fehlt, für wen verschlüsselt wird.")
        if len(order.certificates) > MOST_RECIPIENTS:
            raise wrong_field("certificates", f"Erlaubt sind höchstens {MOST_RECIPIENTS} Zertifikate.")
        for place, der in enumerate(order.certificates):
            if not self._envelopes.is_certificate(der):
                raise wrong_field(f"certificates[{place}]", "Erwartet wird ein X.509-Zertifikat (DER).")

    async def _check_nobody_left_out(self, answer: bytes, order: EncryptDocumentOrder) -> None:
        """Refuse what one of the recipients could not open: a sender must not learn that from the recipient."""
        found = await self._envelopes.recipients(answer, order.certificates)
        fields = [f"certificates[{place}]" for place in found.left_out]
        if order.card and not found.others:
            fields.append("card")
        if fields:
            words = "Dieser Empfänger kann nicht verschlüsselt erreicht werden."
            violations = tuple(Violation(field=field, description=words) for field in fields)
            raise CallerError(failure(Reason.RECIPIENT_UNSUITABLE, code=_LEFT_OUT), violations)
