"""PINs of a card: their states, and the verbs that let a person type at the reader's pad."""

from dataclasses import dataclass

from kartenwart.cards import commands, object_systems
from kartenwart.cards.card import Card
from kartenwart.cards.channel import PinPad, PinTemplate
from kartenwart.cards.object_systems import Password, Renewal, Unblocking
from kartenwart.cards.outcomes import Asked, pin_outcome_of, pin_status_of
from kartenwart.cards.refusal import CardRefusal, before_the_verb
from kartenwart.codecs.apdu import Command, read_response
from kartenwart.codecs.malformed import MalformedError
from kartenwart.codecs.pcsc_pin import EMPTY_FORMAT_2
from kartenwart.domain.catalogue import halted
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, PinVerb, VerifyPinResult
from kartenwart.domain.ports.cards import PinReading, PinWish

_VERIFY, _CHANGE, _DISABLE, _ENABLE, _UNBLOCK = 0x20, 0x24, 0x26, 0x28, 0x2C
_ASKED = {
    PinVerb.VERIFY: Asked.VERIFY,
    PinVerb.CHANGE: Asked.CHANGE,
    PinVerb.UNBLOCK: Asked.UNBLOCK,
    PinVerb.ENABLE: Asked.ENABLE,
    PinVerb.DISABLE: Asked.DISABLE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """A command as a pad needs it, and which of the pad's methods takes it."""

    ins: int
    p1: int
    places: int
    new_only: bool = False
    shortest: int = 6
    longest: int = 8


class Passwords:
    """The PINs of one card. A PIN that lies in an application selects it, and leaves it selected.

    A card has no contexts: its PIN is verified for all who use this reader, until reset or removal.
    """

    def __init__(self, card: Card) -> None:
        self._card = card
        self._passwords = object_systems.PASSWORDS.get(card.type, {})

    def status(self, pin: Pin) -> PinReading:
        """Ask GET PIN STATUS; it costs no try. WorldError CARD_TYPE_WRONG where the card has no such PIN."""
        return self._read(self._find(pin))

    def carry_out(self, wish: PinWish, pad: PinPad) -> VerifyPinResult:
        """Let a person type, once. What was done as wished is VERIFIED for VERIFY and DONE for all else.

        A card that still has its transport PIN or an empty one is asked for accordingly; attempts of UNBLOCK are the
        PUK's. An answer that is none is OUTCOME_UNKNOWN: the card may have counted. WorldError: CARD_TYPE_WRONG where
        the card has no such PIN or does not allow this with it, READER_WITHOUT_PAD behind a PACE channel,
        PIN_NEW_INVALID, PIN_TRANSPORT, CARD_FAULT, READER_FAULT.
        """
        if self._card.secured:
            raise halted(Reason.READER_WITHOUT_PAD)
        with before_the_verb():
            password = self._find(wish.pin)
            form = self._form(wish, password)
        command = Command(cla=0x00, ins=form.ins, p1=form.p1, p2=password.reference, data=EMPTY_FORMAT_2 * form.places)
        template = PinTemplate(command=command.encode(), shortest=form.shortest, longest=form.longest)
        enter = pad.set_new if form.new_only else pad.change if form.places == 2 else pad.verify
        return _result(_ASKED[wish.verb], enter(template))

    def _find(self, pin: Pin) -> Password:
        password = self._passwords.get(pin)
        if password is None:
            raise halted(Reason.CARD_TYPE_WRONG)
        if password.application is not None:
            self._card.link.select(password.application)
        return password

    def _read(self, password: Password) -> PinReading:
        word = self._card.link.answer(commands.get_pin_status(password.reference)).word
        said = pin_status_of(word)
        if said is None:
            raise CardRefusal(Asked.PIN_STATUS, word)
        return PinReading(status=said[0], attempts_left=said[1])

    def _form(self, wish: PinWish, password: Password) -> _Form:
        match wish.verb:
            case PinVerb.VERIFY:
                return _one_secret(_VERIFY, password)
            case PinVerb.CHANGE:
                return self._change(password)
            case PinVerb.UNBLOCK:
                return _unblock(password, set_new_pin=wish.set_new_pin)
        if not password.switchable:
            raise halted(Reason.CARD_TYPE_WRONG)
        return _one_secret(_ENABLE if wish.verb is PinVerb.ENABLE else _DISABLE, password)

    def _change(self, password: Password) -> _Form:
        status = self._read(password).status
        if password.renewal is Renewal.NEW_ONLY or status is PinStatus.EMPTY_PIN:
            return _new_pin(_CHANGE, 0x01, password)
        # A pad has one lower bound for old and new: a new PIN that is too short is then the card's to refuse (6985).
        shortest = object_systems.TRANSPORT_DIGITS if status is PinStatus.TRANSPORT_PIN else password.shortest
        return _Form(ins=_CHANGE, p1=0x00, places=2, shortest=shortest, longest=password.longest)


def _one_secret(ins: int, password: Password) -> _Form:
    return _Form(ins=ins, p1=0x00, places=1, shortest=password.shortest, longest=password.longest)


def _new_pin(ins: int, p1: int, password: Password) -> _Form:
    return _Form(ins=ins, p1=p1, places=1, new_only=True, shortest=password.shortest, longest=password.longest)


def _unblock(password: Password, *, set_new_pin: bool) -> _Form:
    """Return the form that password and wish both allow."""
    if password.unblocking is Unblocking.NEW_PIN_ONLY and set_new_pin:
        return _new_pin(_UNBLOCK, 0x02, password)
    if password.unblocking is Unblocking.NEW_PIN_ONLY or (set_new_pin and password.unblocking is Unblocking.PUK_ONLY):
        raise halted(Reason.CARD_TYPE_WRONG)
    if set_new_pin:
        return _Form(ins=_UNBLOCK, p1=0x00, places=2, shortest=password.shortest, longest=password.longest)
    digits = object_systems.PUK_DIGITS
    return _Form(ins=_UNBLOCK, p1=0x01, places=1, shortest=digits, longest=digits)


def _result(asked: Asked, answer: bytes) -> VerifyPinResult:
    try:
        word = read_response(answer).word
    except MalformedError:
        return VerifyPinResult(outcome=PinOutcome.OUTCOME_UNKNOWN)
    ended = pin_outcome_of(asked, word)
    if ended is None:
        raise CardRefusal(asked, word)
    return VerifyPinResult(outcome=ended[0], attempts_left=ended[1])
