"""Rules on PINs: which card has which, what must be true before a person is asked, what an outcome means."""

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Failure, Reason
from kartenwart.domain.inventory import CardType, Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, VerifyPinResult

PIN_LABELS = {
    Pin.SMC: "PIN der Praxiskarte (PIN.SMC)",
    Pin.CH: "PIN des Heilberufsausweises (PIN.CH)",
    Pin.QES: "Signatur-PIN des Heilberufsausweises (PIN.QES)",
    Pin.MRPIN_NFD: "Versicherten-PIN für Notfalldaten (MRPIN.NFD)",
    Pin.MRPIN_NFD_READ: "Versicherten-PIN zum Lesen der Notfalldaten (MRPIN.NFD_READ)",
    Pin.MRPIN_DPE: "Versicherten-PIN für persönliche Erklärungen (MRPIN.DPE)",
    Pin.MRPIN_GDD: "Versicherten-PIN für Gesundheitsdaten (MRPIN.GDD)",
    Pin.MRPIN_OSE: "Versicherten-PIN für die Organspendeerklärung (MRPIN.OSE)",
    Pin.MRPIN_AMTS: "Versicherten-PIN für den Medikationsplan (MRPIN.AMTS)",
    Pin.AMTS_REP: "Vertreter-PIN für den Medikationsplan (PIN.AMTS_REP)",
}

_CLOSED = {
    PinStatus.BLOCKED: Reason.PIN_BLOCKED,
    PinStatus.TRANSPORT_PIN: Reason.PIN_TRANSPORT,
    PinStatus.EMPTY_PIN: Reason.PIN_NOT_SET,
    PinStatus.DISABLED: Reason.PIN_NOT_SET,
}

_AS_WISHED = frozenset({PinOutcome.VERIFIED, PinOutcome.ALREADY_VERIFIED, PinOutcome.DONE, PinOutcome.NOT_ASKED})

_FAILED = {
    PinOutcome.REJECTED: Reason.PIN_REJECTED,
    PinOutcome.BLOCKED: Reason.PIN_BLOCKED,
    PinOutcome.ABORTED: Reason.PIN_ABORTED,
    PinOutcome.TIMED_OUT: Reason.PIN_TIMED_OUT,
    PinOutcome.CARD_REMOVED: Reason.CARD_REMOVED,
    PinOutcome.OUTCOME_UNKNOWN: Reason.OUTCOME_UNKNOWN,
}


def pins_of(card_type: CardType) -> frozenset[Pin]:
    """Return the PINs of a card that the agent deals with; none for a patient's card."""
    if card_type.is_practice:
        return frozenset({Pin.SMC})
    return frozenset({Pin.CH, Pin.QES}) if card_type.is_person else frozenset()


def refusal_before_entry(
    status: PinStatus, attempts_left: int | None, *, accept_last: bool, accept_unknown: bool
) -> Failure | None:
    """Return why nobody may be asked for a PIN now; None where a person may be asked.

    The last attempt, and a number of attempts that nobody knows, need the caller's explicit word.
    """
    if status in _CLOSED:
        return failure(_CLOSED[status], attempts_left=attempts_left)
    if attempts_left is None:
        return None if accept_unknown else failure(Reason.PIN_ATTEMPTS_UNKNOWN)
    if attempts_left == 0:
        return failure(Reason.PIN_BLOCKED, attempts_left=0)
    if attempts_left == 1 and not accept_last:
        return failure(Reason.PIN_LAST_ATTEMPT, attempts_left=1)
    return None


def failure_of(result: VerifyPinResult) -> Failure | None:
    """Return why a PIN entry did not end as wished; None where it did, or where nobody was asked."""
    if result.outcome in _AS_WISHED:
        return None
    return failure(_FAILED[result.outcome], attempts_left=result.attempts_left)
