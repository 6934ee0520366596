"""XAdES (ETSI TS 101 903, EN 319 132-1): an XML signature over the whole document and nothing else, checked in full.

Three things must fit, as in CMS: the document to its hash, the certificate to its hash among the signed properties,
the signature to both under the certificate's key. What is signed must be the very document, comments included.
"""

import hashlib

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from kartenwart.adapters.signatures.doubt import Doubt
from kartenwart.adapters.signatures.keys import CURVES, HASHES, MIN_RSA_BITS
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.xmldsig import XmlSignature, canonical_document, read_signature

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_MASKED = "http://www.w3.org/2007/05/xmldsig-more#"
_ECDSA = {f"{_MORE}ecdsa-{name}": name for name in HASHES}
_PKCS1 = {f"{_MORE}rsa-{name}": name for name in HASHES}
_PSS = {f"{_MASKED}{name}-rsa-MGF1": name for name in HASHES}


def check(document: bytes, signed: bytes, expected: bytes, *, enveloped: bool) -> None:
    """Raise unless `signed` is `document` with a signature by the key of `expected` (DER) in it or around it."""
    try:
        signature, original = read_signature(signed, enveloped=enveloped), canonical_document(document)
    except MalformedError as error:
        raise Doubt(str(error)) from None
    if signature.document != original:
        raise Doubt("what is signed is not the document")
    if any(hashlib.new(part.hash, part.octets).digest() != part.digest for part in signature.parts):
        raise Doubt("a signed hash is another")
    if signature.certificate != expected:
        raise Doubt("the card's certificate is not enclosed")
    named = signature.certificate_hashes
    if not named or any(hashlib.new(name, expected).digest() != digest for name, digest in named):
        raise Doubt("the signed certificate's hash is another's")
    _verify(signature, expected)


def _verify(signature: XmlSignature, expected: bytes) -> None:
    try:
        key = x509.load_der_x509_certificate(expected).public_key()
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES):
            algorithm = ec.ECDSA(_hash(signature, _ECDSA))
            key.verify(_der(signature.value, key.curve.key_size), signature.signed_info, algorithm)
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
            _verify_rsa(key, signature)
        else:
            raise Doubt("a key of a kind that is not accepted")
    except UnsupportedAlgorithm as error:
        raise Doubt("a key that this machine cannot use") from error
    except InvalidSignature as error:
        raise Doubt("the signature does not fit the card's key") from error


def _verify_rsa(key: rsa.RSAPublicKey, signature: XmlSignature) -> None:
    if signature.algorithm in _PSS:
        hash_ = _hash(signature, _PSS)
        scheme = padding.PSS(mgf=padding.MGF1(hash_), salt_length=hash_.digest_size)
        key.verify(signature.value, signature.signed_info, scheme, hash_)
        return
    key.verify(signature.value, signature.signed_info, padding.PKCS1v15(), _hash(signature, _PKCS1))


def _hash(signature: XmlSignature, algorithms: dict[str, str]) -> hashes.HashAlgorithm:
    name = algorithms.get(signature.algorithm)
    if name is None:
        raise Doubt("the signature algorithm does not fit the key")
    return HASHES[name]


def _der(value: bytes, bits: int) -> bytes:
    """XML has R and S side by side, each as long as the curve's order (RFC 4050)."""
    size = (bits + 7) // 8
    if len(value) != 2 * size:
        raise Doubt("a signature value of another length")
    return encode_dss_signature(int.from_bytes(value[:size], "big"), int.from_bytes(value[size:], "big"))
