"""EnrolmentService, WorkstationService and AuditService: the technician's and the auditor's side."""

from datetime import timedelta

from kartenwart.api.audit.v1.audit_service_pb2 import (
    ListAuditRecordsRequest,
    ListAuditRecordsResponse,
    VerifyAuditRequest,
    VerifyAuditResponse,
)
from kartenwart.api.enrolment.v1.enrolment_service_pb2 import (
    ApproveEnrolmentRequest,
    ApproveEnrolmentResponse,
    CloseEnrolmentRequest,
    CloseEnrolmentResponse,
    CreateTokenRequest,
    CreateTokenResponse,
    ListEnrolmentsRequest,
    ListEnrolmentsResponse,
    OpenEnrolmentRequest,
    OpenEnrolmentResponse,
    RejectEnrolmentRequest,
    RejectEnrolmentResponse,
)
from kartenwart.api.workstation.v1.workstation_service_pb2 import (
    ListWorkstationsRequest,
    ListWorkstationsResponse,
    RenewCertificateRequest,
    RenewCertificateResponse,
    RevokeWorkstationRequest,
    RevokeWorkstationResponse,
    UpdateWorkstationRequest,
    UpdateWorkstationResponse,
)
from kartenwart.domain.principals import Role
from kartenwart.edge.call import Call
from kartenwart.edge.convert.audit import record_message, verdict_message
from kartenwart.edge.convert.basics import seconds, timestamp
from kartenwart.edge.convert.people import ROLES, enrolment_message, scope_value, workstation_message
from kartenwart.edge.cursors import page_number, page_token
from kartenwart.operations.audit import Audit
from kartenwart.operations.enrolment import Enrolments
from kartenwart.operations.workstations import Workstations

PAGE = 100


class EnrolmentService:
    """Enrolment as the technician sees it."""

    def __init__(self, *, enrolments: Enrolments, site_fingerprint: str) -> None:
        self._enrolments = enrolments
        self._site_fingerprint = site_fingerprint

    async def open_enrolment(self, request: OpenEnrolmentRequest, call: Call) -> OpenEnrolmentResponse:  # noqa: ARG002
        """Open for ten minutes."""
        return OpenEnrolmentResponse(close_time=timestamp(self._enrolments.open(call.principal.caller)))

    async def close_enrolment(self, request: CloseEnrolmentRequest, call: Call) -> CloseEnrolmentResponse:  # noqa: ARG002
        """Close; what is pending is rejected."""
        self._enrolments.close(call.principal.caller)
        return CloseEnrolmentResponse()

    async def list_enrolments(self, request: ListEnrolmentsRequest, call: Call) -> ListEnrolmentsResponse:  # noqa: ARG002
        """Return what is pending."""
        pending, closes_at = self._enrolments.list()
        return ListEnrolmentsResponse(
            enrolments=[enrolment_message(one) for one in pending], close_time=timestamp(closes_at)
        )

    async def approve_enrolment(self, request: ApproveEnrolmentRequest, call: Call) -> ApproveEnrolmentResponse:
        """Approve the one whose code was typed."""
        digits = "".join(digit for digit in request.code if digit.isdigit())
        role, scope = ROLES.member(request.role, Role), scope_value(request.scope)
        workstation, code = await self._enrolments.approve(call.principal.caller, digits, role, scope)
        return ApproveEnrolmentResponse(workstation=workstation_message(workstation), code=code)

    async def reject_enrolment(self, request: RejectEnrolmentRequest, call: Call) -> RejectEnrolmentResponse:
        """Reject one."""
        self._enrolments.reject(call.principal.caller, request.name)
        return RejectEnrolmentResponse()

    async def create_token(self, request: CreateTokenRequest, call: Call) -> CreateTokenResponse:
        """Make a one-time token."""
        lifetime = timedelta(seconds=seconds(request.lifetime)) or None
        role, scope = ROLES.required(request.role, Role), scope_value(request.scope)
        secret, token = await self._enrolments.create_token(call.principal.caller, role, scope, lifetime)
        return CreateTokenResponse(
            token=secret, site_fingerprint=self._site_fingerprint, expire_time=timestamp(token.expires_at)
        )


class WorkstationService:
    """The enrolled workstations."""

    def __init__(self, *, workstations: Workstations, root_der: bytes) -> None:
        self._workstations = workstations
        self._root_der = root_der

    async def list_workstations(self, request: ListWorkstationsRequest, call: Call) -> ListWorkstationsResponse:  # noqa: ARG002
        """Return those of the caller's mandants."""
        found = self._workstations.list(call.principal.caller)
        return ListWorkstationsResponse(workstations=[workstation_message(one) for one in found])

    async def update_workstation(self, request: UpdateWorkstationRequest, call: Call) -> UpdateWorkstationResponse:
        """Change what the mask names."""
        news, paths = request.workstation, set(request.update_mask.paths)
        changed = await self._workstations.update(
            call.principal.caller,
            news.name,
            label=news.label if "label" in paths else None,
            role=ROLES.required(news.role, Role) if "role" in paths else None,
            contexts=tuple(news.scope.contexts) if paths & {"scope", "scope.contexts"} else None,
            users=tuple(news.scope.users) if paths & {"scope", "scope.users"} else None,
            comfort=news.scope.comfort if paths & {"scope", "scope.comfort"} else None,
        )
        return UpdateWorkstationResponse(workstation=workstation_message(changed))

    async def revoke_workstation(self, request: RevokeWorkstationRequest, call: Call) -> RevokeWorkstationResponse:
        """End a workstation's rights."""
        revoked = await self._workstations.revoke(call.principal.caller, request.name)
        return RevokeWorkstationResponse(workstation=workstation_message(revoked))

    async def renew_certificate(self, request: RenewCertificateRequest, call: Call) -> RenewCertificateResponse:
        """Give the calling workstation a new certificate."""
        leaf = await self._workstations.renew(call.principal.caller, request.certificate_request)
        return RenewCertificateResponse(certificate=leaf, root=self._root_der)


class AuditService:
    """The audit."""

    def __init__(self, *, audit: Audit) -> None:
        self._audit = audit

    async def list_audit_records(self, request: ListAuditRecordsRequest, call: Call) -> ListAuditRecordsResponse:
        """Return a page of records; one more is read than shown, to know whether there is a next page."""
        limit, before = request.page_size or PAGE, page_number(request.page_token)
        found = await self._audit.list(call.principal.caller, before, limit + 1)
        shown, more = list(found)[:limit], len(found) > limit
        return ListAuditRecordsResponse(
            records=[record_message(one) for one in shown],
            next_page_token=page_token(shown[-1].sequence) if more else "",
        )

    async def verify_audit(self, request: VerifyAuditRequest, call: Call) -> VerifyAuditResponse:  # noqa: ARG002
        """Recompute the chain."""
        return verdict_message(await self._audit.verify())
