"""The box itself: who it is, its links to the Konnektoren, its terminals and cards, its audit."""

from collections.abc import Sequence

from kartenwart.api.audit.v1 import audit_service_pb2 as audit_pb2
from kartenwart.api.card.v1 import card_pb2, card_service_pb2
from kartenwart.api.konnektor.v1 import information_model_pb2, konnektor_pb2, konnektor_service_pb2
from kartenwart.api.system.v1 import system_service_pb2 as system_pb2
from kartenwart.client.wire import LONGEST_READ_SECONDS, Wire


class System:
    """SystemService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def get(self) -> system_pb2.System:
        """Return identity and state of the box, and who the caller is to it."""
        return (await self._wire.call(system_pb2.GetSystemRequest(), system_pb2.GetSystemResponse)).system


class Konnektors:
    """KonnektorService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list(self) -> Sequence[konnektor_pb2.Konnektor]:
        """Return the Konnektoren of the caller's scope with the state of the link to each."""
        request = konnektor_service_pb2.ListKonnektorsRequest()
        return (await self._wire.call(request, konnektor_service_pb2.ListKonnektorsResponse)).konnektors

    async def contexts(self) -> Sequence[konnektor_pb2.Context]:
        """Return the contexts of the caller's scope."""
        request = konnektor_service_pb2.ListContextsRequest()
        return (await self._wire.call(request, konnektor_service_pb2.ListContextsResponse)).contexts

    async def targets(self, konnektor: str = "") -> Sequence[information_model_pb2.TargetModel]:
        """Return what has to be entered in a Konnektor ("konnektors/{k}"), or in all of the caller's scope."""
        request = konnektor_service_pb2.GetTargetModelRequest(konnektor=konnektor)
        return (await self._wire.call(request, konnektor_service_pb2.GetTargetModelResponse)).models

    async def check(self, konnektor: str = "") -> Sequence[information_model_pb2.ModelCheck]:
        """Let the box ask a Konnektor, or all of the caller's scope, what it lets the contexts do."""
        request = konnektor_service_pb2.CheckKonnektorRequest(konnektor=konnektor)
        answer = await self._wire.call(request, konnektor_service_pb2.CheckKonnektorResponse, LONGEST_READ_SECONDS)
        return answer.checks


class Cards:
    """CardService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list(self, *types: card_pb2.CardType.ValueType) -> Sequence[card_pb2.Card]:
        """Return the cards of the caller's scope, of these types where some are given."""
        request = card_service_pb2.ListCardsRequest(types=types)
        return (await self._wire.call(request, card_service_pb2.ListCardsResponse)).cards

    async def get(self, name: str) -> card_pb2.Card:
        """Return one card."""
        request = card_service_pb2.GetCardRequest(name=name)
        return (await self._wire.call(request, card_service_pb2.GetCardResponse)).card

    async def certificate(
        self,
        card: str,
        reference: card_pb2.CertificateReference.ValueType,
        *,
        context: str = "",
        user: str = "",
        algorithm: card_pb2.KeyAlgorithm.ValueType = card_pb2.KEY_ALGORITHM_UNSPECIFIED,
    ) -> card_pb2.Certificate:
        """Read a certificate from a card."""
        request = card_service_pb2.ReadCardCertificateRequest(
            card=card, context=context, reference=reference, algorithm=algorithm, user=user
        )
        answer = await self._wire.call(request, card_service_pb2.ReadCardCertificateResponse, LONGEST_READ_SECONDS)
        return answer.certificate


class Audit:
    """AuditService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def page(self, size: int = 0, token: str = "") -> audit_pb2.ListAuditRecordsResponse:
        """Return a page of records, newest first; `token` is an earlier page's next_page_token."""
        request = audit_pb2.ListAuditRecordsRequest(page_size=size, page_token=token)
        return await self._wire.call(request, audit_pb2.ListAuditRecordsResponse)

    async def verify(self) -> audit_pb2.VerifyAuditResponse:
        """Let the box recompute its chain; this may take a while on a large audit."""
        return await self._wire.call(
            audit_pb2.VerifyAuditRequest(), audit_pb2.VerifyAuditResponse, LONGEST_READ_SECONDS
        )
