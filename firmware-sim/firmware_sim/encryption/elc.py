"""ELC: how a card's elliptic-curve key takes a transport key (gemSpec_COS N004.500, N004.600, N001.520).

A fresh key pair agrees with the card's key; SHA-256 over the shared x and a counter gives one AES key for CBC and one
for the CMAC. The cryptogram has the form in which a card takes it in PSO DECIPHER (gemSpec_Krypt, A_17220).
"""

import hashlib
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.constant_time import bytes_eq
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

OID = "1.2.276.0.76.4.222"  # oid_ti_ecies_transport_encryption

_CURVES: dict[str, tuple[bytes, type[ec.EllipticCurve]]] = {
    "brainpoolP256r1": (bytes.fromhex("2B2403030208010107"), ec.BrainpoolP256R1),
    "brainpoolP384r1": (bytes.fromhex("2B240303020801010B"), ec.BrainpoolP384R1),
    "brainpoolP512r1": (bytes.fromhex("2B240303020801010D"), ec.BrainpoolP512R1),
    "secp256r1": (bytes.fromhex("2A8648CE3D030107"), ec.SECP256R1),
    "secp384r1": (bytes.fromhex("2B81040022"), ec.SECP384R1),
}
_BLOCK = 16
_MAC_BYTES = 8
_PADDED = b"\x02"  # padding indicator in front of the ciphertext


class ElcError(ValueError):
    """A cryptogram that is none, or none for this key."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Cryptogram:
    """The curve, the point of the fresh key, the ciphertext and its MAC."""

    curve: bytes
    point: bytes
    ciphertext: bytes
    mac: bytes

    def encoded(self) -> bytes:
        """A6 { 06 curve, 7F49 { 86 point }, 86 (02 ciphertext), 8E mac }."""
        parts = (
            _tlv(b"\x06", self.curve),
            _tlv(b"\x7f\x49", _tlv(b"\x86", self.point)),
            _tlv(b"\x86", _PADDED + self.ciphertext),
            _tlv(b"\x8e", self.mac),
        )
        return _tlv(b"\xa6", b"".join(parts))


def supports(key: ec.EllipticCurvePublicKey) -> bool:
    """True for the curves that cards know."""
    return key.curve.name in _CURVES


def wrap(transport_key: bytes, recipient: ec.EllipticCurvePublicKey) -> bytes:
    """The cryptogram that only the recipient's card opens."""
    oid, curve = _CURVES[recipient.curve.name]
    fresh = ec.generate_private_key(curve())
    encryption_key, mac_key = _derive(fresh.exchange(ec.ECDH(), recipient))
    encryptor = Cipher(algorithms.AES(encryption_key), modes.CBC(_first_block(encryption_key))).encryptor()
    ciphertext = encryptor.update(_iso_padded(transport_key)) + encryptor.finalize()
    point = fresh.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    mac = _mac(mac_key, ciphertext)
    return Cryptogram(curve=oid, point=point, ciphertext=ciphertext, mac=mac).encoded()


def unwrap(encoded: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """The transport key. Raises `ElcError`."""
    cryptogram = read(encoded)
    oid, _ = _CURVES[key.curve.name]
    if cryptogram.curve != oid:
        raise ElcError("a cryptogram for another curve")
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(key.curve, cryptogram.point)
        encryption_key, mac_key = _derive(key.exchange(ec.ECDH(), point))
    except ValueError as error:
        raise ElcError("the point is not on the curve") from error
    if not bytes_eq(_mac(mac_key, cryptogram.ciphertext), cryptogram.mac):
        raise ElcError("the MAC is another")
    decryptor = Cipher(algorithms.AES(encryption_key), modes.CBC(_first_block(encryption_key))).decryptor()
    return _without_padding(decryptor.update(cryptogram.ciphertext) + decryptor.finalize())


def read(encoded: bytes) -> Cryptogram:
    """Take a cryptogram apart. Raises `ElcError`."""
    content, rest = _taken(encoded, b"\xa6")
    curve, content = _taken(content, b"\x06")
    holder, content = _taken(content, b"\x7f\x49")
    ciphertext, content = _taken(content, b"\x86")
    mac, content = _taken(content, b"\x8e")
    point, nothing = _taken(holder, b"\x86")
    if rest or content or nothing or ciphertext[:1] != _PADDED or len(ciphertext) % _BLOCK != 1:
        raise ElcError("the cryptogram has another form")
    return Cryptogram(curve=curve, point=point, ciphertext=ciphertext[1:], mac=mac)


def _derive(shared: bytes) -> tuple[bytes, bytes]:
    first, second = (hashlib.sha256(shared + counter.to_bytes(4, "big")).digest() for counter in (1, 2))
    return first, second


def _first_block(key: bytes) -> bytes:
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 - one block of zeros, as specified
    return encryptor.update(bytes(_BLOCK)) + encryptor.finalize()


def _mac(key: bytes, ciphertext: bytes) -> bytes:
    mac = CMAC(algorithms.AES(key))
    mac.update(_iso_padded(ciphertext))
    return mac.finalize()[:_MAC_BYTES]


def _iso_padded(data: bytes) -> bytes:
    return data + b"\x80" + bytes(_BLOCK - 1 - len(data) % _BLOCK)


def _without_padding(data: bytes) -> bytes:
    bare = data.rstrip(b"\x00")
    if not bare.endswith(b"\x80"):
        raise ElcError("the padding is another")
    return bare[:-1]


def _tlv(tag: bytes, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return tag + bytes([size]) + value
    count = (size.bit_length() + 7) // 8
    return tag + bytes([0x80 | count]) + size.to_bytes(count, "big") + value


def _taken(data: bytes, tag: bytes) -> tuple[bytes, bytes]:
    """The value of the object at the start, and what follows it."""
    at = len(tag)
    if data[:at] != tag or len(data) <= at:
        raise ElcError("an object is missing")
    size, at = data[at], at + 1
    if size & 0x80:
        count = size & 0x7F
        size, at = int.from_bytes(data[at : at + count], "big"), at + count
    if at + size > len(data):
        raise ElcError("an object is cut short")
    return data[at : at + size], data[at + size :]
