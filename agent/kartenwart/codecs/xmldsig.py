"""XML signatures (XMLDSig 1.1, XAdES) as far as a Konnektor makes them: one signature in XML or around it.

Taken apart so that mathematics can judge: what was signed in octets, what is said of it, and by whom. Whatever this
does not know is refused: other transforms could sign something else than what people see.
"""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from kartenwart.codecs.document_xml import MAX_MARKS, parse_document
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.xml import Element

Document = etree._ElementTree  # lxml names the type so

DS = "http://www.w3.org/2000/09/xmldsig#"
_DS = f"{{{DS}}}"
_XADES = "{http://uri.etsi.org/01903/v1.3.2#}"
_ENVELOPED = f"{DS}enveloped-signature"
_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"
# Canonicalisations without comments: exclusive or not.
_CANONICAL = {"http://www.w3.org/2001/10/xml-exc-c14n#": True, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315": False}
_HASHES = {
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}
_MARKS_OF_A_SIGNATURE = 10_000
_IDS = ("Id", "ID", "id")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedPart:
    """Octets that were signed: `hash` (as hashlib names it) over them must be `digest`."""

    hash: str
    digest: bytes
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class XmlSignature:
    """A signature taken apart.

    `document` is what it signs, canonical with comments, to be compared with `canonical_document` of the original;
    `certificate` is enclosed (DER), `certificate_hashes` are (hash, digest) in the signed properties.
    """

    algorithm: str
    value: bytes
    signed_info: bytes = field(repr=False)
    parts: tuple[SignedPart, ...]
    certificate: bytes
    certificate_hashes: tuple[tuple[str, bytes], ...]
    document: bytes = field(repr=False)


def canonical_document(document: bytes) -> bytes:
    """Return a document's canonical form with comments and all that stands beside its root.

    MalformedError where it cannot be signed.
    """
    return _octets(parse_document(document).getroottree(), exclusive=True, comments=True)


def read_signature(signed: bytes, *, enveloped: bool) -> XmlSignature:
    """Take a signed document apart: the signature stands in it (enveloped) or is its root (enveloping).

    Raises MalformedError; its words name the rule, never the content.
    """
    root = parse_document(signed, max_marks=MAX_MARKS + _MARKS_OF_A_SIGNATURE)
    signature = _the_signature(root, enveloped=enveloped)
    info = _the_one(signature.iterchildren(f"{_DS}SignedInfo"), "SignedInfo")
    references = list(info.iterchildren(f"{_DS}Reference"))
    about = _signed_properties(signature, references)
    properties = [_hashed(one, about, _transforms(one)) for one in references if one.get("Type") == _PROPERTIES]
    signed_info = _octets(info, exclusive=_exclusive(_attribute(info, "CanonicalizationMethod")))
    main = _the_one((one for one in references if one.get("Type") != _PROPERTIES), "Reference to the document")
    part, content = _enveloped(root, signature, main) if enveloped else _enveloping(signature, main)
    return XmlSignature(
        algorithm=_attribute(info, "SignatureMethod"),
        value=_bytes(signature.findtext(f"{_DS}SignatureValue")),
        signed_info=signed_info,
        parts=(*properties, part),
        certificate=_bytes(signature.findtext(f"{_DS}KeyInfo/{_DS}X509Data/{_DS}X509Certificate")),
        certificate_hashes=tuple(_certificate_hashes(about)),
        document=content,
    )


def _the_signature(root: Element, *, enveloped: bool) -> Element:
    """Return the root, or the one inside; of several in a document signed before, the first child: ours goes there."""
    if not enveloped:
        found = root
    else:
        inside = [one for one in root.iter(f"{_DS}Signature") if one is not root]
        found = inside[0] if len(inside) == 1 else next(root.iterchildren(etree.Element), root)
    if found.tag != f"{_DS}Signature" or (found is root) is enveloped:
        raise MalformedError("the signature stands where it should not")
    return found


def _signed_properties(signature: Element, references: list[Element]) -> Element:
    reference = _the_one((one for one in references if one.get("Type") == _PROPERTIES), "Reference to the properties")
    path = f"{_DS}Object/{_XADES}QualifyingProperties/{_XADES}SignedProperties"
    about = _the_one(iter(signature.iterfind(path)), "SignedProperties")
    _check_named(signature, reference.get("URI") or "", about)
    return about


def _check_named(signature: Element, uri: str, element: Element) -> None:
    """A name must mean this element and no other one of the whole document."""
    whole = signature.getroottree().getroot()
    named = [one for one in whole.iter(etree.Element) if any(one.get(name) == uri[1:] for name in _IDS)]
    if not uri.startswith("#") or len(uri) < 2 or named != [element]:
        raise MalformedError("a reference to something else")


def _enveloped(root: Element, signature: Element, reference: Element) -> tuple[SignedPart, bytes]:
    """Return the whole document without the signature, which is taken out of the tree for good."""
    transforms = _transforms(reference)
    if reference.get("URI") != "" or transforms[:1] != [_ENVELOPED]:
        raise MalformedError("a reference that is not to the whole document")
    parent, before = signature.getparent(), signature.getprevious()
    if parent is None:
        raise MalformedError("the signature stands where it should not")
    text = signature.tail or ""
    if before is None:
        parent.text = (parent.text or "") + text
    else:
        before.tail = (before.tail or "") + text
    signature.tail = None
    parent.remove(signature)
    whole = root.getroottree()  # with instructions before and after the root, which a reference to "" means too
    return _hashed(reference, whole, transforms[1:]), _octets(whole, exclusive=True, comments=True)


def _enveloping(signature: Element, reference: Element) -> tuple[SignedPart, bytes]:
    """Return the one element in the object that the reference names."""
    uri = reference.get("URI") or ""
    holder = _the_one((one for one in signature.iterchildren(f"{_DS}Object") if one.get("Id") == uri[1:]), "Object")
    _check_named(signature, uri, holder)
    content = _the_one(holder.iterchildren(etree.Element), "document")
    part = _hashed(reference, holder, _transforms(reference))
    if (holder.text or "").strip() or (content.tail or "").strip():
        raise MalformedError("text beside the document")
    return part, canonical_document(etree.tostring(content, with_tail=False))


def _hashed(reference: Element, element: Element | Document, transforms: list[str]) -> SignedPart:
    if len(transforms) > 1:
        raise MalformedError("a transform that is not known here")
    exclusive = _exclusive(transforms[0]) if transforms else False
    return SignedPart(
        hash=_hash(_attribute(reference, "DigestMethod")),
        digest=_bytes(reference.findtext(f"{_DS}DigestValue")),
        octets=_octets(element, exclusive=exclusive),
    )


def _certificate_hashes(about: Element) -> Iterator[tuple[str, bytes]]:
    """Yield the first hash of SigningCertificate or SigningCertificateV2: that of the signer."""
    for name in ("SigningCertificate", "SigningCertificateV2"):
        digest = about.find(f"{_XADES}SignedSignatureProperties/{_XADES}{name}/{_XADES}Cert/{_XADES}CertDigest")
        if digest is not None:
            yield _hash(_attribute(digest, "DigestMethod")), _bytes(digest.findtext(f"{_DS}DigestValue"))


def _transforms(reference: Element) -> list[str]:
    found = list(reference.iterfind(f"{_DS}Transforms/{_DS}Transform"))
    if any(len(one) for one in found):
        raise MalformedError("a transform with parameters")
    return [one.get("Algorithm") or "" for one in found]


def _octets(element: Element | Document, *, exclusive: bool, comments: bool = False) -> bytes:
    try:
        return etree.tostring(element, method="c14n", exclusive=exclusive, with_comments=comments)
    except etree.C14NError:
        raise MalformedError("no canonical form, as of namespaces that are relative") from None


def _exclusive(algorithm: str) -> bool:
    if algorithm not in _CANONICAL:
        raise MalformedError("a canonicalisation that is not known here")
    return _CANONICAL[algorithm]


def _hash(algorithm: str) -> str:
    if algorithm not in _HASHES:
        raise MalformedError("a hash that is not known here")
    return _HASHES[algorithm]


def _attribute(parent: Element, name: str) -> str:
    return _the_one(parent.iterchildren(f"{_DS}{name}"), name).get("Algorithm") or ""


def _bytes(text: str | None) -> bytes:
    try:
        data = binascii.a2b_base64("".join((text or "").split()).encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise MalformedError("no base64") from None
    if not data:
        raise MalformedError("an empty value")
    return data


def _the_one(found: Iterator[Element], what: str) -> Element:
    first = next(found, None)
    if first is None or next(found, None) is not None:
        raise MalformedError(f"not exactly one {what}")
    return first
