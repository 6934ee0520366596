"""Who may use the box: workstations, their enrolments, and the users who sign."""

from collections.abc import Sequence
from datetime import datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from kartenwart.api.enrolment.v1 import enrolment_service_pb2 as enrolment_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.user.v1 import user_service_pb2 as user_pb2
from kartenwart.api.workstation.v1 import workstation_pb2, workstation_service_pb2
from kartenwart.client.services.jobs import started
from kartenwart.client.wire import Wire


class Workstations:
    """WorkstationService, as technicians and auditors use it."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list(self) -> Sequence[workstation_pb2.Workstation]:
        """Return all workstations."""
        request = workstation_service_pb2.ListWorkstationsRequest()
        return (await self._wire.call(request, workstation_service_pb2.ListWorkstationsResponse)).workstations

    async def update(self, workstation: workstation_pb2.Workstation, *paths: str) -> workstation_pb2.Workstation:
        """Change what `paths` name: label, role, scope.contexts, scope.users."""
        request = workstation_service_pb2.UpdateWorkstationRequest(
            workstation=workstation, update_mask=FieldMask(paths=paths)
        )
        return (await self._wire.call(request, workstation_service_pb2.UpdateWorkstationResponse)).workstation

    async def revoke(self, name: str) -> workstation_pb2.Workstation:
        """End a workstation's rights, its open streams at once."""
        request = workstation_service_pb2.RevokeWorkstationRequest(name=name)
        return (await self._wire.call(request, workstation_service_pb2.RevokeWorkstationResponse)).workstation


class Enrolments:
    """EnrolmentService, the technician's side of enrolment."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def open(self) -> datetime:
        """Open enrolment for ten minutes; returns when it closes (UTC)."""
        answer = await self._wire.call(enrolment_pb2.OpenEnrolmentRequest(), enrolment_pb2.OpenEnrolmentResponse)
        return answer.close_time.ToDatetime()

    async def close(self) -> None:
        """Close enrolment; pending enrolments are rejected."""
        await self._wire.call(enrolment_pb2.CloseEnrolmentRequest(), enrolment_pb2.CloseEnrolmentResponse)

    async def pending(self) -> enrolment_pb2.ListEnrolmentsResponse:
        """Return pending enrolments and when enrolment closes."""
        return await self._wire.call(enrolment_pb2.ListEnrolmentsRequest(), enrolment_pb2.ListEnrolmentsResponse)

    async def approve(
        self, code: str, *, role: workstation_pb2.Role.ValueType, contexts: Sequence[str], users: Sequence[str]
    ) -> enrolment_pb2.ApproveEnrolmentResponse:
        """Approve the one enrolment that shows `code`; the answer's code is for the workstation's user to confirm."""
        scope = workstation_pb2.Scope(contexts=contexts, users=users)
        request = enrolment_pb2.ApproveEnrolmentRequest(code=code, role=role, scope=scope)
        return await self._wire.call(request, enrolment_pb2.ApproveEnrolmentResponse)

    async def reject(self, name: str) -> None:
        """Reject a pending enrolment."""
        request = enrolment_pb2.RejectEnrolmentRequest(name=name)
        await self._wire.call(request, enrolment_pb2.RejectEnrolmentResponse)

    async def token(
        self,
        *,
        role: workstation_pb2.Role.ValueType,
        contexts: Sequence[str],
        users: Sequence[str],
        lifetime_seconds: int = 0,
    ) -> enrolment_pb2.CreateTokenResponse:
        """Make a one-time token for unattended set-up; 0 seconds mean one day."""
        request = enrolment_pb2.CreateTokenRequest(
            role=role,
            scope=workstation_pb2.Scope(contexts=contexts, users=users),
            lifetime=Duration(seconds=lifetime_seconds) if lifetime_seconds else None,
        )
        return await self._wire.call(request, enrolment_pb2.CreateTokenResponse)


class Users:
    """UserService."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def list(self) -> Sequence[user_pb2.User]:
        """Return the users of the caller's scope."""
        return (await self._wire.call(user_pb2.ListUsersRequest(), user_pb2.ListUsersResponse)).users

    async def create(self, user_id: str, label: str) -> user_pb2.User:
        """Make a user."""
        request = user_pb2.CreateUserRequest(user_id=user_id, label=label)
        return (await self._wire.call(request, user_pb2.CreateUserResponse)).user

    async def bind(self, request: user_pb2.BindUserRequest) -> job_pb2.Job:
        """Start binding a user to an HBA: the person enters PIN.CH. The same request_id re-attaches."""
        return await started(self._wire, request, user_pb2.BindUserResponse)
