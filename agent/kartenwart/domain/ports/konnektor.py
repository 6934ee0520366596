"""The Konnektor as operations see it: what it is asked, and the card verbs."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from kartenwart.domain.certificates import CertificateCheck
from kartenwart.domain.comfort import SignatureMode
from kartenwart.domain.documents import SignatureFormat
from kartenwart.domain.failures import Failure
from kartenwart.domain.information_model import Authentication
from kartenwart.domain.inventory import CardType, Context, KeyAlgorithm
from kartenwart.domain.model_check import ContextSurvey
from kartenwart.domain.patients import CardData
from kartenwart.domain.ports.card_keys import EncryptOrder
from kartenwart.domain.ports.cards import BeforeSend, CardCall, CardPort
from kartenwart.domain.ports.observations import Notice, Observation, ObservedExpiration
from kartenwart.domain.verification import Verification, VerificationOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """One document to sign, and how."""

    format: SignatureFormat
    mime_type: str
    short_text: str
    document: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOrder:
    """The documents of one SignDocument call, all of one MIME type; job_number as given by `job_number`."""

    job_number: str
    requests: tuple[SignRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """What came of one document: PAdES = the signed PDF; CAdES = the CMS structure (DER).

    Without a signature `data` is empty, and `failure` says why.
    """

    data: bytes = field(default=b"", repr=False)
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What SignDocument returned, in the order of its requests; at least one is a signature."""

    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardRequest:
    """Ask at a terminal for a card: `text` (at most 48 characters) stands on its display for so many seconds.

    Without a `card_type` any card will do; UNKNOWN is none that can be asked for.
    """

    ct_id: str
    slot_id: int
    seconds: int
    card_type: CardType | None = None
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CardEjection:
    """Ask to take a card out; seconds as above, whatever the wire counts in."""

    seconds: int
    text: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedCard:
    """The card that is in the slot now; the handle is empty where the Konnektor named none."""

    handle: str
    already_inserted: bool


class KonnektorPort(CardPort, Protocol):
    """One configured Konnektor: the verbs of any back-end, and all that only a Konnektor can.

    Every method raises WorldError with the reason; `sent` is False where it is certain that nothing reached the
    Konnektor's card layer (not connected, or the Konnektor answered with an error status that means so). A verb on a
    card goes out on a connection of its own: before_send is awaited after that stands.
    """

    @property
    def name(self) -> str:
        """Return "konnektors/{k}"."""
        ...

    async def observe(self) -> Observation:
        """Poll everything: service directory when needed, terminals and cards of every context, resource state."""
        ...

    def authentication(self, client_system: str) -> Authentication:
        """Return how a client system proves itself there, as configured."""
        ...

    async def survey(self, contexts: Sequence[Context]) -> tuple[ContextSurvey, ...]:
        """Ask in each context what the Konnektor lets it do, in their order. Repeatable; asks nobody for a PIN.

        What the Konnektor refuses stands in the surveys; WorldError only where nobody can be asked.
        """
        ...

    async def subscribe(self) -> None:
        """Make sure that every context has a live subscription; renew at half life; subscribe anew after a boot."""
        ...

    def notices(self) -> AsyncIterator[Notice]:
        """Yield notices, one reader only; ends when the port is closed."""
        ...

    async def expirations(
        self, context: Context, handle: str = "", algorithm: KeyAlgorithm | None = None
    ) -> tuple[ObservedExpiration, ...]:
        """Return when certificates end: of one card, or without a handle of all that the context's mandant sees.

        Repeatable. With an algorithm: CERTIFICATE_RSA_ONLY where that card has RSA keys only (4258),
        KONNEKTOR_SERVICE_MISSING where this Konnektor cannot be asked for a kind of key.
        """
        ...

    async def verify_certificate(self, context: Context, der: bytes, at: datetime | None) -> CertificateCheck:
        """Return the Konnektor's word on a certificate (DER) at a time; None means now. Repeatable."""
        ...

    async def job_number(self, context: Context) -> str:
        """Ask GetJobNumber ("ABC-123")."""
        ...

    async def encrypt(self, context: Context, order: EncryptOrder) -> bytes:
        """Encrypt a document as CMS: EncryptDocument, sent once. Changes nothing and asks nobody.

        A Konnektor leaves out recipients for whom it cannot encrypt, with a warning (4259). WorldError
        RECIPIENT_UNSUITABLE where it can for nobody, ENCRYPTION_FAILED.
        """
        ...

    async def decrypt(self, call: CardCall, document: bytes) -> bytes:
        """Open a CMS structure with C.ENC of the card: DecryptDocument, sent once. Changes nothing and asks nobody.

        WorldError PIN_NOT_VERIFIED, DECRYPTION_FAILED.
        """
        ...

    async def sign(self, call: CardCall, order: SignOrder, before_send: BeforeSend) -> Signed:
        """Let the card sign: SignDocument, once, as pin_verb does it.

        A person's abort, timeout, wrong or blocked PIN and card removal raise WorldError(sent=True) with their reason:
        the Konnektor has then discarded whatever the call had signed (TAB_KON_192).
        """
        ...

    async def signature_mode(self, call: CardCall) -> SignatureMode:
        """Ask GetSignatureMode for the session of the call's user. Repeatable. COMFORT_NOT_SUPPORTED before 7.5."""
        ...

    async def activate_comfort(self, call: CardCall, before_send: BeforeSend) -> None:
        """Let a person type PIN.QES and begin a session of the call's user: ActivateComfortSignature, once, as sign."""
        ...

    async def deactivate_comfort(self, context: Context, handle: str) -> bool:
        """End all sessions of a card, of all users and client systems; False where it had none."""
        ...

    async def verify_document(self, context: Context, order: VerificationOrder) -> Verification:
        """Ask VerifyDocument; it changes nothing. KONNEKTOR_FAULT with 4253 where there is no signature."""
        ...

    async def stop_signature(self, call: CardCall, job_number: str) -> None:
        """Ask a SignDocument call of this card that is on the wire to stop; its own answer says what came of it."""
        ...

    async def read_vsd(
        self, call: CardCall, authority: CardCall, *, check_online: bool, read_receipt: bool
    ) -> CardData:
        """Read an eGK in the name of an SM-B or HBA whose PIN is verified: ReadVSD, once, never repeated.

        Asks nobody, but an online check may take half a minute and may update the card. PIN_NOT_VERIFIED (3041, 3042),
        CARD_INVALID (106, 107, 113, 114), CARD_FAULT. What could not be decoded stands in the data, and is no error.
        """
        ...

    async def read_kvk(self, call: CardCall) -> CardData:
        """Read an old health insurance card: ReadKVK, once."""
        ...

    async def request_card(self, context: Context, wish: CardRequest, before_send: BeforeSend) -> RequestedCard:
        """Let a person insert a card: RequestCard, once.

        CARD_REMOVED where nobody did in time (4202), CARD_TYPE_WRONG where it is of another type (4051, 4058).
        """
        ...

    async def eject_card(self, call: CardCall, wish: CardEjection, before_send: BeforeSend) -> None:
        """Let a person take a card out, its sessions end at once: EjectCard, once. CARD_NOT_TAKEN (4203)."""
        ...
