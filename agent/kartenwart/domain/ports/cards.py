"""What operations ask of any back-end that reaches cards: a Konnektor, or the box's own readers."""

from typing import Protocol

from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm, Pin
from kartenwart.domain.jobs import VerifyPinResult
from kartenwart.domain.ports.card_keys import AuthenticateOrder
from kartenwart.domain.ports.konnektor import BeforeSend, CardCall, PinReading, PinWish


class CardPort(Protocol):
    """The verbs on a card. Every method raises WorldError with the reason; `sent` is False where it is certain that
    nothing reached the card."""

    async def pin_status(self, call: CardCall, pin: Pin) -> PinReading:
        """Ask for the state of a PIN; it costs no try. Repeatable."""
        ...

    async def read_certificate(self, call: CardCall, reference: CertificateReference, algorithm: KeyAlgorithm) -> bytes:
        """Return the certificate, DER. Repeatable. CERTIFICATE_MISSING, CERTIFICATE_RSA_ONLY."""
        ...

    async def verify_pin(self, call: CardCall, pin: Pin, before_send: BeforeSend) -> VerifyPinResult:
        """Let a person type the PIN, once, never repeated.

        before_send is awaited when all is ready and before the first byte; if it raises, nothing is sent. An answer is
        a result (VERIFIED, REJECTED, BLOCKED, ABORTED, TIMED_OUT, CARD_REMOVED); what certainly did not reach the card
        raises WorldError(sent=False); a broken or missing answer raises WorldError(sent=True).
        """
        ...

    async def pin_verb(self, call: CardCall, wish: PinWish, before_send: BeforeSend) -> VerifyPinResult:
        """Let a person verify, change, unblock, enable or disable a PIN, once, as verify_pin does it.

        What was done as wished is VERIFIED for VERIFY and DONE for all else; UNBLOCK's outcomes and attempts are those
        of the PUK. A new PIN that the pad or the card refused raises WorldError PIN_NEW_INVALID.
        """
        ...

    async def authenticate(self, call: CardCall, order: AuthenticateOrder, before_send: BeforeSend) -> bytes:
        """Let the card sign a hash with C.AUT, once, as verify_pin does it; ECDSA as DER.

        Asks nobody: PIN_NOT_VERIFIED where PIN.SMC or PIN.CH is not verified.
        """
        ...
