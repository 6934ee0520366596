"""KonnektorService, CardService: what is there."""

from kartenwart.api.card.v1.card_service_pb2 import (
    GetCardRequest,
    GetCardResponse,
    ListCardsRequest,
    ListCardsResponse,
    ReadCardCertificateRequest,
    ReadCardCertificateResponse,
)
from kartenwart.api.konnektor.v1.konnektor_service_pb2 import (
    CheckKonnektorRequest,
    CheckKonnektorResponse,
    GetTargetModelRequest,
    GetTargetModelResponse,
    ListContextsRequest,
    ListContextsResponse,
    ListKonnektorsRequest,
    ListKonnektorsResponse,
)
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import CallerError, Reason
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm
from kartenwart.edge.call import Call
from kartenwart.edge.convert.information_model import check_message, target_message
from kartenwart.edge.convert.inventory import (
    ALGORITHMS,
    CARD_TYPES,
    REFERENCES,
    card_message,
    certificate_message,
    context_message,
    konnektor_message,
)
from kartenwart.edge.services.operations import Operations
from kartenwart.edge.services.views import Views, contexts_of
from kartenwart.edge.shared import Reply


class KonnektorService:
    """Links and contexts, and what they need in the Konnektoren."""

    def __init__(self, operations: Operations, views: Views) -> None:
        self._contexts = operations.contexts
        self._models = operations.information_models
        self._views = views

    async def list_konnektors(self, request: ListKonnektorsRequest, call: Call) -> ListKonnektorsResponse:  # noqa: ARG002
        """Return the Konnektoren that serve the caller."""
        inventory = self._views.of(contexts_of(call)).inventory
        return ListKonnektorsResponse(konnektors=[konnektor_message(one) for one in inventory.konnektors])

    async def list_contexts(self, request: ListContextsRequest, call: Call) -> ListContextsResponse:  # noqa: ARG002
        """Return the contexts that the caller may name."""
        found = self._contexts.visible(call.principal.caller)
        return ListContextsResponse(contexts=[context_message(context) for context in found])

    async def get_target_model(self, request: GetTargetModelRequest, call: Call) -> GetTargetModelResponse:
        """Return what has to be entered in the Konnektoren that serve the caller."""
        found = self._models.targets(call.principal.caller, request.konnektor)
        return GetTargetModelResponse(models=[target_message(one) for one in found])

    async def check_konnektor(self, request: CheckKonnektorRequest, call: Call) -> CheckKonnektorResponse:
        """Ask the Konnektoren what they let the caller's contexts do."""
        found = await self._models.check(call.principal.caller, request.konnektor)
        return CheckKonnektorResponse(checks=[check_message(one) for one in found])


class CardService:
    """Cards of the picture, and their certificates."""

    def __init__(self, operations: Operations, views: Views) -> None:
        self._certificates = operations.certificates
        self._views = views

    async def list_cards(self, request: ListCardsRequest, call: Call) -> Reply:
        """Return the cards that the caller may reach."""
        seen, wanted = self._views.of(contexts_of(call)), set(request.types)
        if not wanted:
            return seen.shared("cards", lambda: ListCardsResponse(cards=map(card_message, seen.inventory.cards)))
        cards = (card for card in seen.inventory.cards if CARD_TYPES.number(card.type) in wanted)
        return ListCardsResponse(cards=map(card_message, cards))

    async def get_card(self, request: GetCardRequest, call: Call) -> GetCardResponse:
        """Return one card."""
        card = self._views.of(contexts_of(call)).inventory.card(request.name)
        if card is None:
            raise CallerError(failure(Reason.NOT_FOUND))
        return GetCardResponse(card=card_message(card))

    async def read_card_certificate(
        self, request: ReadCardCertificateRequest, call: Call
    ) -> ReadCardCertificateResponse:
        """Read a certificate from the card."""
        found = await self._certificates.read(
            call.principal.caller,
            request.card,
            request.context,
            REFERENCES.required(request.reference, CertificateReference),
            ALGORITHMS.member(request.algorithm, KeyAlgorithm),
            request.user,
        )
        return ReadCardCertificateResponse(certificate=certificate_message(found))
