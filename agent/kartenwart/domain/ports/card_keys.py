"""What is done with cards' own keys: orders to a Konnektor, and who looks at what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from kartenwart.domain.authentication import JwsAlgorithm, SignatureScheme


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticateOrder:
    """A hash to be signed with C.AUT."""

    scheme: SignatureScheme
    digest: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class EncryptOrder:
    """A document, and for whom: certificates (DER) and, by its handle, a card of the practice."""

    certificates: tuple[bytes, ...]
    handle: str
    mime_type: str
    document: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipients:
    """For whom a CMS structure is: which of the wanted certificates are not among them, and how many others are."""

    left_out: tuple[int, ...]
    others: int


class SignatureJudge(Protocol):
    """Checks signatures for authentication by mathematics; no statement on chains or revocation."""

    def algorithm(self, certificate: bytes) -> JwsAlgorithm:
        """Return the algorithm that a certificate's key (DER) signs tokens with.

        WorldError CERTIFICATE_MISSING for a key that no token can be signed with.
        """
        ...

    async def verified(self, order: AuthenticateOrder, signature: bytes, certificate: bytes) -> bytes:
        """Return the signature in the encoding that the scheme names; WorldError SIGNATURE_INVALID unless it verifies.

        `signature` is as the Konnektor gives it, ECDSA as DER.
        """
        ...


class EnvelopeReader(Protocol):
    """What encrypted documents say of their recipients, without opening them."""

    def is_certificate(self, der: bytes) -> bool:
        """True for bytes that are one X.509 certificate."""
        ...

    async def recipients(self, data: bytes, wanted: Sequence[bytes]) -> Recipients:
        """Return for whom a CMS structure is, beside the `wanted` certificates (DER).

        WorldError KONNEKTOR_ANSWER_INVALID where `data` is no encrypted CMS structure.
        """
        ...
