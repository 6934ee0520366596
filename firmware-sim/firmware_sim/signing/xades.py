"""XML signatures, XAdES 1.3.2 (ETSI TS 101 903) as the Konnektor's schemas have it, inside XML or around it."""

import base64
import hashlib
import uuid
from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from lxml import etree

from firmware_sim.pki import CardKeys

DS = "http://www.w3.org/2000/09/xmldsig#"
XADES = "http://uri.etsi.org/01903/v1.3.2#"
C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ECDSA = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"


Node = etree._Element | etree._ElementTree  # a whole document has instructions beside its root


def canonical(element: Node) -> bytes:
    """Exclusive canonical XML 1.0, without comments."""
    return etree.tostring(element, method="c14n", exclusive=True, with_comments=False)


def sign_xades(keys: CardKeys, ref: str, document: bytes, place: str | None) -> bytes:
    """Sign an XML document. `place` is an XPath to the element whose first child the signature becomes (enveloped).

    None: the signature stands around the document's root (enveloping). ValueError for what is no such document or
    place, and where the card has no certificate `ref`.
    """
    root = _parse(document)
    signature = etree.Element(f"{{{DS}}}Signature", nsmap={"ds": DS}, Id=f"id-{uuid.uuid4()}")
    if place is None:
        content = _add(signature, "Object", Id=f"object-{uuid.uuid4()}")
        content.append(root)
        _complete(signature, (f"#{content.get('Id')}", content, ()), keys, ref)
        return etree.tostring(signature)
    _complete(signature, ("", root.getroottree(), (ENVELOPED,)), keys, ref)
    _element(root, place).insert(0, signature)
    return etree.tostring(root.getroottree(), xml_declaration=True, encoding="UTF-8")


def _parse(document: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        root = etree.fromstring(document, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError("no well-formed XML") from error
    if root.getroottree().docinfo.doctype:
        raise ValueError("a document type")
    return root


def _element(root: etree._Element, place: str) -> etree._Element:
    try:
        found = root.xpath(place)
    except etree.XPathError as error:
        raise ValueError("no XPath") from error
    if not isinstance(found, list) or len(found) != 1 or not isinstance(found[0], etree._Element):
        raise ValueError("the XPath names not exactly one element")
    return found[0]


def _complete(
    signature: etree._Element,
    reference: tuple[str, Node, tuple[str, ...]],
    keys: CardKeys,
    ref: str,
) -> None:
    """Add what is signed, the value, the certificate and the signed properties, in the order of the schema."""
    try:
        certificate, key = keys.certificate(ref), keys.private_key(ref)
    except KeyError as error:
        raise ValueError(f"the card has no certificate {ref}") from error
    objects = list(signature)
    properties = _properties(signature, certificate)
    info = etree.Element(f"{{{DS}}}SignedInfo", nsmap={"ds": DS})
    _add(info, "CanonicalizationMethod", Algorithm=C14N)
    _add(info, "SignatureMethod", Algorithm=ECDSA if isinstance(key, ec.EllipticCurvePrivateKey) else RSA)
    uri, element, transforms = reference
    _reference(info, uri, element, (*transforms, C14N))
    _reference(info, f"#{properties.get('Id')}", properties, (C14N,), kind=SIGNED_PROPERTIES)
    signature.insert(0, info)
    value = etree.Element(f"{{{DS}}}SignatureValue")
    value.text = base64.b64encode(_value(key, canonical(info))).decode()
    signature.insert(1, value)
    information = etree.Element(f"{{{DS}}}KeyInfo")
    _add(_add(information, "X509Data"), "X509Certificate").text = base64.b64encode(certificate).decode()
    signature.insert(2, information)
    for each in objects:
        signature.append(each)


def _properties(signature: etree._Element, certificate: bytes) -> etree._Element:
    holder = _add(signature, "Object")
    qualifying = etree.SubElement(
        holder, f"{{{XADES}}}QualifyingProperties", nsmap={"xades": XADES}, Target=f"#{signature.get('Id')}"
    )
    properties = etree.SubElement(qualifying, f"{{{XADES}}}SignedProperties", Id=f"properties-{uuid.uuid4()}")
    about = etree.SubElement(properties, f"{{{XADES}}}SignedSignatureProperties")
    etree.SubElement(about, f"{{{XADES}}}SigningTime").text = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    one = etree.SubElement(etree.SubElement(about, f"{{{XADES}}}SigningCertificate"), f"{{{XADES}}}Cert")
    digest = etree.SubElement(one, f"{{{XADES}}}CertDigest")
    _add(digest, "DigestMethod", Algorithm=SHA256)
    _add(digest, "DigestValue").text = base64.b64encode(hashlib.sha256(certificate).digest()).decode()
    parsed = x509.load_der_x509_certificate(certificate)
    serial = etree.SubElement(one, f"{{{XADES}}}IssuerSerial")
    _add(serial, "X509IssuerName").text = parsed.issuer.rfc4514_string()
    _add(serial, "X509SerialNumber").text = str(parsed.serial_number)
    return properties


def _reference(info: etree._Element, uri: str, element: Node, transforms: tuple[str, ...], kind: str = "") -> None:
    reference = _add(info, "Reference", URI=uri)
    if kind:
        reference.set("Type", kind)
    listed = _add(reference, "Transforms")
    for transform in transforms:
        _add(listed, "Transform", Algorithm=transform)
    _add(reference, "DigestMethod", Algorithm=SHA256)
    _add(reference, "DigestValue").text = base64.b64encode(hashlib.sha256(canonical(element)).digest()).decode()


def _value(key: object, message: bytes) -> bytes:
    """ECDSA as R and S side by side (RFC 4050), RSA as PKCS#1."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
        size = (key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    raise ValueError("a key that signs no XML")


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DS}}}{name}", attributes)
