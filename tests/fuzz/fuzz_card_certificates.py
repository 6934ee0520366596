"""Certificates as cards hold them: any bytes.

Rules: facts or WorldError, whose words do not repeat the certificate; the last day that a reader tells is the same.
"""

from kartenwart.adapters.pcsc.reading import last_day
from kartenwart.adapters.signatures.certificates import DerCertificateReader
from kartenwart.domain.failures import WorldError
from kartenwart.domain.inventory import CertificateReference
from tests.fuzz.target import hold

LONGEST_WORDS = 60
_READER = DerCertificateReader()


def judge(data: bytes) -> None:
    """Decode it, as the Konnektor's and as a reader's."""
    day = last_day(data)
    try:
        told = _READER.decode(CertificateReference.AUT, data)
    except WorldError as error:
        hold("an error has words of ours, not the certificate's", len(str(error)) <= LONGEST_WORDS)
        return
    hold("both tell the same last day", day == told.not_after.date())
    hold("the certificate stays as it came", told.der == data)
