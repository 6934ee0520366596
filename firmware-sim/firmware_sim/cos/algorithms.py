"""What a card computes with its private keys: from the bytes of a command to the bytes of its answer."""

from collections.abc import Callable

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from firmware_sim.cos import words
from firmware_sim.cos.words import Refused
from firmware_sim.encryption import elc
from firmware_sim.pki.keys import PrivateKey

_HASH_BYTES = 32
_HASHED = Prehashed(hashes.SHA256())
_PADDING_BYTES = 11  # PKCS#1: 00 01 FF*8 00 at least
_CLEAR = b"\0"  # padding indicator in front of an RSA cryptogram


def run(algorithm: str, key: PrivateKey, data: bytes) -> bytes:
    """Compute. Raises `Refused`: 6A81 what this card cannot do, 6A80 for data that do not fit, 6400 another key."""
    if algorithm not in _COMPUTE:
        raise Refused(words.UNSUPPORTED)
    return _COMPUTE[algorithm](key, data)


def _ecdsa(key: PrivateKey, digest: bytes) -> bytes:
    """ECDSA over a hash: r and s, each as long as the curve's order."""
    curve_key, size = _elliptic(key), _elliptic(key).curve.key_size // 8
    r, s = decode_dss_signature(curve_key.sign(_hash(digest), ec.ECDSA(_HASHED)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def _pss(key: PrivateKey, digest: bytes) -> bytes:
    """RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 bytes."""
    pss = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=_HASH_BYTES)
    return _rsa(key).sign(_hash(digest), pss, _HASHED)


def _pkcs1(key: PrivateKey, digest_info: bytes) -> bytes:
    """RSASSA-PKCS1-v1_5 over what is given, usually a DigestInfo: the card adds only the padding."""
    numbers = _rsa(key).private_numbers()
    modulus, size = numbers.public_numbers.n, _rsa(key).key_size // 8
    if not 0 < len(digest_info) <= size - _PADDING_BYTES:
        raise Refused(words.WRONG_DATA)
    filling = b"\xff" * (size - len(digest_info) - 3)
    block = int.from_bytes(b"\0\1" + filling + b"\0" + digest_info, "big")
    return pow(block, numbers.d, modulus).to_bytes(size, "big")


def _client_authentication(key: PrivateKey, token: bytes) -> bytes:
    """The same for a token of at most 40 % of the modulus."""
    if len(token) * 10 > _rsa(key).key_size // 8 * 4:
        raise Refused(words.WRONG_DATA)
    return _pkcs1(key, token)


def _oaep(key: PrivateKey, cryptogram: bytes) -> bytes:
    scheme = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    if cryptogram[:1] != _CLEAR:
        raise Refused(words.WRONG_DATA)
    try:
        return _rsa(key).decrypt(cryptogram[1:], scheme)
    except ValueError as error:
        raise Refused(words.WRONG_DATA) from error


def _shared_secret(key: PrivateKey, cryptogram: bytes) -> bytes:
    try:
        return elc.unwrap(cryptogram, _elliptic(key))
    except elc.ElcError as error:
        raise Refused(words.WRONG_DATA) from error


_COMPUTE: dict[str, Callable[[PrivateKey, bytes], bytes]] = {
    "signECDSA": _ecdsa,
    "signPSS": _pss,
    "signPKCS1_V1_5": _pkcs1,
    "rsaClientAuthentication": _client_authentication,
    "rsaDecipherOaep": _oaep,
    "elcSharedSecretCalculation": _shared_secret,
}


def _hash(digest: bytes) -> bytes:
    if len(digest) != _HASH_BYTES:
        raise Refused(words.WRONG_DATA)
    return digest


def _elliptic(key: PrivateKey) -> ec.EllipticCurvePrivateKey:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise Refused(words.KEY_INVALID)
    return key


def _rsa(key: PrivateKey) -> rsa.RSAPrivateKey:
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Refused(words.KEY_INVALID)
    return key
