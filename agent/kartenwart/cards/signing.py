"""Certificates and private keys of one application: what ESIGN, QES and KT have in common."""

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from kartenwart.cards import commands, object_systems
from kartenwart.cards.card import Card
from kartenwart.cards.object_systems import Application, KeyPlace
from kartenwart.cards.outcomes import Asked
from kartenwart.cards.refusal import CardRefusal, before_the_verb, decoding, garbled
from kartenwart.codecs import tlv
from kartenwart.codecs.apdu import SHORT_ANSWER
from kartenwart.codecs.malformed import MalformedError
from kartenwart.domain.authentication import SignatureScheme
from kartenwart.domain.catalogue import halted
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm

_SEQUENCE = 0x30
_ECDSA_BYTES, _RSA_BYTES = 64, 256
# DigestInfo (RFC 8017, 9.2) in front of a hash, by its length.
_DIGEST_INFO = {
    32: bytes.fromhex("3031300D060960864801650304020105000420"),
    48: bytes.fromhex("3041300D060960864801650304020205000430"),
    64: bytes.fromhex("3051300D060960864801650304020305000440"),
}


class SigningApplication:
    """An application with keys; opening it selects it."""

    def __init__(self, card: Card, application: Application | None) -> None:
        if application is None:
            raise halted(Reason.CARD_TYPE_WRONG)
        self._link = card.link
        self._keys = application.keys
        self._link.select(application.identifier)

    def certificate(self, reference: CertificateReference, algorithm: KeyAlgorithm) -> bytes:
        """Return a certificate, DER. CERTIFICATE_MISSING, or CERTIFICATE_RSA_ONLY where the other kind is there."""
        data = self._read(reference, algorithm)
        if not data:
            rsa_only = algorithm is KeyAlgorithm.ECC and self._read(reference, KeyAlgorithm.RSA)
            raise halted(Reason.CERTIFICATE_RSA_ONLY if rsa_only else Reason.CERTIFICATE_MISSING)
        with decoding():
            found = tlv.read_first(data)[0]
            if found.tag != _SEQUENCE:
                raise MalformedError("no certificate")
            return data[: tlv.size_of_first(data)]

    def sign(self, reference: CertificateReference, scheme: SignatureScheme, digest: bytes) -> bytes:
        """Let the card sign a hash, once: ECDSA as r and s, 32 bytes each, RSA 256 bytes.

        Asks nobody: PIN_NOT_VERIFIED where the key's PIN is not verified. PSS has a salt of 32 bytes.
        """
        if len(digest) not in scheme.hash_bytes or reference is CertificateReference.ENC:
            raise halted(Reason.INVALID_ARGUMENT)
        place = self._place(reference, KeyAlgorithm.ECC if scheme.is_ecdsa else KeyAlgorithm.RSA)
        if scheme is SignatureScheme.RSASSA_PKCS1_V1_5:
            chosen = commands.set_authentication_key(place.key, object_systems.RSA_CLIENT_AUTHENTICATION)
            signed = commands.internal_authenticate(_DIGEST_INFO[len(digest)] + digest, SHORT_ANSWER)
        else:
            algorithm = object_systems.SIGN_ECDSA if scheme.is_ecdsa else object_systems.SIGN_PSS
            chosen = commands.set_signature_key(place.key, algorithm)
            signed = commands.sign(digest, SHORT_ANSWER)
        with before_the_verb():
            self._link.ask(chosen, Asked.KEY)
        signature = self._link.ask(signed, Asked.SIGNATURE)
        if len(signature) != (_ECDSA_BYTES if scheme.is_ecdsa else _RSA_BYTES):
            raise garbled()
        return signature

    def _read(self, reference: CertificateReference, algorithm: KeyAlgorithm) -> bytes:
        """Return a certificate's file; empty where there is none, or nothing but zeros in it."""
        try:
            data = self._link.read(self._place(reference, algorithm).certificate, Asked.CERTIFICATE, _whole_object)
        except CardRefusal as refusal:
            if refusal.failure.reason is not Reason.CERTIFICATE_MISSING:
                raise
            return b""
        return data if any(data[:1]) else b""

    def _place(self, reference: CertificateReference, algorithm: KeyAlgorithm) -> KeyPlace:
        place = self._keys.get((reference, algorithm))
        if place is None:
            raise halted(Reason.CERTIFICATE_MISSING)
        return place


def as_der(signature: bytes) -> bytes:
    """Return an ECDSA signature of a card as DER (RFC 3279, 2.2.3)."""
    half = len(signature) // 2
    return encode_dss_signature(int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))


def _whole_object(data: bytes) -> bool:
    try:
        return len(data) >= tlv.size_of_first(data)
    except MalformedError:
        return False
