"""What encrypted CMS structures (RFC 5652, RFC 5083) say of their recipients; fulfils the port EnvelopeReader."""

import asyncio
from collections.abc import Sequence
from typing import Any

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.ports.card_keys import Recipients

_ENCRYPTED = ("authenticated_enveloped_data", "enveloped_data")


class CmsEnvelopeReader:
    """Reads in a thread: a document may have 25 MiB."""

    def is_certificate(self, der: bytes) -> bool:
        """True for bytes that are one X.509 certificate."""
        from cryptography import x509
        from cryptography.exceptions import UnsupportedAlgorithm

        try:
            x509.load_der_x509_certificate(der)
        except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion):
            return False
        return True

    async def recipients(self, data: bytes, wanted: Sequence[bytes]) -> Recipients:
        """Return for whom the structure is; WorldError KONNEKTOR_ANSWER_INVALID where it is none."""
        try:
            return await asyncio.to_thread(_recipients, data, wanted)
        except Exception:  # noqa: BLE001  # a parser of foreign bytes may raise anything
            raise WorldError(failure(Reason.KONNEKTOR_ANSWER_INVALID), sent=True) from None


def _recipients(data: bytes, wanted: Sequence[bytes]) -> Recipients:
    from asn1crypto import cms, x509  # not every agent encrypts

    info = cms.ContentInfo.load(data, strict=True)
    if info["content_type"].native not in _ENCRYPTED:
        raise ValueError("not encrypted")
    named = [_name(one) for one in info["content"]["recipient_infos"]]
    own = [_identity(x509.Certificate.load(der)) for der in wanted]
    left_out = tuple(place for place, identity in enumerate(own) if identity.isdisjoint(named))
    return Recipients(left_out=left_out, others=len(named) - len(own) + len(left_out))


def _identity(certificate: Any) -> set[tuple[bytes, int | bytes]]:
    """Return how a recipient may be named: by issuer and serial number, or by the key's identifier."""
    return {
        (bytes(certificate.issuer.dump()), int(certificate.serial_number)),
        (b"", bytes(certificate.key_identifier or b"")),
    }


def _name(info: Any) -> tuple[bytes, int | bytes]:
    if info.name == "kari":
        return _named(info.chosen["recipient_encrypted_keys"][0]["rid"])
    return _named(info.chosen["rid"])


def _named(rid: Any) -> tuple[bytes, int | bytes]:
    if rid.name == "issuer_and_serial_number":
        return bytes(rid.chosen["issuer"].dump()), int(rid.chosen["serial_number"].native)
    return b"", bytes(rid.chosen["subject_key_identifier"].native if rid.name == "r_key_id" else rid.chosen.native)
