"""Documents at rest, document checks, signature checks, and the site's certificate authority."""

from datetime import datetime
from typing import Protocol

from kartenwart.domain.documents import Document, SignatureFormat
from kartenwart.domain.inventory import CardCertificate, CertificateReference


class Vault(Protocol):
    """Documents, encrypted at rest with keys of their own; deleting is for good."""

    async def create(self, document: Document) -> None:
        """Reserve a place for a document of which nothing has been received."""
        ...

    async def find(self, name: str) -> Document | None:
        """Return the document's facts, or None."""
        ...

    async def append(self, name: str, offset: int, data: bytes) -> Document:
        """Add bytes at `offset` (equal to received, or a repetition of what is there); check the hash at the end.

        CallerError CONFLICT for another offset, DOCUMENT_INCOMPLETE (and the document is dropped) for a wrong hash.
        """
        ...

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Return bytes of a complete document; empty behind its end."""
        ...

    async def store(self, document: Document, data: bytes) -> None:
        """Store a complete document (a result)."""
        ...

    async def delete(self, name: str) -> None:
        """Delete; unknown names are no error."""
        ...

    async def held(self, owner: str | None) -> tuple[Document, ...]:
        """Return an owner's documents (None: all)."""
        ...

    async def room(self) -> int:
        """Return the bytes that are free on the disk and not promised to an announced document."""
        ...

    async def sweep(self, now: datetime) -> None:
        """Delete what has expired."""
        ...


class DocumentInspector(Protocol):
    """What a document says of itself."""

    async def pdfa_part(self, data: bytes) -> str | None:
        """Return e.g. "1B", "2B", "3B" as the PDF declares in its XMP; None where it declares none or is no PDF."""
        ...

    async def xml_root(self, data: bytes) -> str | None:
        """Return the root element, "{namespace}name"; None for what is no well-formed XML or has a document type."""
        ...

    async def xml_canonical(self, data: bytes) -> bool:
        """True for XML with a root and a canonical form, which a signature is made over: no relative namespaces."""
        ...

    async def xml_stands_alone(self, data: bytes) -> bool:
        """True where nothing, neither comment nor instruction, stands beside the root; only for what has one."""
        ...


class SignatureChecker(Protocol):
    """Mathematical check of a signature against the certificate in it; no statement on legal validity."""

    async def check(self, form: SignatureFormat, document: bytes, signed: bytes, expected_certificate: bytes) -> None:
        """Raise WorldError(SIGNATURE_INVALID) unless `signed` is a signature of `document` by the key of
        `expected_certificate` (DER, as read from the card). PADES: the signed PDF must start with `document` and the
        signature must cover the whole file. CADES_DETACHED: CMS without content. CADES_ENVELOPING: content equals
        `document`. XADES: the whole document, comments included, with the signature in it or around it.
        """
        ...


class CertificateReader(Protocol):
    """What a certificate of a card says."""

    def decode(self, reference: CertificateReference, der: bytes) -> CardCertificate:
        """Return the certificate with its decoded facts; WorldError(KONNEKTOR_ANSWER_INVALID) where it is none."""
        ...


class SiteAuthority(Protocol):
    """The site's P-256 CA and this box's identity."""

    @property
    def box_id(self) -> str:
        """Return the random id of this box."""
        ...

    @property
    def root_der(self) -> bytes:
        """Return the root certificate, DER."""
        ...

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the root certificate, lower-case hex."""
        ...

    def issue(self, *, workstation: str, public_key: bytes, not_after: datetime, now: datetime) -> bytes:
        """Return a client leaf (DER) for a SubjectPublicKeyInfo (DER, P-256); notBefore is backdated by an hour.

        Raises ValueError for another kind of key.
        """
        ...

    def key_of_request(self, request_der: bytes) -> bytes:
        """Return the SubjectPublicKeyInfo of a PKCS#10 request whose signature proves the key; ValueError otherwise."""
        ...

    def verify_key_signature(self, public_key: bytes, signature: bytes, message: bytes) -> bool:
        """Tell whether an ECDSA P-256 SHA-256 signature (DER) fits the message."""
        ...
