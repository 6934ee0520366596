"""An inspector and checker of documents that looks at their first bytes."""

from kartenwart.domain.catalogue import failure
from kartenwart.domain.documents import SignatureFormat
from kartenwart.domain.failures import Reason, WorldError


class FirstBytes:
    """Inspects and checks test documents: "%PDF-2B" declares part 2B; a signature must start with "signed"."""

    async def pdfa_part(self, data: bytes) -> str | None:
        return data[5:7].decode() if data.startswith(b"%PDF-") else None

    async def xml_root(self, data: bytes) -> str | None:
        return data[1:].partition(b">")[0].decode() if data.startswith(b"<") else None

    async def xml_canonical(self, data: bytes) -> bool:
        return data.startswith(b"<")

    async def xml_stands_alone(self, data: bytes) -> bool:
        return not data.endswith(b"-->")

    async def check(self, _form: SignatureFormat, document: bytes, signed: bytes, expected_certificate: bytes) -> None:
        if signed == b"crash":
            raise ZeroDivisionError
        if signed != b"signed " + document + expected_certificate:
            raise WorldError(failure(Reason.SIGNATURE_INVALID))
