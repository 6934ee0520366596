"""EnrolmentExchangeService: what a workstation without rights may call."""

from kartenwart.api.enrolment.v1.enrolment_exchange_service_pb2 import (
    CommitRequest,
    CommitResponse,
    PollRequest,
    PollResponse,
    RedeemTokenRequest,
    RedeemTokenResponse,
    RevealRequest,
    RevealResponse,
)
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.domain.principals import Role
from kartenwart.edge.call import Call
from kartenwart.edge.convert.basics import timestamp
from kartenwart.edge.convert.people import ENROLMENT_STATES, ROLES, scope_message
from kartenwart.operations.enrolment import EnrolmentAnswer, Enrolments


class EnrolmentExchangeService:
    """Commit, reveal, poll; or a token."""

    def __init__(self, *, enrolments: Enrolments, box_id: str) -> None:
        self._enrolments = enrolments
        self._box_id = box_id

    async def commit(self, request: CommitRequest, call: Call) -> CommitResponse:
        """Start an enrolment."""
        role = ROLES.required(request.role, Role)
        made = await self._enrolments.commit(call.peer, request.public_key, role, request.label, request.commitment)
        return CommitResponse(
            enrolment=made.name,
            box_id=self._box_id,
            box_nonce=made.box_nonce,
            expire_time=timestamp(made.expires_at),
        )

    async def reveal(self, request: RevealRequest, call: Call) -> RevealResponse:  # noqa: ARG002
        """Open the commitment."""
        await self._enrolments.reveal(request.enrolment, request.workstation_nonce)
        return RevealResponse()

    async def poll(self, request: PollRequest, call: Call) -> PollResponse:  # noqa: ARG002
        """Return the state, and what was granted after approval."""
        answer = await self._enrolments.poll(request.enrolment, request.sequence, request.signature)
        granted = answer.workstation
        return PollResponse(
            state=ENROLMENT_STATES.number(answer.state),
            certificate=answer.certificate,
            root=answer.root,
            workstation=granted.name if granted else "",
            role=ROLES.number(granted.role) if granted else workstation_pb2.ROLE_UNSPECIFIED,
            scope=scope_message(granted.scope) if granted else None,
        )

    async def redeem_token(self, request: RedeemTokenRequest, call: Call) -> RedeemTokenResponse:
        """Enrol by token."""
        answer = await self._enrolments.redeem(call.peer, request.token, request.certificate_request, request.label)
        return _redeemed(answer)


def _redeemed(answer: EnrolmentAnswer) -> RedeemTokenResponse:
    granted = answer.workstation
    if granted is None:
        raise ValueError("a redeemed token has no workstation")
    return RedeemTokenResponse(
        certificate=answer.certificate,
        root=answer.root,
        workstation=granted.name,
        role=ROLES.number(granted.role),
        scope=scope_message(granted.scope),
    )
