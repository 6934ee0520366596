"""Base64 in elements (xs:base64Binary: white space may stand anywhere)."""

import binascii

from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.soap.xml import Element

_SPACE = {ord(sign): None for sign in " \t\r\n"}


def read_base64(element: Element, what: str) -> bytes:
    """Return the bytes; MalformedError names `what` where they are missing or no base64."""
    wire = (element.text or "").translate(_SPACE)
    try:
        data = binascii.a2b_base64(wire.encode("ascii"), strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise MalformedError(f"{what} is no base64") from None
    if not data:
        raise MalformedError(f"{what} is empty")
    return data


def write_base64(data: bytes) -> str:
    """Return base64 without line breaks."""
    return binascii.b2a_base64(data, newline=False).decode("ascii")
