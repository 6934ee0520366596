"""The mathematics: ECDSA over NIST and brainpool curves, RSA with PKCS #1 v1.5 or PSS (gemSpec_Krypt, chapter 3)."""

from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from kartenwart.adapters.signatures.doubt import Doubt

HASHES = {"sha256": hashes.SHA256(), "sha384": hashes.SHA384(), "sha512": hashes.SHA512()}

CURVES = (
    ec.SECP256R1,
    ec.SECP384R1,
    ec.SECP521R1,
    ec.BrainpoolP256R1,
    ec.BrainpoolP384R1,
    ec.BrainpoolP512R1,
)
MIN_RSA_BITS = 2048


def verify(public_key: bytes, signer: Any, message: bytes) -> None:
    """Raise Doubt unless the SignerInfo's signature fits `message` under a SubjectPublicKeyInfo (DER)."""
    algorithm, signature = signer["signature_algorithm"], signer["signature"].native
    try:
        key = load_der_public_key(public_key)
        if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES):
            key.verify(signature, message, ec.ECDSA(_hash(signer, algorithm, "ecdsa")))
        elif isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
            _verify_rsa(key, signer, signature, message)
        else:
            raise Doubt("a key of a kind that is not accepted")
    except UnsupportedAlgorithm as error:
        raise Doubt("a key that this machine cannot use") from error
    except InvalidSignature as error:
        raise Doubt("the signature does not fit the card's key") from error


def _verify_rsa(key: rsa.RSAPublicKey, signer: Any, signature: bytes, message: bytes) -> None:
    algorithm = signer["signature_algorithm"]
    if algorithm["algorithm"].native != "rsassa_pss":
        key.verify(signature, message, padding.PKCS1v15(), _hash(signer, algorithm, "rsassa_pkcs1v15"))
        return
    parameters = algorithm["parameters"]
    mask = parameters["mask_gen_algorithm"]
    if mask["algorithm"].native != "mgf1" or parameters["trailer_field"].native != "trailer_field_bc":
        raise Doubt("RSA-PSS of a kind that is not accepted")
    hash_ = _named(parameters["hash_algorithm"]["algorithm"].native)
    scheme = padding.PSS(
        mgf=padding.MGF1(_named(mask["parameters"]["algorithm"].native)), salt_length=parameters["salt_length"].native
    )
    key.verify(signature, message, scheme, hash_)


def _hash(signer: Any, algorithm: Any, scheme: str) -> hashes.HashAlgorithm:
    """Return the hash that the signature algorithm names, or the digest's where it names only the scheme."""
    if algorithm.signature_algo != scheme:
        raise Doubt("the signature algorithm does not fit the key")
    bare = algorithm["algorithm"].native in {"ecdsa", "rsassa_pkcs1v15"}
    return _named(signer["digest_algorithm"]["algorithm"].native if bare else algorithm.hash_algo)


def _named(name: str) -> hashes.HashAlgorithm:
    if name not in HASHES:
        raise Doubt("a hash that is not accepted")
    return HASHES[name]
