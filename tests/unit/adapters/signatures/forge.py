"""A CMS signer that can be told to do one thing wrong, and then signs it properly."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from asn1crypto import algos, cms, tsp, x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

Change = Callable[[Any], None]


def sign(
    document: bytes,
    certificate: bytes,
    key: ec.EllipticCurvePrivateKey,
    *,
    digest: str = "sha256",
    attributes: Change = lambda _: None,
    signer: Change = lambda _: None,
    indefinite: bool = False,
    reverse: bool = False,
) -> bytes:
    """A detached CMS structure, DER. `attributes` and `signer` may change the parts before and after the signature;
    `indefinite` sends the attributes in BER, though their DER is signed; `reverse` signs and sends them in an order
    that is not DER's.
    """
    signed = _attributes(document, certificate, digest)
    attributes(signed)
    encoded: bytes = cms.CMSAttributes(signed).dump()
    if reverse:
        encoded = _tlv(0x31, b"".join(one.dump() for one in reversed(cms.CMSAttributes.load(encoded))))
    info = _signer_info(certificate, digest, key.sign(encoded, ec.ECDSA(hashes.SHA256())))
    info["signed_attrs"] = cms.CMSAttributes(signed)
    signer(info)
    if indefinite:
        content = cms.CMSAttributes.load(encoded).contents
        return _exchanged(certificate, info, b"\xa0\x80" + content + b"\0\0")
    if reverse:
        return _exchanged(certificate, info, _tlv(0xA0, cms.CMSAttributes.load(encoded).contents))
    return bytes(_structure(certificate, info).dump())


def _attributes(document: bytes, certificate: bytes, digest: str) -> list[cms.CMSAttribute]:
    signing_certificate = tsp.SigningCertificateV2({"certs": [{"cert_hash": hashlib.sha256(certificate).digest()}]})
    return [
        cms.CMSAttribute({"type": "content_type", "values": ["data"]}),
        cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": datetime.now(UTC)})]}),
        cms.CMSAttribute({"type": "message_digest", "values": [hashlib.new(digest, document).digest()]}),
        cms.CMSAttribute({"type": "signing_certificate_v2", "values": [signing_certificate]}),
    ]


def _signer_info(certificate: bytes, digest: str, signature: bytes) -> cms.SignerInfo:
    loaded = x509.Certificate.load(certificate)
    named = cms.IssuerAndSerialNumber({"issuer": loaded.issuer, "serial_number": loaded.serial_number})
    return cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier({"issuer_and_serial_number": named}),
            "digest_algorithm": algos.DigestAlgorithm({"algorithm": digest}),
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": signature,
        }
    )


def _structure(certificate: bytes, info: cms.SignerInfo) -> cms.ContentInfo:
    signed_data = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [info["digest_algorithm"]],
            "encap_content_info": {"content_type": "data"},
            "certificates": [x509.Certificate.load(certificate)],
            "signer_infos": [info],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": signed_data})


def _exchanged(certificate: bytes, info: cms.SignerInfo, attributes: bytes) -> bytes:
    """The structure with other bytes for the signed attributes; all lengths around them are computed anew."""
    parts = [
        info[name].dump()
        for name in ("version", "sid", "digest_algorithm", "signed_attrs", "signature_algorithm", "signature")
    ]
    parts[3] = attributes
    changed = cms.SignerInfo.load(_tlv(0x30, b"".join(parts)))
    signed_data = _structure(certificate, info)["content"]
    pieces = [
        signed_data[name].dump() for name in ("version", "digest_algorithms", "encap_content_info", "certificates")
    ]
    body = _tlv(0x30, b"".join([*pieces, _tlv(0x31, changed.dump())]))
    return _tlv(0x30, bytes.fromhex("06092a864886f70d010702") + _tlv(0xA0, body))


def _tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    size = (length.bit_length() + 7) // 8
    return bytes([tag, 0x80 | size]) + length.to_bytes(size, "big") + content
