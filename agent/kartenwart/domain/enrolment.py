"""Enrolment by comparing codes: what is committed, what the code is, where an enrolment stands.

The code binds the root that the workstation saw in TLS, so a man in the middle or a rogue box yields another code;
the commitment stops either side from searching for a matching one.
"""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address, ip_network

from kartenwart.domain.principals import Role, Scope

WINDOW = timedelta(minutes=10)
NONCE_BYTES = 32


class EnrolmentState(StrEnum):
    """Where an enrolment stands; names as in kartenwart.api.enrolment.v1.EnrolmentState without the prefix."""

    COMMITTED = "COMMITTED"
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """A pending enrolment ("enrolments/{e}"); lives in memory only and ends with the window."""

    name: str
    label: str
    role: Role
    public_key: bytes
    commitment: bytes
    box_nonce: bytes
    peer_address: str
    created_at: datetime
    expires_at: datetime
    state: EnrolmentState = EnrolmentState.COMMITTED
    code: str = ""
    last_sequence: int = 0
    workstation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolmentToken:
    """A one-time token as stored: only the SHA-256 (hex) of its secret."""

    secret_sha256: str
    role: Role
    scope: Scope
    expires_at: datetime


def counted_as(address: str) -> str:
    """Return by what the attempts of an address are counted: an IPv6 caller has its whole /64 to choose from."""
    with suppress(ValueError):
        parsed = ip_address(address.partition("%")[0])
        mapped = parsed.ipv4_mapped if parsed.version == 6 else None
        return str(mapped or (ip_network((parsed, 64), strict=False) if parsed.version == 6 else parsed))
    return address


P256_KEY_PREFIX = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")


def is_p256_key(public_key: bytes) -> bool:
    """Tell whether this is the SubjectPublicKeyInfo of an uncompressed P-256 point (RFC 5480); not whether it lies on
    the curve."""
    return len(public_key) == len(P256_KEY_PREFIX) + 64 and public_key.startswith(P256_KEY_PREFIX)


def _digest(fields: tuple[bytes, ...]) -> bytes:
    digest = hashlib.sha256()
    for raw in fields:
        digest.update(len(raw).to_bytes(4, "big") + raw)
    return digest.digest()


def role_name(role: Role) -> str:
    """Return the role as it stands in codes and commitments, e.g. "ROLE_WORKSTATION"."""
    return f"ROLE_{role.value}"


def commitment(*, workstation_nonce: bytes, public_key: bytes, role: Role, label: str) -> bytes:
    """Return the 32 bytes that a workstation commits to before it knows the box's nonce."""
    fields = (b"kartenwart-commit-1", workstation_nonce, public_key, role_name(role).encode(), label.encode())
    return _digest(fields)


def code(
    *,
    box_id: str,
    root_der: bytes,
    public_key: bytes,
    role: Role,
    label: str,
    box_nonce: bytes,
    workstation_nonce: bytes,
) -> str:
    """Return the six digits that both sides compute and people compare."""
    digest = _digest(
        (
            b"kartenwart-enrol-1",
            box_id.encode(),
            root_der,
            public_key,
            role_name(role).encode(),
            label.encode(),
            box_nonce,
            workstation_nonce,
        )
    )
    return f"{int.from_bytes(digest, 'big') % 1_000_000:06d}"


def poll_message(*, enrolment: str, box_nonce: bytes, sequence: int) -> bytes:
    """Return the SHA-256 input that a poll's signature covers: length-prefixed fields."""
    fields = (b"kartenwart-poll-1", enrolment.encode(), box_nonce, sequence.to_bytes(8, "big"))
    return b"".join(len(raw).to_bytes(4, "big") + raw for raw in fields)
