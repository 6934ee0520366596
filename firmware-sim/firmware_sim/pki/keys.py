"""Key pairs and how they lie on disk (unencrypted PKCS#8: these keys protect a fictional practice)."""

from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

CardKeyKind = Literal["p256", "brainpool", "rsa"]
TlsKeyKind = Literal["p256", "brainpool", "rsa"]
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey

_CURVES: dict[str, type[ec.EllipticCurve]] = {"p256": ec.SECP256R1, "brainpool": ec.BrainpoolP256R1}


def new_ec_key(kind: str) -> ec.EllipticCurvePrivateKey:
    """A fresh key pair on P-256 ("p256") or brainpoolP256r1 ("brainpool")."""
    if kind not in _CURVES:
        raise ValueError(f"there is no key kind {kind!r} here; use one of {', '.join(_CURVES)}")
    return ec.generate_private_key(_CURVES[kind]())


def new_key(kind: str) -> PrivateKey:
    """As `new_ec_key`, or RSA with 2048 bit ("rsa", slow: up to seconds on a small machine)."""
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return new_ec_key(kind)


def key_pem(key: PrivateKey) -> bytes:
    """The private key as PEM, PKCS#8, without a password."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def load_ec_key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Read what `key_pem` wrote."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError("an elliptic-curve key was expected")  # a damaged file, not a caller's mistake
    return key


def load_key(pem: bytes) -> PrivateKey:
    """Read what `key_pem` wrote, of either kind."""
    key = serialization.load_pem_private_key(pem, password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        raise ValueError("an elliptic-curve or RSA key was expected")  # a damaged file, not a caller's mistake
    return key


def certificate_pem(*certificates: x509.Certificate) -> bytes:
    """The certificates as one PEM text."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)


def certificate_der(certificate: x509.Certificate) -> bytes:
    """The certificate as DER."""
    return certificate.public_bytes(serialization.Encoding.DER)
