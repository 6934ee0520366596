"""Rules on PINs: which card has which, what must be true before a person is asked, what an outcome means."""

from dataclasses import dataclass

from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Failure, Reason
from kartenwart.domain.inventory import CardType, Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, PinVerb, VerifyPinResult

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


_FAILED_AT_PUK = {
    PinOutcome.REJECTED: Reason.PUK_REJECTED,
    PinOutcome.BLOCKED: Reason.PUK_BLOCKED,
}

# What a state closes to every verb does not close it to this one.
_OPEN_TO = {
    PinVerb.UNBLOCK: frozenset({PinStatus.BLOCKED}),
    PinVerb.ENABLE: frozenset({PinStatus.DISABLED}),
}
_ENTERED_ELSEWHERE = 4066  # what a Konnektor answers for an HSM-B: its PIN is entered in the gateway's administration
_UNSET = frozenset({PinStatus.TRANSPORT_PIN, PinStatus.EMPTY_PIN})
_SET = frozenset({PinStatus.VERIFIED, PinStatus.VERIFIABLE})
_LIFE_OF_A_SECRET = frozenset({PinVerb.CHANGE, PinVerb.UNBLOCK})
_SWITCHES = frozenset({PinVerb.ENABLE, PinVerb.DISABLE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Assent:
    """What the caller has said that it knows: the last or an unknown try may be spent, a transport PIN is changed."""

    last_attempt: bool = False
    unknown_attempts: bool = False
    transport_pin: bool = False


def pins_of(card_type: CardType) -> frozenset[Pin]:
    """Return the PINs of a card that the agent deals with."""
    if card_type.is_practice:
        return frozenset({Pin.SMC})
    if card_type is CardType.EGK:
        return frozenset(Pin) - {Pin.SMC, Pin.QES}
    return frozenset({Pin.CH, Pin.QES}) if card_type.is_person else frozenset()


def verbs_of(card_type: CardType, pin: Pin) -> frozenset[PinVerb]:
    """Return what can be done with a PIN of a card.

    An eGK is verified by the Konnektor itself when it is read (4209); its multi-reference PINs are its PIN.CH by other
    names, so that they are only switched on and off. PIN.QES is verified by signing alone.
    """
    if pin not in pins_of(card_type):
        return frozenset()
    if card_type is CardType.EGK:
        return _SWITCHES if pin.is_switchable else _LIFE_OF_A_SECRET
    return _LIFE_OF_A_SECRET if pin is Pin.QES else _LIFE_OF_A_SECRET | {PinVerb.VERIFY}


def no_pad_for(card_type: CardType) -> Failure | None:
    """Return why a card's PIN cannot be typed at any pad; None where it can, or where nobody knows."""
    return failure(Reason.PIN_NO_TERMINAL, code=_ENTERED_ELSEWHERE) if card_type is CardType.HSM_B else None


def nothing_to_do(verb: PinVerb, status: PinStatus) -> PinOutcome | None:
    """Return the outcome where a PIN is already as it should be, so that nobody is asked; None elsewhere."""
    if verb is PinVerb.VERIFY and status is PinStatus.VERIFIED:
        return PinOutcome.ALREADY_VERIFIED
    on, off = status in _SET, status is PinStatus.DISABLED
    return PinOutcome.NOT_ASKED if (verb is PinVerb.ENABLE and on) or (verb is PinVerb.DISABLE and off) else None


def refusal_of(verb: PinVerb, status: PinStatus, attempts_left: int | None, assent: Assent) -> Failure | None:
    """Return why nobody may be asked for a verb now; None where a person may be. Attempts of UNBLOCK are the PUK's.

    A transport PIN is changed only where the caller said so, and then no other one.
    """
    if verb is PinVerb.CHANGE and assent.transport_pin:
        if status in _SET:
            return failure(Reason.PIN_ALREADY_SET)
        status = PinStatus.VERIFIABLE if status in _UNSET else status
    if verb is PinVerb.UNBLOCK and attempts_left == 0:
        return failure(Reason.PUK_BLOCKED, attempts_left=0)
    if status in _OPEN_TO.get(verb, frozenset()):
        status = PinStatus.VERIFIABLE
    return refusal_before_entry(
        status, attempts_left, accept_last=assent.last_attempt, accept_unknown=assent.unknown_attempts
    )


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


def failure_of(result: VerifyPinResult, verb: PinVerb = PinVerb.VERIFY) -> Failure | None:
    """Return why a PIN entry did not end as wished; None where it did, or where nobody was asked."""
    if result.outcome in _AS_WISHED:
        return None
    reason = _FAILED[result.outcome]
    if verb is PinVerb.UNBLOCK:
        reason = _FAILED_AT_PUK.get(result.outcome, reason)
    return failure(reason, attempts_left=result.attempts_left)


def wish_of(verb: PinVerb, pin: Pin, *, transport_pin: bool = False, set_new_pin: bool = False) -> str:
    """Return in German what the person is to type, to stand behind "Bitte am Kartenterminal …"."""
    label = PIN_LABELS[pin]
    match verb:
        case PinVerb.CHANGE:
            old = "Transport-PIN" if transport_pin else "bisherige PIN"
            return f"zuerst die {old}, dann zweimal die neue {label} eingeben"
        case PinVerb.UNBLOCK:
            new = ", dann zweimal die neue PIN," if set_new_pin else ""
            return f"den PUK zur {label}{new} eingeben"
        case PinVerb.ENABLE:
            return f"die {label} zum Einschalten eingeben"
        case PinVerb.DISABLE:
            return f"die {label} zum Abschalten eingeben"
    return f"die {label} eingeben"
