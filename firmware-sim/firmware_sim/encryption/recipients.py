"""Whose key can take a transport key, and how it does."""

from asn1crypto import algos, cms
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from firmware_sim.encryption import elc

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_LEAST_RSA_BITS = 2048
_OAEP = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class UnsuitableKeyError(ValueError):
    """A certificate whose key may not or cannot take a transport key."""


class UnknownAlgorithmError(ValueError):
    """A way to wrap a key that no Konnektor knows."""


def suitable(certificate: x509.Certificate) -> None:
    """Raise `UnsuitableKeyError` unless key and key usage allow encryption."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        fits = elc.supports(key) and _usage(certificate, "key_agreement")
    else:
        fits = isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_RSA_BITS
        fits = fits and _usage(certificate, "key_encipherment")
    if not fits:
        raise UnsuitableKeyError("this certificate is not for encryption")


def _usage(certificate: x509.Certificate, wanted: str) -> bool:
    try:
        return bool(getattr(certificate.extensions.get_extension_for_class(x509.KeyUsage).value, wanted))
    except x509.ExtensionNotFound:
        return False


def recipient_info(certificate: x509.Certificate, transport_key: bytes) -> cms.RecipientInfo:
    """KeyTransRecipientInfo of one recipient: ELC is coded like RSAES-OAEP, under an OID of its own."""
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        algorithm, wrapped = _named(elc.OID), elc.wrap(transport_key, key)
    elif isinstance(key, rsa.RSAPublicKey):
        algorithm, wrapped = _oaep(), key.encrypt(transport_key, _OAEP)
    else:
        raise UnsuitableKeyError("a key of another kind")
    return cms.RecipientInfo(
        name="ktri",
        value={
            "version": "v0",
            "rid": cms.RecipientIdentifier(name="issuer_and_serial_number", value=_identity(certificate)),
            "key_encryption_algorithm": algorithm,
            "encrypted_key": wrapped,
        },
    )


def is_for(info: cms.RecipientInfo, certificate: x509.Certificate) -> bool:
    """True where this certificate is the recipient."""
    if info.name != "ktri" or info.chosen["rid"].name != "issuer_and_serial_number":
        return False
    return bool(info.chosen["rid"].chosen.dump() == cms.IssuerAndSerialNumber(_identity(certificate)).dump())


def transport_key(info: cms.RecipientInfo, key: PrivateKey) -> bytes:
    """The key that was wrapped. Raises `UnknownAlgorithmError`, or ValueError for what does not open."""
    chosen = info.chosen
    algorithm, wrapped = chosen["key_encryption_algorithm"]["algorithm"], chosen["encrypted_key"].native
    if isinstance(key, ec.EllipticCurvePrivateKey) and algorithm.dotted == elc.OID:
        return elc.unwrap(wrapped, key)
    if isinstance(key, rsa.RSAPrivateKey) and algorithm.native == "rsaes_oaep":
        return key.decrypt(wrapped, _OAEP)
    raise UnknownAlgorithmError(algorithm.dotted)


def _named(oid: str) -> dict[str, object]:
    return {"algorithm": oid}


def _oaep() -> dict[str, object]:
    sha256 = {"algorithm": "sha256"}
    mask = {"algorithm": "mgf1", "parameters": algos.DigestAlgorithm(sha256)}
    parameters = algos.RSAESOAEPParams({"hash_algorithm": sha256, "mask_gen_algorithm": mask})
    return {"algorithm": "rsaes_oaep", "parameters": parameters}


def _identity(certificate: x509.Certificate) -> dict[str, object]:
    loaded = asn1_x509.Certificate.load(certificate.public_bytes(Encoding.DER))
    return {"issuer": loaded.issuer, "serial_number": loaded.serial_number}
