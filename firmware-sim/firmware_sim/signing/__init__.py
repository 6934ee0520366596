"""Signatures as a Konnektor makes them (CAdES-B-B, PAdES-B-B, XAdES-B-B), and PDF/A documents to try them on."""

from firmware_sim.signing.cades import sign_cades
from firmware_sim.signing.letter import PdfKind, make_pdf
from firmware_sim.signing.pades import sign_pades
from firmware_sim.signing.pdfa import pdfa_part
from firmware_sim.signing.xades import sign_xades

__all__ = ["PdfKind", "make_pdf", "pdfa_part", "sign_cades", "sign_pades", "sign_xades"]
