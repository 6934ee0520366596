"""Signatures inside a PDF, PAdES baseline B (ETSI EN 319 142-1), that leave a PDF/A what it was."""

from io import BytesIO
from itertools import count

from pyhanko.pdf_utils.content import AnnotAppearances, RawContent
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.writer import BasePdfFileWriter
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field, enumerate_sig_fields
from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner, SimpleSigner

from firmware_sim.pki import CardKeys
from firmware_sim.signing.signer import card_signer, finish


class _Update(IncrementalPdfFileWriter):
    """An appended update that touches nothing but the signature field, so that a PDF/A stays one."""

    output_version = (1, 4)  # the least to demand; pyhanko's default would turn a PDF/A-1 (PDF 1.4) into PDF 1.7

    def _update_meta(self) -> None:
        """Leave the metadata: pyhanko would add its name to the information dictionary but not alike to the XMP."""


class _Signer(PdfSigner):
    """A signer that declares no extensions."""

    def register_extensions(self, pdf_out: BasePdfFileWriter, *, md_algorithm: str) -> None:
        """None: those for brainpool demand PDF 2.0, which no part of PDF/A up to 3 allows."""


def sign_pades(keys: CardKeys, ref: str, pdf: bytes) -> bytes:
    """The PDF with an invisible signature appended (ETSI.CAdES.detached); what was there stays byte for byte.

    A document may be signed again; each signature has a field of its own. ValueError when the bytes are no PDF that can
    be signed, or the card has no certificate `ref`.
    """
    signer = card_signer(keys, ref, dated=False)
    try:
        return _signed(signer, pdf)
    except Exception as error:  # a parser of foreign bytes may raise anything
        raise ValueError(f"this cannot be signed as a PDF ({error}); hand in an intact, unencrypted PDF") from error


def _signed(signer: SimpleSigner, pdf: bytes) -> bytes:
    update = _Update(BytesIO(pdf), strict=False)
    if update.prev.encrypted:
        raise ValueError("it is encrypted")
    metadata = PdfSignatureMetadata(
        field_name=_new_field(update), md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES
    )
    signed: BytesIO = finish(_Signer(metadata, signer).async_sign_pdf(update, output=BytesIO()))
    return signed.getvalue()


def _new_field(update: IncrementalPdfFileWriter) -> str:
    """Append an empty signature field and give its name.

    Its widget has no area but the print flag and an appearance of nothing, as PDF/A-1 asks of every field (6.5.3, 6.9).
    """
    taken = {name for name, _, _ in enumerate_sig_fields(update)}
    name = next(name for number in count(1) if (name := f"Signature{number}") not in taken)
    append_signature_field(update, SigFieldSpec(name))
    nothing = update.add_object(RawContent(b"", box=BoxConstraints(1, 1)).as_form_xobject())
    _, _, field = next(enumerate_sig_fields(update, with_name=name))
    field.get_object()[pdf_name("/AP")] = AnnotAppearances(normal=nothing).as_pdf_object()
    return name
