"""A card signs one document: all checks first, one call, and nothing leaves that does not verify."""

from dataclasses import dataclass, field, replace

from kartenwart.domain.catalogue import failure, halted
from kartenwart.domain.clock import Clock
from kartenwart.domain.documents import RETENTION, Document, SignatureFormat
from kartenwart.domain.failures import Failure, Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.jobs import JobState, JobStep, SignDocumentsResult, SignedDocument
from kartenwart.domain.pins import refusal_before_entry
from kartenwart.domain.ports.konnektor import BeforeSend, Signed, SignOrder
from kartenwart.domain.ports.vault import CertificateReader, SignatureChecker
from kartenwart.operations.documents import Documents, sha256
from kartenwart.operations.locks import Claims
from kartenwart.operations.names import fresh_name
from kartenwart.operations.pad_watch import PadWatch
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards, Reach
from kartenwart.operations.work import Ending, Tell

OUTPUT_TYPES = {
    SignatureFormat.PADES: "application/pdf",
    SignatureFormat.CADES_DETACHED: "application/pkcs7-signature",
    SignatureFormat.CADES_ENVELOPING: "application/pkcs7-mime",
}
# What a Konnektor answers that does not tell the state of PIN.QES; it is unknown then.
_UNTOLD = frozenset({Reason.KONNEKTOR_FAULT, Reason.CARD_TYPE_WRONG, Reason.KONNEKTOR_SERVICE_MISSING})


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningTools:
    """What every signature needs."""

    cards: Cards
    documents: Documents
    memory: PinMemory
    reader: CertificateReader
    checker: SignatureChecker
    clock: Clock


@dataclass(slots=True, kw_only=True)
class Signing:
    """The work of SignDocuments. The document's bytes are held only while the card is."""

    tools: SigningTools
    reach: Reach
    document: Document
    format: SignatureFormat
    short_text: str
    accept_last: bool
    accept_unknown: bool
    watch: PadWatch
    _certificate: bytes = b""
    _job_number: str = ""
    _content: bytes = field(default=b"", repr=False)

    @property
    def claims(self) -> Claims:
        """Hold the card, and for an HBA the pad where PIN.QES is typed."""
        reach = self.reach
        return (reach.card_claim, *reach.pad_claims) if reach.card.type.is_person else (reach.card_claim,)

    @property
    def detail(self) -> str:
        """Return the document's hash."""
        return f"sha256:{self.document.sha256}"

    async def check(self) -> Ending | None:
        """Make sure that the card is there, has the certificate, and that its PIN allows a signature."""
        if not self.tools.cards.still_there(self.reach):
            raise halted(Reason.CARD_REMOVED)
        if not self._certificate:
            self._certificate = await self._read_certificate()
        if self.reach.card.type.is_practice:
            await self._check_practice_pin()
            return None
        return await self._check_signature_pin()

    async def prepare(self) -> str:
        """Fetch the document and a job number."""
        self._content = await self.tools.documents.content(self.document)
        self._job_number = await self.reach.port.job_number(self.reach.context)
        return self._job_number

    async def send(self, before_send: BeforeSend, tell: Tell) -> Signed:
        """Let the card sign, once."""
        order = SignOrder(
            job_number=self._job_number,
            format=self.format,
            mime_type=self.document.mime_type,
            short_text=self.short_text,
            document=self._content,
        )
        try:
            with self.watch.telling(tell, job_number=self._job_number):
                return await self.reach.port.sign(self.reach.call, order, self.watch.expecting(before_send, tell))
        except WorldError as error:
            raise await self._learnt(error) from None

    async def conclude(self, answer: Signed, tell: Tell) -> Ending:
        """Verify the signature against the card's certificate, then keep it for its owner."""
        try:
            return await self._kept(answer, tell)
        except Exception:
            tell(JobStep.DOCUMENT_SIGNED, "Die Karte hat signiert, aber die Signatur wird nicht ausgegeben.")
            raise

    async def _kept(self, answer: Signed, tell: Tell) -> Ending:
        tell(JobStep.VERIFYING, "Die Signatur wird geprüft.")
        if self.reach.card.type.is_person:
            await self.tools.memory.forget(self.reach.card.name, Pin.QES)
        content, self._content = self._content, b""
        await self.tools.checker.check(self.format, content, answer.data, self._certificate)
        output = self._output(answer.data, await sha256(answer.data))
        await self.tools.documents.store(output, answer.data)
        signed = SignedDocument(
            input=self.document.name,
            output=output.name,
            input_sha256=self.document.sha256,
            output_sha256=output.sha256,
            mime_type=output.mime_type,
            signer_certificate=self._certificate,
        )
        return Ending(state=JobState.SUCCEEDED, result=SignDocumentsResult(documents=(signed,)))

    async def stop(self, _tell: Tell) -> None:
        """Nothing to do: the Konnektor is not asked to stop a single signature."""

    def unanswered(self) -> None:
        """Nothing is handed out."""

    async def _read_certificate(self) -> bytes:
        """Return the signer's certificate; only ECC: RSA is out for qualified signatures and new cards have none."""
        person = self.reach.card.type.is_person
        reference = CertificateReference.QES if person else CertificateReference.SIG
        der = await self.reach.port.read_certificate(self.reach.call, reference, KeyAlgorithm.ECC)
        if self.tools.reader.decode(reference, der).algorithm is not KeyAlgorithm.ECC:
            raise halted(Reason.CERTIFICATE_RSA_ONLY)
        return der

    async def _check_practice_pin(self) -> None:
        reading = await self.tools.memory.read(self.reach, Pin.SMC)
        if reading.status is not PinStatus.VERIFIED:
            refusal = refusal_before_entry(reading.status, reading.attempts_left, accept_last=True, accept_unknown=True)
            raise WorldError(refusal or failure(Reason.PIN_NOT_VERIFIED), sent=False)

    async def _check_signature_pin(self) -> Ending | None:
        status, left = await self._signature_pin()
        attempts = await self.tools.memory.attempts(self.reach, Pin.QES, left)
        refusal = refusal_before_entry(
            status, attempts, accept_last=self.accept_last, accept_unknown=self.accept_unknown
        )
        return Ending(state=JobState.FAILED, failure=refusal) if refusal else None

    async def _signature_pin(self) -> tuple[PinStatus, int | None]:
        """Return the state of PIN.QES and its tries, as far as the Konnektor tells."""
        try:
            state = await self.tools.memory.read(self.reach, Pin.QES)
        except WorldError as error:
            if error.failure.reason not in _UNTOLD:
                raise
            return PinStatus.UNKNOWN, None
        return state.status, state.attempts_left

    async def _learnt(self, error: WorldError) -> WorldError:
        """Keep what a failed signature says of PIN.QES; after a wrong PIN say how many tries are left, if told."""
        if not error.sent or not self.reach.card.type.is_person:
            return error
        if error.failure.reason is Reason.PIN_REJECTED:
            left = await self._attempts_left(error.failure)
            await self.tools.memory.refused(self.reach, Pin.QES, left)
            return WorldError(replace(error.failure, attempts_left=left), sent=True)
        if error.failure.reason not in (Reason.PIN_ABORTED, Reason.PIN_TIMED_OUT):
            await self.tools.memory.forget(self.reach.card.name, Pin.QES)
        return error

    async def _attempts_left(self, rejected: Failure) -> int | None:
        """Return what the failure tells, else what the card tells when asked: people must know before they type."""
        if rejected.attempts_left is not None:
            return rejected.attempts_left
        try:
            return (await self.reach.port.pin_status(self.reach.call, Pin.QES)).attempts_left
        except WorldError:
            return None

    def _output(self, data: bytes, digest: str) -> Document:
        return Document(
            name=fresh_name("documents", "d"),
            owner=self.document.owner,
            size=len(data),
            received=len(data),
            sha256=digest,
            mime_type=OUTPUT_TYPES[self.format],
            expires_at=self.tools.clock.now() + RETENTION,
            result=True,
        )
