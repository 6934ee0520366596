"""What an enrolment computes: commitment, code and proof of a poll (EnrolmentExchangeService's comment).

Written from the contract and not shared with the box, so that a mistake on one side shows as two different codes.
"""

import hashlib

NONCE_BYTES = 32


def commitment(*, workstation_nonce: bytes, public_key: bytes, role: str, label: str) -> bytes:
    """Return the 32 bytes sent before the box's nonce is known; `role` as "ROLE_WORKSTATION"."""
    return _sha256(b"kartenwart-commit-1", workstation_nonce, public_key, role.encode(), label.encode())


def code(
    *,
    box_id: str,
    root: bytes,
    public_key: bytes,
    role: str,
    label: str,
    box_nonce: bytes,
    workstation_nonce: bytes,
) -> str:
    """Return the six digits that people compare; `root` is the certificate seen in TLS, DER."""
    who = (box_id.encode(), root, public_key, role.encode(), label.encode())
    number = int.from_bytes(_sha256(b"kartenwart-enrol-1", *who, box_nonce, workstation_nonce), "big")
    return f"{number % 1_000_000:06d}"


def poll_message(*, enrolment: str, box_nonce: bytes, sequence: int) -> bytes:
    """Return the bytes that a poll's signature covers."""
    return _prefixed(b"kartenwart-poll-1", enrolment.encode(), box_nonce, sequence.to_bytes(8, "big"))


def _sha256(*fields: bytes) -> bytes:
    return hashlib.sha256(_prefixed(*fields)).digest()


def _prefixed(*fields: bytes) -> bytes:
    return b"".join(len(field).to_bytes(4, "big") + field for field in fields)
