"""Signatures inside a PDF, PAdES baseline B (ETSI EN 319 142-1)."""

from io import BytesIO
from itertools import count

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, enumerate_sig_fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from firmware_sim.pki import CardKeys
from firmware_sim.signing.signer import card_signer, finish


def sign_pades(keys: CardKeys, ref: str, pdf: bytes) -> bytes:
    """The PDF with an invisible signature appended (ETSI.CAdES.detached); what was there stays byte for byte.

    A document may be signed again; each signature has a field of its own. ValueError when the bytes are no PDF that can
    be signed, or the card has no certificate `ref`.
    """
    signer = card_signer(keys, ref)
    try:
        return _signed(signer, pdf)
    except Exception as error:  # a parser of foreign bytes may raise anything
        raise ValueError(
            f"this document cannot be signed as PDF ({error}); hand in an intact, unencrypted PDF"
        ) from error


def _signed(signer: SimpleSigner, pdf: bytes) -> bytes:
    writer = IncrementalPdfFileWriter(BytesIO(pdf), strict=False)
    if writer.prev.encrypted:
        raise ValueError("it is encrypted")
    taken = {name for name, _, _ in enumerate_sig_fields(writer)}
    field = next(name for number in count(1) if (name := f"Signature{number}") not in taken)
    metadata = PdfSignatureMetadata(field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES)
    # The defaults set the print flag and nothing that hides: the only way a widget stays within PDF/A.
    work = PdfSigner(metadata, signer, new_field_spec=SigFieldSpec(field)).async_sign_pdf(writer, output=BytesIO())
    signed: BytesIO = finish(work)
    return signed.getvalue()
