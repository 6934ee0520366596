"""The stored form of who may call.

These names are in databases in the field: a change here needs a step in migrations.
"""

from kartenwart.adapters.store.codec import FLAG, TEXT, TIME, Codec, enum, many, names, optional, record
from kartenwart.domain.enrolment import EnrolmentToken
from kartenwart.domain.principals import Role, Scope, User, Workstation

_SCOPE: Codec[Scope] = record(Scope, contexts=many(TEXT), users=many(TEXT), comfort=FLAG, everything=FLAG)

WORKSTATION: Codec[Workstation] = record(
    Workstation,
    name=TEXT,
    label=TEXT,
    role=enum(Role),
    scope=_SCOPE,
    key_sha256=TEXT,
    enrolled_at=TIME,
    expires_at=TIME,
    revoked_at=optional(TIME),
    previous_key_sha256=TEXT,
)

USER: Codec[User] = record(
    User,
    name=TEXT,
    label=TEXT,
    konnektor_user_id=TEXT,
    card=TEXT,
    bound_at=optional(TIME),
    mandants=names(),
)

TOKEN: Codec[EnrolmentToken] = record(
    EnrolmentToken, secret_sha256=TEXT, role=enum(Role), scope=_SCOPE, expires_at=TIME
)
