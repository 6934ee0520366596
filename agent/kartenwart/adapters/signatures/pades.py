"""PAdES (ETSI EN 319 142-1): where the signature stands in a PDF, and that it covers all the rest.

The document must be there byte for byte at the start, one signature must have come behind it, and everything but the
signature's own bytes must be covered. What the appended revision shows is the Konnektor's work and not judged here.
"""

import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from kartenwart.adapters.signatures.doubt import Doubt

SUBFILTERS = frozenset({"/ETSI.CAdES.detached", "/adbe.pkcs7.detached"})

_HEX_STRING = re.compile(rb"<((?:[0-9A-Fa-f]{2})+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class PdfSignature:
    """A filled signature field: byte range and contents as they stand in the dictionary."""

    byte_range: tuple[int, ...]
    contents: bytes
    subfilter: str


def new_signature(document: bytes, signed: bytes) -> tuple[bytes, list[memoryview]]:
    """Return the contents of the one signature that came to `document`, and what it covers; raises Doubt."""
    if not signed.startswith(document) or len(signed) == len(document):
        raise Doubt("the signed PDF does not start with the document")
    before, after = _signatures(document), _signatures(signed)
    if any(after.get(name) != signature for name, signature in before.items()):
        raise Doubt("an earlier signature is no longer what it was")
    added = [signature for name, signature in after.items() if name not in before]
    if len(added) != 1:
        raise Doubt("not exactly one signature came to the document")
    if added[0].subfilter not in SUBFILTERS:
        raise Doubt("a form of signature that is not accepted")
    return added[0].contents, _covered(added[0], len(document), signed)


def _covered(signature: PdfSignature, document_length: int, signed: bytes) -> list[memoryview]:
    if len(signature.byte_range) != 4:
        raise Doubt("the byte range has not two parts")
    start, length, start_behind, length_behind = signature.byte_range
    if start != 0 or not document_length <= length < start_behind or start_behind + length_behind != len(signed):
        raise Doubt("the byte range does not cover the whole file")
    gap = _HEX_STRING.fullmatch(signed, length, start_behind)
    if gap is None or bytes.fromhex(gap[1].decode()) != signature.contents:
        raise Doubt("more than the signature is left out")
    whole = memoryview(signed)
    return [whole[:length], whole[start_behind:]]


def _signatures(pdf: bytes) -> dict[str, PdfSignature]:
    from pyhanko.pdf_utils.reader import PdfFileReader  # takes a second to import, and not every agent signs
    from pyhanko.sign.fields import enumerate_sig_fields

    reader = PdfFileReader(BytesIO(pdf), strict=False)
    if reader.encrypted:
        raise Doubt("the PDF is encrypted")
    found: dict[str, PdfSignature] = {}
    for name, value, _ in enumerate_sig_fields(reader, filled_status=True):
        if name in found:
            raise Doubt("two signature fields have one name")
        found[name] = _signature(value.get_object())
    return found


def _signature(dictionary: Any) -> PdfSignature:
    from pyhanko.pdf_utils.generic import EncryptedObjAccess

    contents = dictionary.raw_get("/Contents", decrypt=EncryptedObjAccess.RAW)
    return PdfSignature(
        byte_range=tuple(int(number) for number in dictionary["/ByteRange"]),
        contents=contents.original_bytes,
        subfilter=str(dictionary.get("/SubFilter", "")),
    )
