"""The comfort signature of a Konnektor: state, beginning (a person types PIN.QES, once) and end of sessions."""

from kartenwart.adapters.konnektor.faults import from_fault, not_sent
from kartenwart.adapters.konnektor.link import Link, call_context
from kartenwart.adapters.konnektor.services import Service
from kartenwart.codecs.soap import comfort
from kartenwart.codecs.soap.fault import Fault
from kartenwart.codecs.soap.namespaces import SIGNATURES_7_5
from kartenwart.domain.catalogue import failure
from kartenwart.domain.comfort import SignatureMode
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Context
from kartenwart.domain.ports.cards import BeforeSend, CardCall

_NO_SESSION = 4266


async def signature_mode(link: Link, call: CardCall) -> SignatureMode:
    """Ask for switch, limits and the session of the call's user."""
    await _service(link)
    exchange = comfort.get_signature_mode(call_context(call.context, call.user_id), handle=call.handle)
    return await link.call(exchange, call.context)


async def activate(link: Link, call: CardCall, before_send: BeforeSend) -> None:
    """Let a person type PIN.QES and begin a session, once; see the port for what is raised."""
    service = await _service(link)
    exchange = comfort.activate(call_context(call.context, call.user_id), handle=call.handle)
    error = await link.once(exchange, service, call.context, before_send)
    if isinstance(error, Fault):
        raise from_fault(error)


async def deactivate(link: Link, context: Context, handle: str) -> bool:
    """End all sessions of a card; False where it had none."""
    await _service(link)
    warning = (await link.call(comfort.deactivate((handle,)), context)).warning
    if warning is not None and warning.code != _NO_SESSION:
        raise from_fault(warning)
    return warning is None


async def _service(link: Link) -> Service:
    """Return the SignatureService; COMFORT_NOT_SUPPORTED where it is older than 7.5."""
    try:
        service = (await link.services()).of(comfort.SERVICE)
    except WorldError as error:
        raise not_sent(error) from None
    if service.signature_namespace != SIGNATURES_7_5:
        raise WorldError(failure(Reason.COMFORT_NOT_SUPPORTED), sent=False)
    return service
