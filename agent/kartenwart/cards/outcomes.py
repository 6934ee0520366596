"""What a status word means, by what was asked: one word has several meanings, so none is read alone (reference 2.6)."""

from enum import Enum, auto

from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import PinStatus
from kartenwart.domain.jobs import PinOutcome

OK = 0x9000
END_OF_FILE = 0x6282
NO_SUCH_OFFSET = 0x6B00
_COUNTER = 0x63C0
_NO_COUNTER = 0x63CF


class Asked(Enum):
    """What a card was asked for."""

    APPLICATION = auto()
    FILE = auto()
    CERTIFICATE = auto()
    PIN_STATUS = auto()
    VERIFY = auto()
    CHANGE = auto()
    UNBLOCK = auto()
    ENABLE = auto()
    DISABLE = auto()
    KEY = auto()
    SIGNATURE = auto()
    CHANNEL = auto()


_PAD_REFUSED = 0x6B80
PIN_VERBS = frozenset({Asked.VERIFY, Asked.CHANGE, Asked.UNBLOCK, Asked.ENABLE, Asked.DISABLE})
_NEW_PIN = frozenset({Asked.CHANGE, Asked.UNBLOCK})

_REASONS = {
    (Asked.APPLICATION, 0x6282): Reason.CARD_INVALID,  # deactivated: an eGK that its insurer has locked
    (Asked.APPLICATION, 0x6283): Reason.CARD_INVALID,  # terminated
    (Asked.APPLICATION, 0x6A82): Reason.CARD_TYPE_WRONG,
    (Asked.FILE, 0x6982): Reason.PIN_NOT_VERIFIED,
    (Asked.CERTIFICATE, 0x6A82): Reason.CERTIFICATE_MISSING,
    (Asked.PIN_STATUS, 0x6A88): Reason.CARD_TYPE_WRONG,
    (Asked.KEY, 0x6A88): Reason.CERTIFICATE_MISSING,  # no such key
    (Asked.SIGNATURE, 0x6400): Reason.CARD_INVALID,  # the key is invalid or terminated
    (Asked.SIGNATURE, 0x6982): Reason.PIN_NOT_VERIFIED,
    (Asked.SIGNATURE, 0x6A88): Reason.CERTIFICATE_MISSING,
    (Asked.SIGNATURE, 0x6A81): Reason.CERTIFICATE_MISSING,  # the key does not sign in this way
    (Asked.VERIFY, 0x6985): Reason.PIN_TRANSPORT,  # the password is not usable: a transport PIN opens nothing
    (Asked.VERIFY, 0x6A88): Reason.CARD_TYPE_WRONG,
    (Asked.CHANGE, 0x6402): Reason.PIN_NEW_INVALID,  # the pad: typed differently
    (Asked.CHANGE, 0x6403): Reason.PIN_NEW_INVALID,
    (Asked.CHANGE, 0x6982): Reason.PIN_NOT_VERIFIED,  # a substitute's PIN is set by the holder
    (Asked.CHANGE, 0x6985): Reason.PIN_NEW_INVALID,  # the card: wrong length
    (Asked.CHANGE, 0x6A88): Reason.CARD_TYPE_WRONG,
    (Asked.UNBLOCK, 0x6402): Reason.PIN_NEW_INVALID,
    (Asked.UNBLOCK, 0x6403): Reason.PIN_NEW_INVALID,
    (Asked.UNBLOCK, 0x6982): Reason.PIN_NOT_VERIFIED,
    (Asked.UNBLOCK, 0x6985): Reason.PIN_NEW_INVALID,
    (Asked.UNBLOCK, 0x6A88): Reason.CARD_TYPE_WRONG,
    (Asked.ENABLE, 0x6A88): Reason.CARD_TYPE_WRONG,
    (Asked.DISABLE, 0x6A88): Reason.CARD_TYPE_WRONG,
    **{(verb, _PAD_REFUSED): Reason.READER_FAULT for verb in PIN_VERBS},
}

_STATUSES = {
    OK: PinStatus.VERIFIED,
    0x62C1: PinStatus.TRANSPORT_PIN,
    0x62C7: PinStatus.EMPTY_PIN,
    0x62D0: PinStatus.DISABLED,
    0x6983: PinStatus.BLOCKED,
    _COUNTER: PinStatus.BLOCKED,
}

# What the pad says before anything goes to the card, and a card that is blocked.
_ENDED = {
    0x6400: PinOutcome.TIMED_OUT,
    0x6401: PinOutcome.ABORTED,
    0x6403: PinOutcome.ABORTED,  # where no new PIN is typed: the pad took no such length
    0x6983: PinOutcome.BLOCKED,
}


def reason_of(asked: Asked, word: int) -> Reason:
    """Return why a card refused; CARD_FAULT for what it should not answer there."""
    return _REASONS.get((asked, word), Reason.CARD_FAULT)


def reached_card(asked: Asked, word: int) -> bool:
    """Return False where it is certain that no secret reached the card: the pad said so."""
    return not (asked in PIN_VERBS and (word == _PAD_REFUSED or (asked in _NEW_PIN and word in (0x6402, 0x6403))))


def pin_status_of(word: int) -> tuple[PinStatus, int | None] | None:
    """Return status and attempts left out of the answer to GET PIN STATUS; None where it says something else.

    Attempts are known only where the card counts them: not for a transport PIN, a verified or a disabled one.
    """
    if word in _STATUSES:
        status = _STATUSES[word]
        return status, 0 if status is PinStatus.BLOCKED else None
    if word & 0xFFF0 == _COUNTER:
        return PinStatus.VERIFIABLE, None if word == _NO_COUNTER else word & 0xF
    return None


def pin_outcome_of(asked: Asked, word: int) -> tuple[PinOutcome, int | None] | None:
    """Return how a PIN entry ended and the attempts left (of the PUK for UNBLOCK); None where that is a refusal."""
    if word == OK:
        return (PinOutcome.VERIFIED if asked is Asked.VERIFY else PinOutcome.DONE), None
    if (asked, word) in _REASONS:
        return None
    if word in _ENDED:
        outcome = _ENDED[word]
        return outcome, 0 if outcome is PinOutcome.BLOCKED else None
    if word & 0xFFF0 == _COUNTER and word != _NO_COUNTER:
        left = word & 0xF
        return (PinOutcome.REJECTED if left else PinOutcome.BLOCKED), left
    return None
