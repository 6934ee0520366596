"""GetPinStatus and the verbs on PINs: answers and faults as results of a PIN entry."""

from collections.abc import Callable

from kartenwart.adapters.konnektor.faults import from_fault
from kartenwart.adapters.konnektor.link import Link, call_context
from kartenwart.codecs.soap import pins
from kartenwart.codecs.soap.exchange import Exchange
from kartenwart.codecs.soap.fault import Fault
from kartenwart.codecs.soap.pins import PinAnswer, PinResult
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Pin, PinStatus
from kartenwart.domain.jobs import PinOutcome, PinVerb, VerifyPinResult
from kartenwart.domain.ports.cards import BeforeSend, CardCall, PinReading, PinWish

_REQUESTS: dict[PinVerb, Callable[..., Exchange[PinAnswer]]] = {
    PinVerb.VERIFY: pins.verify_pin,
    PinVerb.CHANGE: pins.change_pin,
    PinVerb.UNBLOCK: pins.unblock_pin,
    PinVerb.ENABLE: pins.enable_pin,
    PinVerb.DISABLE: pins.disable_pin,
}
_RESULTS = {
    PinResult.OK: PinOutcome.VERIFIED,
    PinResult.REJECTED: PinOutcome.REJECTED,
    PinResult.WASBLOCKED: PinOutcome.BLOCKED,
    PinResult.NOWBLOCKED: PinOutcome.BLOCKED,
}

# Says of a PIN that it is blocked, so nothing of the PUK (4064) that is to unblock it.
_PIN_BLOCKED = 4063
# Faults, or errors in the Status of an answer with PinResult ERROR, that are the result of an entry that began.
_ENTRY_ENDED = {
    4043: PinOutcome.TIMED_OUT,
    4049: PinOutcome.ABORTED,
    4045: PinOutcome.CARD_REMOVED,
    _PIN_BLOCKED: PinOutcome.BLOCKED,
    4064: PinOutcome.BLOCKED,
    4275: PinOutcome.BLOCKED,
    4276: PinOutcome.REJECTED,
}
# In an answer they say that the card left during the entry; as a fault that it was not there at its beginning.
_GONE = frozenset({4008, 4047, 4101, 4131, 4146})


async def pin_status(link: Link, call: CardCall, pin: Pin) -> PinReading:
    """Ask for the state of a PIN; attempts_left stays None where the device is silent."""
    exchange = pins.get_pin_status(call_context(call.context, call.user_id), handle=call.handle, pin=pin)
    answer = await link.call(exchange, call.context)
    if answer.status is PinStatus.UNKNOWN and answer.error is not None:
        raise from_fault(answer.error)
    return PinReading(status=answer.status, attempts_left=answer.left_tries)


async def pin_verb(link: Link, call: CardCall, wish: PinWish, before_send: BeforeSend) -> VerifyPinResult:
    """Let a person carry out a verb on a PIN, once; see the port for what is a result and what is raised."""
    service = await link.verb_service(pins.SERVICE)
    more = {"set_new_pin": wish.set_new_pin} if wish.verb is PinVerb.UNBLOCK else {}
    context = call_context(call.context, call.user_id)
    exchange = _REQUESTS[wish.verb](context, handle=call.handle, pin=wish.pin, **more)
    answer = await link.once(exchange, service, call.context, before_send)
    found = _of_fault(answer, wish.verb) if isinstance(answer, Fault) else _of_answer(answer, wish.verb)
    done = found.outcome is PinOutcome.VERIFIED and wish.verb is not PinVerb.VERIFY
    return VerifyPinResult(outcome=PinOutcome.DONE) if done else found


def _of_fault(fault: Fault, verb: PinVerb) -> VerifyPinResult:
    outcome = _ENTRY_ENDED.get(fault.code)
    if outcome is None or (verb is PinVerb.UNBLOCK and fault.code == _PIN_BLOCKED):
        raise from_fault(fault)
    return VerifyPinResult(outcome=outcome)


def _of_answer(answer: PinAnswer, verb: PinVerb) -> VerifyPinResult:
    if answer.result in _RESULTS:
        return VerifyPinResult(outcome=_RESULTS[answer.result], attempts_left=answer.left_tries)
    if answer.result is PinResult.TRANSPORT_PIN:
        # The Konnektor sees this before it asks anybody: the PIN has to be changed first.
        raise WorldError(failure(Reason.PIN_TRANSPORT), sent=False)
    if answer.error is not None and answer.error.code in _GONE:
        return VerifyPinResult(outcome=PinOutcome.CARD_REMOVED)
    if answer.error is None:
        raise WorldError(failure(Reason.KONNEKTOR_FAULT), sent=True)
    return _of_fault(answer.error, verb)
