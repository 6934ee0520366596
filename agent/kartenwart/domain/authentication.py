"""Signatures for authentication, and tokens that log in with them."""

import base64
import hashlib
import json
from enum import StrEnum

MOST_CHALLENGE = 16 * 1024
HASH_BYTES = (32, 48, 64)  # SHA-256, SHA-384, SHA-512


class SignatureScheme(StrEnum):
    """How a hash is signed with C.AUT; names as in kartenwart.api.authentication.v1.SignatureScheme."""

    ECDSA_DER = "ECDSA_DER"
    ECDSA_RAW = "ECDSA_RAW"
    RSASSA_PSS = "RSASSA_PSS"
    RSASSA_PKCS1_V1_5 = "RSASSA_PKCS1_V1_5"

    @property
    def is_ecdsa(self) -> bool:
        """True where the card signs with an elliptic-curve key."""
        return self in (SignatureScheme.ECDSA_DER, SignatureScheme.ECDSA_RAW)

    @property
    def hash_bytes(self) -> tuple[int, ...]:
        """Return the lengths of hashes that it takes (gemSpec_Kon: ECDSA and PSS with SHA-256 only)."""
        return HASH_BYTES if self is SignatureScheme.RSASSA_PKCS1_V1_5 else HASH_BYTES[:1]


class JwsAlgorithm(StrEnum):
    """The "alg" of a token; BP256R1 is the TI's own name for ECDSA on brainpoolP256r1 (gemSpec_IDP_Dienst)."""

    BP256R1 = "BP256R1"
    ES256 = "ES256"
    PS256 = "PS256"

    @property
    def scheme(self) -> SignatureScheme:
        """Return how the card signs for it."""
        return SignatureScheme.RSASSA_PSS if self is JwsAlgorithm.PS256 else SignatureScheme.ECDSA_RAW


def login_input(algorithm: JwsAlgorithm, certificate: bytes, challenge: str) -> bytes:
    """Return what is signed to answer an IDP's challenge: header and payload of the JWS, dot between.

    Header and payload as the TI's IDP wants them: the challenge, a JWS itself, is nested as "njwt".
    """
    header = {
        "alg": algorithm.value,
        "typ": "JWT",
        "cty": "NJWT",
        "x5c": [base64.b64encode(certificate).decode("ascii")],
    }
    return b".".join(_base64url(_json(part)) for part in (header, {"njwt": challenge}))


def compact(signing_input: bytes, signature: bytes) -> bytes:
    """Return the JWS in compact form (RFC 7515, 3.1)."""
    return signing_input + b"." + _base64url(signature)


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 in lower-case hex."""
    return hashlib.sha256(data).hexdigest()


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
