"""ReadVSD, ReadKVK, RequestCard and EjectCard. Each is sent once: a reading may update the card."""

from dataclasses import replace
from typing import TypeVar

from kartenwart.adapters.konnektor.faults import from_fault
from kartenwart.adapters.konnektor.link import Link, call_context, nothing_first
from kartenwart.codecs import card_data
from kartenwart.codecs.soap import card_requests, patients
from kartenwart.codecs.soap.exchange import Exchange
from kartenwart.codecs.soap.fault import Fault
from kartenwart.codecs.soap.patients import VsdRequest
from kartenwart.domain.catalogue import failure
from kartenwart.domain.failures import Reason, RetryClass, WorldError
from kartenwart.domain.inventory import Context
from kartenwart.domain.patients import CardData
from kartenwart.domain.ports.cards import BeforeSend, CardCall
from kartenwart.domain.ports.konnektor import CardEjection, CardRequest, RequestedCard

Value = TypeVar("Value")

_OTHER_TYPE = (4051, 4058)
_OTHER_CARD = "Im Kartenterminal steckt eine andere Art von Karte als die verlangte."
_RIGHT_CARD = "Bitte die Karte herausnehmen, die verlangte stecken und den Vorgang neu beginnen."


async def read_vsd(
    link: Link, call: CardCall, authority: CardCall, *, check_online: bool, read_receipt: bool
) -> CardData:
    """Read an eGK in the name of an SM-B or HBA; see the port."""
    request = VsdRequest(
        egk=call.handle, authority=authority.handle, check_online=check_online, read_receipt=read_receipt
    )
    exchange = patients.read_vsd(call_context(authority.context, authority.user_id), request)
    answer = await _once(link, exchange, call.context, nothing_first)
    return card_data.read_containers(answer.containers, answer.status)


async def read_kvk(link: Link, call: CardCall) -> CardData:
    """Read an old card."""
    template = await _once(
        link, patients.read_kvk(call_context(call.context), call.handle), call.context, nothing_first
    )
    return card_data.read_kvk(template)


async def request_card(link: Link, context: Context, wish: CardRequest, before_send: BeforeSend) -> RequestedCard:
    """Ask at a terminal for a card, once."""
    exchange = card_requests.request_card(
        call_context(context),
        ct_id=wish.ct_id,
        slot_id=wish.slot_id,
        text=wish.text,
        seconds=wish.seconds,
        card_type=wish.card_type,
    )
    try:
        answer = await _once(link, exchange, context, before_send)
        if answer.error is not None:
            raise from_fault(answer.error)
    except WorldError as error:
        raise _another_type(error) if wish.card_type else error from None
    return RequestedCard(handle=answer.handle, already_inserted=answer.already_inserted)


async def eject_card(link: Link, call: CardCall, wish: CardEjection, before_send: BeforeSend) -> None:
    """Ask to take a card out, once. The Konnektor wants milliseconds here."""
    exchange = card_requests.eject_card(
        call_context(call.context, call.user_id), handle=call.handle, text=wish.text, milliseconds=wish.seconds * 1000
    )
    error = await _once(link, exchange, call.context, before_send)
    if error is not None:
        raise from_fault(error)


def _another_type(error: WorldError) -> WorldError:
    """Return the error; what elsewhere means a call that no card of this type allows, means here that it is another."""
    said = error.failure
    if said.konnektor_code not in _OTHER_TYPE:
        return error
    wrong = failure(
        Reason.CARD_TYPE_WRONG,
        code=said.konnektor_code,
        severity=said.konnektor_severity,
        error_type=said.konnektor_error_type,
    )
    words = replace(wrong, title=_OTHER_CARD, next_step=_RIGHT_CARD, retry=RetryClass.BY_PERSON)
    return WorldError(words, sent=error.sent)


async def _once(link: Link, exchange: Exchange[Value], context: Context, before_send: BeforeSend) -> Value:
    service = await link.verb_service(exchange.service)
    answer = await link.once(exchange, service, context, before_send)
    if isinstance(answer, Fault):
        raise from_fault(answer)
    return answer
