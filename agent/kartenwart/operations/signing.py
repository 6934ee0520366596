"""A card signs documents: all checks first, each call once, and nothing leaves that does not verify.

A Konnektor takes few documents in one call; a job of more is several rounds, each with a job number and, for an HBA, a
PIN entry of its own. What a finished round has signed stays signed, whatever becomes of the next.
"""

import hashlib
from collections import deque
from dataclasses import dataclass, field, replace
from datetime import timedelta

from kartenwart.domain.catalogue import failure, halted
from kartenwart.domain.comfort import PersonAssertion, SignatureMode
from kartenwart.domain.failures import Failure, Reason, WorldError
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin
from kartenwart.domain.jobs import JobState, JobStep, SignDocumentsResult, SignedDocument
from kartenwart.domain.pins import PIN_LABELS
from kartenwart.domain.ports.cards import BeforeSend
from kartenwart.domain.ports.konnektor import Signature, Signed, SignOrder, SignRequest
from kartenwart.domain.ports.vault import CertificateReader
from kartenwart.domain.signature_journal import SignatureFacts, TriggerMode
from kartenwart.operations.batches import ToSign, calls, room_for
from kartenwart.operations.comfort_sessions import ComfortSessions
from kartenwart.operations.documents import Documents
from kartenwart.operations.handing_out import HandingOut
from kartenwart.operations.locks import Claims
from kartenwart.operations.pad_watch import PadWatch
from kartenwart.operations.pin_memory import PinMemory
from kartenwart.operations.reach import Cards, Reach
from kartenwart.operations.signature_pin import SignaturePin
from kartenwart.operations.work import Ending, Round, Tell

# A session that ends before the call has arrived would let the Konnektor ask for the PIN, where nobody expects it.
TOO_LATE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningTools:
    """What every signature needs."""

    cards: Cards
    documents: Documents
    memory: PinMemory
    reader: CertificateReader
    handing_out: HandingOut
    sessions: ComfortSessions


@dataclass(slots=True, kw_only=True)
class Signing:
    """The work of SignDocuments. The documents' bytes are held only from one round's begin to its end."""

    tools: SigningTools
    reach: Reach
    documents: tuple[ToSign, ...]
    accept_last: bool
    accept_unknown: bool
    watch: PadWatch
    assertion: PersonAssertion | None = None
    _ahead: deque[tuple[ToSign, ...]] = field(init=False)
    _done: tuple[SignedDocument, ...] = ()
    _certificate: bytes = b""
    _job_number: str = ""
    _contents: deque[bytes] = field(default_factory=deque, repr=False)
    _stopped: bool = False

    def __post_init__(self) -> None:
        self._ahead = deque(calls(self.documents))

    @property
    def claims(self) -> Claims:
        """Hold the card, room for this round's documents, and the pad where PIN.QES is typed.

        Practice cards and comfort sessions sign without a pad.
        """
        asks = self.reach.card.type.is_person and self.assertion is None
        plain = self.reach.entry_claims(Pin.QES) if asks else self.reach.quick_claims
        return (*plain, *room_for(self._ahead[0]))

    @property
    def detail(self) -> str:
        """Return what the journal of signatures keeps; the hash of several documents is over theirs, a line each."""
        hashes = [one.document.sha256 for one in self.documents]
        whole = hashlib.sha256("".join(f"{one}\n" for one in hashes).encode()).hexdigest()
        first = self.documents[0]
        return SignatureFacts(
            mode=self._trigger,
            user=self.reach.user,
            act=self.assertion.act if self.assertion else None,
            kind=first.preset or first.document.mime_type,
            format=first.format.value,
            documents=len(hashes),
            signed=sum(1 for one in self._done if one.failure is None),
            sha256=hashes[0] if self._single else whole,
        ).words

    async def check(self) -> Ending | None:
        """Make sure that the card is there, has the certificate, and that its PIN allows a signature."""
        if not self.tools.cards.still_there(self.reach):
            raise halted(Reason.CARD_REMOVED)
        if not self._certificate:
            self._certificate = await self._read_certificate()
        if self.reach.card.type.is_practice:
            await self.tools.memory.require_verified(self.reach)
            return None
        if self.assertion is not None:
            await self._check_comfort(self.assertion)
            return None
        return await self._check_signature_pin()

    async def prepare(self) -> str:
        """Fetch the documents of this round and a job number."""
        self._contents.clear()
        for one in self._ahead[0]:
            self._contents.append(await self.tools.documents.content(one.document))
        self._job_number = await self.reach.konnektor.job_number(self.reach.context)
        return self._job_number

    async def send(self, before_send: BeforeSend, tell: Tell) -> Signed:
        """Let the card sign this round's documents, once."""
        number, done = self._job_number, len(self._done)
        try:
            with self.watch.telling(tell, job_number=number, signed=done, of=len(self.documents)):
                return await self.reach.konnektor.sign(
                    self.reach.call, self._order(), self.watch.expecting(before_send, tell)
                )
        except WorldError as error:
            raise await self._learnt(error) from None

    async def conclude(self, answer: Signed, tell: Tell) -> Ending | Round:
        """Verify each signature against the card's certificate and keep it for its owner; then go on, or end."""
        tell(JobStep.VERIFYING, "Die Signatur wird geprüft." if self._single else "Die Signaturen werden geprüft.")
        if self.assertion is not None:
            self._spend(sum(1 for one in answer.signatures if one.failure is None), tell)
        elif self.reach.card.type.is_person:
            await self._pin.entered()
        wanted, judged = self._ahead.popleft(), []
        for one, signature in zip(wanted, answer.signatures, strict=True):
            content = self._contents.popleft()
            judged.append(
                await self.tools.handing_out.judged(one, content, self._explained(signature), self._certificate)
            )
        self._done += tuple(judged)
        result = SignDocumentsResult(documents=self._done)
        broken = next((one.failure for one in judged if one.failure is not None), None)
        if broken is not None:
            self._tell_of_missing(judged, tell)
            return Ending(state=JobState.FAILED, failure=broken, result=result)
        if not self._ahead:
            return Ending(state=JobState.SUCCEEDED, result=result)
        if self._stopped:
            return Ending(state=JobState.FAILED, failure=failure(Reason.SIGNATURE_STOPPED), result=result)
        self._announce_next(tell)
        return Round(result=result)

    async def stop(self, tell: Tell) -> None:
        """Ask the Konnektor to stop: it discards what it has signed since the last PIN entry (TAB_KON_192)."""
        self._stopped = True
        await self.reach.konnektor.stop_signature(self.reach.call, self._job_number)
        tell(JobStep.STOP_SENT, "Der Konnektor ist gebeten, das Signieren anzuhalten.")

    def unanswered(self) -> None:
        """Nothing of this round is handed out; what earlier ones have signed stands in the job."""

    @property
    def _trigger(self) -> TriggerMode:
        if self.assertion is not None:
            return TriggerMode.COMFORT
        if not self.reach.card.type.is_person:
            return TriggerMode.PRACTICE
        return TriggerMode.SINGLE if self._single else TriggerMode.BATCH

    @property
    def _single(self) -> bool:
        return len(self.documents) == 1

    def _order(self) -> SignOrder:
        requests = tuple(
            SignRequest(
                format=one.format, mime_type=one.document.mime_type, short_text=one.short_text, document=content
            )
            for one, content in zip(self._ahead[0], self._contents, strict=True)
        )
        return SignOrder(job_number=self._job_number, requests=requests)

    def _explained(self, signature: Signature) -> Signature:
        """Return the signature; where it is missing because we had it stopped, that is the reason."""
        why = signature.failure
        return signature if why is None else replace(signature, failure=self._stopped_or(why))

    def _stopped_or(self, why: Failure) -> Failure:
        if self._stopped and why.reason is Reason.PIN_ABORTED:
            return failure(Reason.SIGNATURE_STOPPED, code=why.konnektor_code)
        return why

    def _tell_of_missing(self, judged: list[SignedDocument], tell: Tell) -> None:
        if self._single:
            tell(JobStep.DOCUMENT_SIGNED, "Die Karte hat signiert, aber die Signatur wird nicht ausgegeben.")
            return
        missing = sum(1 for one in judged if one.failure is not None)
        rest = len(self.documents) - len(self._done)
        words = f"{missing} von {len(judged)} Signaturen dieses Aufrufs werden nicht ausgegeben."
        tell(JobStep.DOCUMENT_SIGNED, f"{words} Weitere {rest} Dokumente wurden nicht begonnen." if rest else words)

    def _announce_next(self, tell: Tell) -> None:
        """Say ahead that the PIN will be asked for again, so that nobody walks away from the pad."""
        if not self.reach.card.type.is_person or self.assertion is not None:
            return
        words = f"{len(self._done)} von {len(self.documents)} Dokumenten sind signiert."
        again = (
            f"Für die nächsten {len(self._ahead[0])} wird gleich noch einmal nach der {PIN_LABELS[Pin.QES]} gefragt."
        )
        tell(JobStep.PIN_ENTRY, f"{words} {again}", expected=True)

    async def _read_certificate(self) -> bytes:
        """Return the signer's certificate; only ECC: RSA is out for qualified signatures and new cards have none."""
        person = self.reach.card.type.is_person
        reference = CertificateReference.QES if person else CertificateReference.SIG
        port, known = self.reach.port, self.tools.cards.certificates
        der = await known.read(port, self.reach.call, reference, KeyAlgorithm.ECC)
        if self.tools.reader.decode(reference, der).algorithm is not KeyAlgorithm.ECC:
            raise halted(Reason.CERTIFICATE_RSA_ONLY)
        return der

    async def _check_comfort(self, assertion: PersonAssertion) -> None:
        """Make sure that the session signs all that is ahead without a PIN; COMFORT_ENDED where it would not."""
        mode = await self._mode()
        session = mode.session if mode is not None else None
        left = session.signatures_left if session is not None and session.time_left > TOO_LATE else 0
        if assertion.user != self.reach.user or left < sum(len(call) for call in self._ahead):
            raise halted(Reason.COMFORT_ENDED)

    async def _check_signature_pin(self) -> Ending | None:
        """Let nobody be asked in vain; and nothing be signed without a person while a comfort session lasts."""
        mode = await self._mode()
        if mode is not None and mode.session is not None:
            raise halted(Reason.ASSERTION_MISSING)
        refusal = await self._pin.refusal(accept_last=self.accept_last, accept_unknown=self.accept_unknown)
        return Ending(state=JobState.FAILED, failure=refusal) if refusal else None

    async def _mode(self) -> SignatureMode | None:
        """Return what the Konnektor says of this user's comfort session, None where this box began none."""
        reach, sessions = self.reach, self.tools.sessions
        if sessions.own(reach.context, reach.call.handle, reach.user) is None:
            return None
        mode = await reach.konnektor.signature_mode(reach.call)
        sessions.learnt(reach.context, reach.call.handle, reach.user, mode)
        return mode

    def _spend(self, signatures: int, tell: Tell) -> None:
        """Count what the comfort session has just signed, and say what is left."""
        reach = self.reach
        left = self.tools.sessions.spent(reach.context, reach.call.handle, reach.user, signatures)
        tell(JobStep.DOCUMENT_SIGNED, _words_of_rest(left))

    @property
    def _pin(self) -> SignaturePin:
        return SignaturePin(memory=self.tools.memory, reach=self.reach)

    async def _learnt(self, error: WorldError) -> WorldError:
        """Return the error as its reader needs it, and keep what it says of PIN.QES."""
        error = WorldError(self._stopped_or(error.failure), sent=error.sent)
        return await self._pin.learnt(error) if self.reach.card.type.is_person else error


def _words_of_rest(left: int) -> str:
    if not left:
        return "Die Komfortsignatur ist damit zu Ende; danach fragt das Terminal wieder nach der PIN.QES."
    return f"Die Komfortsignatur reicht noch für {left if left > 1 else 'eine'} Signatur{'en' if left > 1 else ''}."
