"""Whether a signature for authentication is one, and its encoding; fulfils the port SignatureJudge."""

import asyncio
import logging

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from kartenwart.adapters.signatures.doubt import Doubt
from kartenwart.adapters.signatures.keys import CURVES, HASHES, MIN_RSA_BITS
from kartenwart.domain.authentication import JwsAlgorithm, SignatureScheme
from kartenwart.domain.catalogue import failure, halted
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.ports.card_keys import AuthenticateOrder

_HASHES = {one.digest_size: one for one in HASHES.values()}
_TOKENS = {"brainpoolP256r1": JwsAlgorithm.BP256R1, "secp256r1": JwsAlgorithm.ES256}
_PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=hashes.SHA256.digest_size)

_log = logging.getLogger(__name__)


class MathSignatureJudge:
    """Judges by the key of the certificate as it was read from the card."""

    def algorithm(self, certificate: bytes) -> JwsAlgorithm:
        """Return the algorithm for tokens; WorldError CERTIFICATE_MISSING for a key that fits none."""
        try:
            key = x509.load_der_x509_certificate(certificate).public_key()
        except (ValueError, UnsupportedAlgorithm):
            raise WorldError(failure(Reason.KONNEKTOR_ANSWER_INVALID), sent=False) from None
        if isinstance(key, rsa.RSAPublicKey):
            return JwsAlgorithm.PS256
        if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _TOKENS:
            return _TOKENS[key.curve.name]
        raise halted(Reason.CERTIFICATE_MISSING)

    async def verified(self, order: AuthenticateOrder, signature: bytes, certificate: bytes) -> bytes:
        """Return the verified signature as the scheme names it; any doubt is WorldError(SIGNATURE_INVALID)."""
        try:
            return await asyncio.to_thread(_verified, order, signature, certificate)
        except Exception as error:  # noqa: BLE001  # parsers of foreign bytes may raise anything
            why = str(error) if isinstance(error, Doubt) else type(error).__name__
            _log.warning("signature.refused", {"form": order.scheme.value, "why": why})
            raise WorldError(failure(Reason.SIGNATURE_INVALID), sent=True) from None


def _verified(order: AuthenticateOrder, signature: bytes, certificate: bytes) -> bytes:
    key = x509.load_der_x509_certificate(certificate).public_key()
    hash_ = Prehashed(_HASHES[len(order.digest)])
    try:
        if order.scheme.is_ecdsa and isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES):
            key.verify(signature, order.digest, ec.ECDSA(hash_))
        elif not order.scheme.is_ecdsa and isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
            pkcs1 = order.scheme is SignatureScheme.RSASSA_PKCS1_V1_5
            key.verify(signature, order.digest, padding.PKCS1v15() if pkcs1 else _PSS, hash_)
        else:
            raise Doubt("the key is of another kind than the scheme")
    except InvalidSignature as error:
        raise Doubt("the signature does not fit the card's key") from error
    if order.scheme is SignatureScheme.ECDSA_RAW and isinstance(key, ec.EllipticCurvePublicKey):
        return _raw(signature, (key.curve.key_size + 7) // 8)
    return signature


def _raw(signature: bytes, size: int) -> bytes:
    """Return R || S, each as long as the curve's order (RFC 7518, 3.4)."""
    return b"".join(number.to_bytes(size, "big") for number in decode_dss_signature(signature))
