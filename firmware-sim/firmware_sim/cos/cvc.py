"""Card-verifiable certificates: a root of our own, one CA below it, and end entities without any role.

Data to be read, with signatures that hold; nothing here proves possession of the keys. These come from the names, so
that a card shows the same keys after every start: they belong to a fictional practice and open nothing.
Source: structure and identifiers as on cards of generation 2.1 (gemSpec_PKI, chapter on CV certificates).
"""

import hashlib
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from firmware_sim.cos.tlv import tlv

ROOT, AUTHORITY = b"KWRCA\x86\x01\x26", b"KWSIM\x86\x02\x26"
_SIGNS_CERTIFICATES = bytes.fromhex("2A8648CE3D040302")  # ecdsa-with-SHA256
_AUTHENTICATES = bytes.fromhex("2B2403050301")  # authS_gemSpec-COS-G2_ecc-with-sha256
_FLAGS_OF_TI = bytes.fromhex("2A8214004C048118")
_CERTIFIES, _NO_ROLE = bytes.fromhex("80000000000000"), bytes(7)
_FROM, _UNTIL = bytes.fromhex("020400010001"), bytes.fromhex("040900010001")  # YYMMDD, a digit a byte
_BYTES = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class _Statement:
    """What a certificate says of its holder."""

    issuer: bytes
    holder: bytes
    purpose: bytes
    flags: bytes


def root_point() -> bytes:
    """The root's public key, uncompressed: every card has it."""
    return _point(_key(ROOT))


@cache
def authority_certificate() -> bytes:
    """EF.C.CA...CS: the CA, signed by the root."""
    statement = _Statement(issuer=ROOT, holder=AUTHORITY, purpose=_SIGNS_CERTIFICATES, flags=_CERTIFIES)
    return _certificate(statement)


@cache
def card_certificate(reference: int, iccsn: str) -> bytes:
    """The certificate of a card's key with this reference; its holder is the reference and the ICCSN."""
    holder = reference.to_bytes(2, "big") + bytes.fromhex(iccsn)
    return _certificate(_Statement(issuer=AUTHORITY, holder=holder, purpose=_AUTHENTICATES, flags=_NO_ROLE))


def _certificate(statement: _Statement) -> bytes:
    body = tlv(
        0x7F4E,
        tlv(0x5F29, b"\x70")
        + tlv(0x42, statement.issuer)
        + tlv(0x7F49, tlv(0x06, statement.purpose) + tlv(0x86, _point(_key(statement.holder))))
        + tlv(0x5F20, statement.holder)
        + tlv(0x7F4C, tlv(0x06, _FLAGS_OF_TI) + tlv(0x53, statement.flags))
        + tlv(0x5F25, _FROM)
        + tlv(0x5F24, _UNTIL),
    )
    r, s = decode_dss_signature(_key(statement.issuer).sign(body, ec.ECDSA(hashes.SHA256())))
    return tlv(0x7F21, body + tlv(0x5F37, r.to_bytes(_BYTES, "big") + s.to_bytes(_BYTES, "big")))


def _key(holder: bytes) -> ec.EllipticCurvePrivateKey:
    number = int.from_bytes(hashlib.sha256(b"card-verifiable " + holder).digest()[1:], "big")
    return ec.derive_private_key(number, ec.BrainpoolP256R1())


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
