"""Whether a signature is one: CMS, PDF and XML, by mathematics and with the certificate that it brings along."""

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from asn1crypto import cms, x509
from cryptography import x509 as pyca_x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from firmware_sim.signing.xades import DS, ENVELOPED, XADES, canonical

_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")


class NoSignatureError(ValueError):
    """There is no signature in what was given."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Checked:
    """Whether the mathematics fits, with the signer's certificate (DER) and the time that the signature claims."""

    fits: bool
    certificate: bytes
    signed_at: datetime | None


def check_cms(structure: bytes, content: bytes | None) -> Checked:
    """A CAdES signature around its content, or beside `content`. Raises `NoSignatureError`."""
    try:
        info = cms.ContentInfo.load(structure, strict=True)
        data = info["content"]
        signer = data["signer_infos"][0]
        attributes = {attribute["type"].native: attribute["values"][0] for attribute in signer["signed_attrs"]}
        inside = data["encap_content_info"]["content"].native
        certificate = _signer(data, signer)
    except (ValueError, TypeError, KeyError, IndexError, StopIteration) as error:
        raise NoSignatureError("no CMS signature") from error
    signed = content if inside is None else inside
    whole = content is None or inside is None or content == inside
    digest = attributes["message_digest"].native
    fits = signed is not None and whole and hashlib.sha256(signed).digest() == digest
    message = b"\x31" + signer["signed_attrs"].dump()[1:]
    when = attributes["signing_time"].native if "signing_time" in attributes else None
    return Checked(
        fits=fits and _verifies(certificate, signer["signature"].native, message),
        certificate=certificate,
        signed_at=when,
    )


def check_pdf(pdf: bytes) -> Checked:
    """The last signature inside a PDF, which must cover the whole file."""
    found = list(_BYTE_RANGE.finditer(pdf))
    if not found:
        raise NoSignatureError("no signature in the PDF")
    start, length, behind, rest = (int(found[-1][number]) for number in (1, 2, 3, 4))
    try:
        contents = bytes.fromhex(pdf[start + length : behind].strip(b"<>").decode("ascii"))
    except ValueError as error:
        raise NoSignatureError("no signature in the PDF") from error
    checked = check_cms(_der(contents), pdf[start : start + length] + pdf[behind : behind + rest])
    whole = start == 0 and behind + rest == len(pdf)
    return checked if whole else Checked(fits=False, certificate=checked.certificate, signed_at=checked.signed_at)


def check_xml(document: bytes) -> Checked:
    """The one XML signature inside a document or around it."""
    try:
        root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
        (signature,) = root.iter(f"{{{DS}}}Signature")
        encoded = signature.findtext(f"{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate") or ""
        certificate = base64.b64decode(encoded)
        value = base64.b64decode(signature.findtext(f"{{{DS}}}SignatureValue") or "")
        info = signature.find(f"{{{DS}}}SignedInfo")
    except (etree.XMLSyntaxError, ValueError, binascii.Error) as error:
        raise NoSignatureError("no XML signature") from error
    if info is None or not certificate:
        raise NoSignatureError("no XML signature")
    fits = _verifies(certificate, value, canonical(info), raw=True)
    fits = fits and all(_reference_fits(root, signature, one) for one in info.iter(f"{{{DS}}}Reference"))
    said = signature.findtext(f".//{{{XADES}}}SigningTime")
    return Checked(fits=fits, certificate=certificate, signed_at=datetime.fromisoformat(said) if said else None)


def _reference_fits(root: etree._Element, signature: etree._Element, reference: etree._Element) -> bool:
    uri = reference.get("URI", "")
    enveloped = any(one.get("Algorithm") == ENVELOPED for one in reference.iter(f"{{{DS}}}Transform"))
    if uri and enveloped:
        return False
    named = [root] if not uri else [one for one in root.iter() if one.get("Id") == uri[1:]]
    digest = base64.b64decode(reference.findtext(f"{{{DS}}}DigestValue") or "")
    return len(named) == 1 and hashlib.sha256(_octets(named[0], signature if enveloped else None)).digest() == digest


def _octets(element: etree._Element, without: etree._Element | None) -> bytes:
    """The canonical element; an enveloped signature is taken out of a copy of the whole, the text behind it stays."""
    if without is None:
        return canonical(element)
    place = list(element.iter()).index(without)
    copy = etree.fromstring(
        etree.tostring(element.getroottree()), etree.XMLParser(resolve_entities=False, huge_tree=True)
    )
    gone = list(copy.iter())[place]
    parent, before, tail = gone.getparent(), gone.getprevious(), gone.tail or ""
    if parent is None:
        return b""
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    gone.tail = None
    parent.remove(gone)
    return canonical(copy.getroottree())


def _signer(data: Any, signer: Any) -> bytes:
    serial = signer["sid"].chosen["serial_number"].native
    return next(
        bytes(one.chosen.dump())
        for one in data["certificates"]
        if isinstance(one.chosen, x509.Certificate) and one.chosen.serial_number == serial
    )


def _verifies(certificate: bytes, signature: bytes, message: bytes, *, raw: bool = False) -> bool:
    try:
        key = pyca_x509.load_der_x509_certificate(certificate).public_key()
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(_der_signature(signature) if raw else signature, message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        else:
            return False
    except (InvalidSignature, ValueError):
        return False
    return True


def _der_signature(raw: bytes) -> bytes:
    half = len(raw) // 2
    return encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))


def _der(padded: bytes) -> bytes:
    """The structure at the start of /Contents, which is filled up with zeros."""
    length, size = padded[1], 2
    if length & 0x80:
        count = length & 0x7F
        length, size = int.from_bytes(padded[2 : 2 + count], "big"), 2 + count
    return padded[: size + length]
