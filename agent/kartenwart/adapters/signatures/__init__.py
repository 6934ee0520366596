"""What documents, signatures and certificates say, and whether a signature is one."""

from kartenwart.adapters.signatures.certificates import DerCertificateReader
from kartenwart.adapters.signatures.checker import MathSignatureChecker
from kartenwart.adapters.signatures.inspector import PdfInspector

__all__ = ["DerCertificateReader", "MathSignatureChecker", "PdfInspector"]
