"""Signatures of XML, with any bytes. The first byte chooses whether they stand in the document or around it.

Rules: a value, MalformedError or Doubt, whose words do not repeat the document; what is accepted says the signed
document and nothing else, also to another reader of XML. The files in SIGNED are by a key that nobody has any more.
"""

from xml.etree import ElementTree as ET

from kartenwart.adapters.signatures import xades
from kartenwart.adapters.signatures.doubt import Doubt
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.xmldsig import read_signature
from tests.fuzz.target import CORPUS, choice, hold

SIGNED = CORPUS / "xmldsig.signed"
CERTIFICATE = (SIGNED / "certificate.der").read_bytes()
DOCUMENT = (SIGNED / "document.xml").read_bytes()
LONGEST_WORDS = 120
SIGNATURE = "{http://www.w3.org/2000/09/xmldsig#}Signature"
HELD = "{http://www.w3.org/2000/09/xmldsig#}Object/{urn:x}a"


def judge(data: bytes) -> None:
    """Take it apart, then hold it against the document that was signed."""
    chosen, signed = choice(data, 2)
    enveloped = chosen == 0
    try:
        read_signature(signed, enveloped=enveloped)
    except MalformedError as error:
        hold("an error has words of ours, not the document's", len(str(error)) <= LONGEST_WORDS)
        hold("an error carries nothing of the document in its chain", error.__cause__ is None)
    try:
        xades.check(DOCUMENT, signed, CERTIFICATE, enveloped=enveloped)
    except Doubt as doubt:
        hold("a doubt has words of ours, not the document's", len(str(doubt)) <= LONGEST_WORDS)
        return
    hold("what is accepted says what was signed", said(signed, enveloped=enveloped) == plain(DOCUMENT))


def plain(xml: bytes) -> str:
    """Return the canonical form by Python's own reader, whatever the prefixes."""
    return ET.canonicalize(xml.decode("utf-8"), with_comments=True, rewrite_prefixes=True)


def said(signed: bytes, *, enveloped: bool) -> str:
    """Return what a signed document says beside its signature, by Python's own reader."""
    parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))  # noqa: S314  # accepted: so without entities
    root = ET.fromstring(signed, parser)  # noqa: S314
    if enveloped:
        (signature,) = root.findall(SIGNATURE)
        root.remove(signature)
        return plain(ET.tostring(root))
    (document,) = root.findall(HELD)
    return plain(ET.tostring(document))
