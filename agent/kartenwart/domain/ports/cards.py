"""What operations ask of any back-end that reaches cards: a Konnektor, or the box's own readers."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from kartenwart.domain.inventory import CardType, CertificateReference, Context, KeyAlgorithm, Pin, PinStatus
from kartenwart.domain.jobs import PinVerb, VerifyPinResult
from kartenwart.domain.ports.card_keys import AuthenticateOrder

BeforeSend = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class CardCall:
    """Who calls and on which card: a configured context, the Konnektor's UserId (HBA only) and the card's handle."""

    context: Context
    handle: str
    card_type: CardType
    user_id: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PinReading:
    """The state of a PIN as the back-end says; attempts_left None where the device did not say."""

    status: PinStatus
    attempts_left: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PinWish:
    """A verb on a PIN; `set_new_pin` counts for UNBLOCK only."""

    verb: PinVerb
    pin: Pin
    set_new_pin: bool = False


class CardPort(Protocol):
    """The verbs on a card. Every method raises WorldError with the reason; `sent` is False where it is certain that
    nothing reached the card."""

    async def pin_status(self, call: CardCall, pin: Pin) -> PinReading:
        """Ask for the state of a PIN; it costs no try. Repeatable."""
        ...

    async def read_certificate(self, call: CardCall, reference: CertificateReference, algorithm: KeyAlgorithm) -> bytes:
        """Return the certificate, DER. Repeatable. CERTIFICATE_MISSING, CERTIFICATE_RSA_ONLY."""
        ...

    async def pin_verb(self, call: CardCall, wish: PinWish, before_send: BeforeSend) -> VerifyPinResult:
        """Let a person verify, change, unblock, enable or disable a PIN, once, never repeated.

        before_send is awaited when all is ready and before the first byte; if it raises, nothing is sent. An answer is
        a result (VERIFIED for VERIFY, DONE for all else; REJECTED, BLOCKED, ABORTED, TIMED_OUT, CARD_REMOVED); outcomes
        and attempts of UNBLOCK are those of the PUK. WorldError: sent=False for what certainly did not reach the card,
        sent=True for a broken or missing answer, PIN_NEW_INVALID for a new PIN that the pad or the card refused.
        """
        ...

    async def authenticate(self, call: CardCall, order: AuthenticateOrder, before_send: BeforeSend) -> bytes:
        """Let the card sign a hash with C.AUT, once, as pin_verb does it; ECDSA as DER.

        Asks nobody: PIN_NOT_VERIFIED where PIN.SMC or PIN.CH is not verified.
        """
        ...
