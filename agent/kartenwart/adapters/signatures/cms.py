"""CMS signatures (RFC 5652) with the signed attributes of CAdES (ETSI EN 319 122-1): one signer, checked in full.

What is signed are the attributes; they hold the hash of the content and that of the certificate. So three things must
fit: content to attribute, certificate to attribute, signature to attributes under the certificate's key.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

from asn1crypto import (
    cms,
    core,
    parser,
    tsp,  # noqa: F401  # registers signingCertificate and signingCertificateV2 as attributes
    x509,
)

from kartenwart.adapters.signatures.doubt import Doubt
from kartenwart.adapters.signatures.keys import HASHES, verify

_UNIVERSAL, _CONSTRUCTED, _SET = 0, 1, 17


def without_padding(contents: bytes) -> bytes:
    """Return the structure at the start of a PDF's /Contents, which is filled up with zeros."""
    _, _, _, header, content, trailer = parser.parse(contents)
    length = len(header) + len(content) + len(trailer)
    if contents[length:].strip(b"\0"):
        raise Doubt("something stands behind the CMS structure")
    return contents[:length]


def check_detached(structure: bytes, parts: Sequence[bytes | memoryview], expected: bytes) -> None:
    """Raise unless `structure` (DER or BER) signs `parts`, one behind the other, and encloses no content.

    `expected` is the signer's certificate (DER). Raises Doubt, or whatever the parser raises.
    """
    signed_data = _signed_data(structure)
    if _content(signed_data) is not None:
        raise Doubt("there is content in a detached signature")
    _check_signer(signed_data, parts, expected)


def check_enveloping(structure: bytes, document: bytes, expected: bytes) -> None:
    """Raise unless `structure` encloses `document` and signs it; else as check_detached."""
    signed_data = _signed_data(structure)
    if _content(signed_data) != document:
        raise Doubt("the enclosed content is not the document")
    _check_signer(signed_data, [document], expected)


def _signed_data(structure: bytes) -> Any:
    info = cms.ContentInfo.load(structure, strict=True)
    if info["content_type"].native != "signed_data":
        raise Doubt("not signed data")
    return info["content"]


def _content(signed_data: Any) -> bytes | None:
    encapsulated = signed_data["encap_content_info"]
    if encapsulated["content_type"].native != "data":
        raise Doubt("the content type is another")
    content = encapsulated["content"]
    return bytes(content) if isinstance(content, core.OctetString) else None


def _check_signer(signed_data: Any, parts: Sequence[bytes | memoryview], expected: bytes) -> None:
    if len(signed_data["signer_infos"]) != 1:
        raise Doubt("not exactly one signer")
    signer, certificate = signed_data["signer_infos"][0], x509.Certificate.load(expected, strict=True)
    _check_certificate(signed_data, signer, certificate)
    attributes, signed = _attributes(signer), _signed_bytes(signer)
    if _single(attributes, "content_type").native != "data":
        raise Doubt("the signed content type is another")
    _check_digest(signer, attributes, parts)
    _check_certificate_hash(attributes, expected)
    verify(certificate.public_key.dump(), signer, signed)


def _check_certificate(signed_data: Any, signer: Any, certificate: Any) -> None:
    """The signer must be named as the expected certificate, which must be enclosed, so that others can check too."""
    enclosed = [choice.chosen.contents for choice in signed_data["certificates"] if choice.name == "certificate"]
    if certificate.contents not in enclosed:
        raise Doubt("the card's certificate is not enclosed")
    named = signer["sid"].chosen
    if signer["sid"].name == "issuer_and_serial_number":
        fits = (
            _same_name(named["issuer"], certificate.issuer)
            and named["serial_number"].native == certificate.serial_number
        )
    else:
        fits = named.native is not None and named.native == certificate.key_identifier
    if not fits:
        raise Doubt("the signer is named as another")


def _same_name(one: Any, other: Any) -> bool:
    """Compare what is written before what is meant: preparing names for that (RFC 4518) takes as long as all else."""
    return bool(one.chosen.contents == other.chosen.contents or one == other)


def _attributes(signer: Any) -> dict[str, Any]:
    if not isinstance(signer["signed_attrs"], cms.CMSAttributes) or not len(signer["signed_attrs"]):
        raise Doubt("there are no signed attributes")
    attributes: dict[str, Any] = {}
    for attribute in signer["signed_attrs"]:
        kind = attribute["type"].native
        if kind in attributes:
            raise Doubt("a signed attribute stands there twice")
        attributes[kind] = attribute["values"]
    return attributes


def _single(attributes: dict[str, Any], kind: str) -> Any:
    values = attributes.get(kind, ())
    if len(values) != 1:
        raise Doubt(f"there is not exactly one {kind}")
    return values[0]


def _check_digest(signer: Any, attributes: dict[str, Any], parts: Sequence[bytes | memoryview]) -> None:
    name = signer["digest_algorithm"]["algorithm"].native
    if name not in HASHES:
        raise Doubt("a hash that is not accepted")
    digest = hashlib.new(name)
    for part in parts:
        digest.update(part)
    if _single(attributes, "message_digest").native != digest.digest():
        raise Doubt("the signed hash is not the document's")


def _check_certificate_hash(attributes: dict[str, Any], expected: bytes) -> None:
    if "signing_certificate_v2" in attributes:
        first = _single(attributes, "signing_certificate_v2")["certs"][0]
        name = first["hash_algorithm"]["algorithm"].native
    else:
        first, name = _single(attributes, "signing_certificate")["certs"][0], "sha1"
    if name not in {*HASHES, "sha1"} or first["cert_hash"].native != hashlib.new(name, expected).digest():
        raise Doubt("the signed certificate's hash is another's")


def _signed_bytes(signer: Any) -> bytes:
    """Return what was signed: the attributes under the tag of a SET, not that of their place (RFC 5652, 5.4).

    They must stand there in DER, so they are taken as they came, before anybody looks into them: asn1crypto fills in
    defaults as soon as it is asked for one, and then writes all anew, in another order and at ten times the cost.
    """
    signed: bytes = parser.emit(_UNIVERSAL, _CONSTRUCTED, _SET, signer["signed_attrs"].contents)
    return signed
