"""Documents on their way through a job: encrypted at rest, short-lived, known by hash."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

MAX_DOCUMENT_BYTES = 25 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024
RETENTION = timedelta(hours=24)
MOST_DOCUMENTS = 250  # of one signature job
MOST_SIGNED_BYTES = 250_000_000  # of all documents of one signature job; a Konnektor takes as much in one call
UPLOAD_TIME = timedelta(hours=1)
MIME_TYPES = ("application/pdf", "text/plain", "application/octet-stream", "text/xml")
SHA256 = re.compile(r"[0-9a-f]{64}")
SHORT_TEXT = re.compile(r"[A-Za-z0-9 _.\-]{1,30}")  # what a terminal shows of a document; SignDocument allows no more


class SignatureFormat(StrEnum):
    """Form of a signature; names as in kartenwart.api.signature.v1.SignatureFormat without the prefix."""

    PADES = "PADES"
    CADES_DETACHED = "CADES_DETACHED"
    CADES_ENVELOPING = "CADES_ENVELOPING"
    XADES_ENVELOPED = "XADES_ENVELOPED"
    XADES_ENVELOPING = "XADES_ENVELOPING"

    @property
    def is_xades(self) -> bool:
        """True for signatures of XML in XML."""
        return self in (SignatureFormat.XADES_ENVELOPED, SignatureFormat.XADES_ENVELOPING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A document in the vault ("documents/{d}"); `received` counts bytes present; sha256 is hex of the whole.

    `expires_at` is RETENTION after it was announced; `gone_at` is sooner while it is incomplete. `result`: made here.
    """

    name: str
    owner: str
    size: int
    received: int
    sha256: str
    mime_type: str
    expires_at: datetime
    result: bool = False

    @property
    def complete(self) -> bool:
        """True once all bytes are present (the hash was checked then)."""
        return self.received == self.size

    @property
    def gone_at(self) -> datetime:
        """Return when it is deleted: an upload that nobody finishes must not hold its place for a day."""
        return self.expires_at if self.complete else self.due_at

    @property
    def due_at(self) -> datetime:
        """Return by when its uploader should have used it: from then on it may have to make room."""
        return self.expires_at - RETENTION + UPLOAD_TIME


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentToSign:
    """One document of a request and how to sign it: by a format or by a preset's name."""

    document: str
    format: SignatureFormat | None = None
    short_text: str = ""
    preset: str = ""
