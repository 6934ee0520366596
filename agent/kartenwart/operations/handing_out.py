"""What becomes of a signature: verified against the card's certificate and kept for its owner, or not handed out."""

from dataclasses import dataclass, replace

from kartenwart.domain.catalogue import failure
from kartenwart.domain.documents import SignatureFormat
from kartenwart.domain.failures import AgentError, Failure, Reason, RetryClass
from kartenwart.domain.jobs import SignedDocument
from kartenwart.domain.ports.konnektor import Signature
from kartenwart.domain.ports.vault import SignatureChecker
from kartenwart.operations.batches import ToSign
from kartenwart.operations.documents import Documents
from kartenwart.operations.supervisor import Report, say_nothing

OUTPUT_TYPES = {
    SignatureFormat.PADES: "application/pdf",
    SignatureFormat.CADES_DETACHED: "application/pkcs7-signature",
    SignatureFormat.CADES_ENVELOPING: "application/pkcs7-mime",
    SignatureFormat.XADES_ENVELOPED: "text/xml",
    SignatureFormat.XADES_ENVELOPING: "text/xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HandingOut:
    """Judges each signature on its own merit: a corrupt one is dropped, its neighbours are not."""

    documents: Documents
    checker: SignatureChecker
    report: Report = say_nothing

    async def judged(self, wanted: ToSign, content: bytes, signature: Signature, certificate: bytes) -> SignedDocument:
        """Return the signed document, or the document with the failure for which nothing is handed out."""
        if signature.failure is not None:
            return _without(wanted, signature.failure)
        try:
            return await self._kept(wanted, content, signature.data, certificate)
        except AgentError as error:
            return _without(wanted, error.failure)
        except Exception as broken:  # noqa: BLE001 - a defect with one document must not cost the others theirs
            self.report("signature.broken", error=type(broken).__name__)
            return _without(wanted, failure(Reason.INTERNAL))

    async def _kept(self, wanted: ToSign, content: bytes, data: bytes, certificate: bytes) -> SignedDocument:
        await self.checker.check(wanted.format, content, data, certificate)
        output = await self.documents.keep(wanted.document.owner, data, OUTPUT_TYPES[wanted.format])
        return SignedDocument(
            input=wanted.document.name,
            output=output.name,
            input_sha256=wanted.document.sha256,
            output_sha256=output.sha256,
            mime_type=output.mime_type,
            signer_certificate=certificate,
        )


def _without(wanted: ToSign, why: Failure) -> SignedDocument:
    """Return the document without a signature: the card was used, so no program may begin again by itself."""
    return SignedDocument(
        input=wanted.document.name,
        output="",
        input_sha256=wanted.document.sha256,
        output_sha256="",
        mime_type="",
        signer_certificate=b"",
        failure=replace(why, retry=RetryClass.BY_PERSON) if why.retry is RetryClass.LATER else why,
    )
