"""Roles, scopes, workstations, users and enrolments."""

from kartenwart.api.enrolment.v1 import enrolment_exchange_service_pb2, enrolment_service_pb2
from kartenwart.api.user.v1 import user_service_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.domain.enrolment import Enrolment, EnrolmentState
from kartenwart.domain.principals import Role, Scope, User, Workstation
from kartenwart.edge.convert.basics import EnumTable, timestamp

ROLES = EnumTable(workstation_pb2.Role, "ROLE", Role)
ENROLMENT_STATES = EnumTable(enrolment_exchange_service_pb2.EnrolmentState, "ENROLMENT_STATE", EnrolmentState)


def scope_message(scope: Scope) -> workstation_pb2.Scope:
    """Return a scope."""
    return workstation_pb2.Scope(contexts=scope.contexts, users=scope.users, comfort=scope.comfort)


def scope_value(message: workstation_pb2.Scope) -> Scope:
    """Return the scope that a request grants; never everything, which only the box itself has."""
    return Scope(contexts=tuple(message.contexts), users=tuple(message.users), comfort=message.comfort)


def workstation_message(workstation: Workstation) -> workstation_pb2.Workstation:
    """Return a workstation."""
    revoked = workstation.revoked_at is not None
    return workstation_pb2.Workstation(
        name=workstation.name,
        label=workstation.label,
        role=ROLES.number(workstation.role),
        scope=scope_message(workstation.scope),
        state=workstation_pb2.WORKSTATION_STATE_REVOKED if revoked else workstation_pb2.WORKSTATION_STATE_ACTIVE,
        enrol_time=timestamp(workstation.enrolled_at),
        expire_time=timestamp(workstation.expires_at),
        key_sha256=workstation.key_sha256,
    )


def user_message(user: User) -> user_service_pb2.User:
    """Return a user; the Konnektor's UserId is a secret of the box."""
    return user_service_pb2.User(name=user.name, label=user.label, card=user.card, bind_time=timestamp(user.bound_at))


def enrolment_message(enrolment: Enrolment) -> enrolment_service_pb2.Enrolment:
    """Return an enrolment without its code: the code must come from the workstation."""
    return enrolment_service_pb2.Enrolment(
        name=enrolment.name,
        label=enrolment.label,
        role=ROLES.number(enrolment.role),
        state=ENROLMENT_STATES.number(enrolment.state),
        peer_address=enrolment.peer_address,
        create_time=timestamp(enrolment.created_at),
        expire_time=timestamp(enrolment.expires_at),
    )
