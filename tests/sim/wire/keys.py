"""What a primary system asks of a card's own keys: ExternalAuthenticate, EncryptDocument, DecryptDocument."""

import base64
from typing import Literal

from tests.sim.soap_client import PrimarySystem, Reply

RSA, ECDSA = "urn:ietf:rfc:3447", "urn:bsi:tr:03111:ecdsa"
CMS = "urn:ietf:rfc:5652"


async def authenticate(
    system: PrimarySystem,
    handle: str,
    digest: bytes,
    *,
    kind: str = ECDSA,
    scheme: str = "",
    mime_type: str = "application/octet-stream",
) -> Reply:
    """ExternalAuthenticate."""
    type_ = f"<dss:SignatureType>{kind}</dss:SignatureType>" if kind else ""
    chosen = f"<SIG74:SignatureSchemes>{scheme}</SIG74:SignatureSchemes>" if scheme else ""
    inputs = f"<SIG74:OptionalInputs>{type_}{chosen}</SIG74:OptionalInputs>" if type_ or chosen else ""
    data = f'<dss:Base64Data MimeType="{mime_type}">{base64.b64encode(digest).decode()}</dss:Base64Data>'
    name = "SIG74:ExternalAuthenticate"
    body = f"<CONN:CardHandle>{handle}</CONN:CardHandle>{system.context()}{inputs}"
    content = f"<{name}>{body}<SIG74:BinaryString>{data}</SIG74:BinaryString></{name}>"
    return await system.send(name, content, service="AuthSignatureService")


def signature(reply: Reply) -> bytes:
    """The signature of an answer."""
    return base64.b64decode(reply.text(".//dss:Base64Signature") or "")


def _document(content: bytes, form: Literal["Base64Data", "Base64XML"] = "Base64Data") -> str:
    encoded = base64.b64encode(content).decode()
    if form == "Base64XML":
        return f"<CONN:Document><CONN:Base64XML>{encoded}</CONN:Base64XML></CONN:Document>"
    return f'<CONN:Document><dss:Base64Data MimeType="application/pdf">{encoded}</dss:Base64Data></CONN:Document>'


async def encrypt(
    system: PrimarySystem,
    content: bytes,
    *certificates: bytes,
    handle: str = "",
    reference: str = "",
    kind: str = CMS,
    form: Literal["Base64Data", "Base64XML"] = "Base64Data",
) -> Reply:
    """EncryptDocument for certificates (DER) and, with a handle, for the card's own."""
    own = _key("CertificateOnCard", handle, reference) if handle else ""
    others = "".join(f"<CRYPT:Certificate>{base64.b64encode(der).decode()}</CRYPT:Certificate>" for der in certificates)
    chosen = f"<CRYPT:EncryptionType>{kind}</CRYPT:EncryptionType>" if kind else ""
    return await system.call(
        "CRYPT:EncryptDocument",
        f"<CRYPT:RecipientKeys>{own}{others}</CRYPT:RecipientKeys>{_document(content, form)}"
        f"<CRYPT:OptionalInputs>{chosen}</CRYPT:OptionalInputs>",
    )


async def decrypt(system: PrimarySystem, handle: str, content: bytes, reference: str = "C.ENC") -> Reply:
    """DecryptDocument."""
    return await system.call("CRYPT:DecryptDocument", _key("PrivateKeyOnCard", handle, reference) + _document(content))


def document(reply: Reply) -> bytes:
    """The document of an answer."""
    return base64.b64decode(reply.text("CONN:Document/dss:Base64Data") or "")


def _key(name: str, handle: str, reference: str) -> str:
    chosen = f"<CRYPT:KeyReference>{reference}</CRYPT:KeyReference>" if reference else ""
    return f"<CRYPT:{name}><CONN:CardHandle>{handle}</CONN:CardHandle>{chosen}</CRYPT:{name}>"
