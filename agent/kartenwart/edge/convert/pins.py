"""PIN states with where they would be typed, as messages, and requests for verbs on PINs as orders."""

from typing import Any

from kartenwart.api.pin.v1 import pin_service_pb2
from kartenwart.domain.inventory import Pin
from kartenwart.domain.pin_matrix import PadCertainty, PinCell, PinPad
from kartenwart.edge.convert.basics import EnumTable
from kartenwart.edge.convert.failures import failure_message
from kartenwart.edge.convert.inventory import PINS, pin_state_message
from kartenwart.operations.pin_changes import PinOrder
from kartenwart.operations.unlocking import UnlockOrder

CERTAINTIES = EnumTable(pin_service_pb2.PadCertainty, "PAD_CERTAINTY", PadCertainty)


def cell_message(cell: PinCell) -> pin_service_pb2.PinCell:
    """Return one cell of the matrix; a state or a failure stays absent where there is none."""
    return pin_service_pb2.PinCell(
        card=cell.card,
        context=cell.context,
        pin=PINS.number(cell.pin),
        user=cell.user,
        state=pin_state_message(cell.state) if cell.state else None,
        failure=failure_message(cell.failure) if cell.failure else None,
        pad=_pad(cell.pad),
    )


def pin_order(request: Any) -> PinOrder:
    """Return what a request for a verb on a PIN asks; fields that it does not have keep their defaults."""
    fields = request.DESCRIPTOR.fields_by_name
    more = {name: getattr(request, name) for name in ("user", "transport_pin", "set_new_pin") if name in fields}
    return PinOrder(
        request_id=request.request_id.lower(),
        card=request.card,
        context=request.context,
        pin=PINS.member(request.pin, Pin),
        accept_last_attempt=request.accept_last_attempt,
        accept_unknown_attempts=request.accept_unknown_attempts,
        **more,
    )


def unlock_order(request: pin_service_pb2.UnlockPracticeCardsRequest) -> UnlockOrder:
    """Return what a request for guided unlocking asks."""
    return UnlockOrder(
        request_id=request.request_id.lower(),
        context=request.context,
        only_this_context=request.only_this_context,
        card=request.card,
        accept_last_attempt=request.accept_last_attempt,
        accept_unknown_attempts=request.accept_unknown_attempts,
    )


def _pad(pad: PinPad) -> pin_service_pb2.PinPad:
    return pin_service_pb2.PinPad(
        certainty=CERTAINTIES.number(pad.certainty),
        terminal=pad.terminal,
        terminal_label=pad.terminal_label,
        failure=failure_message(pad.failure) if pad.failure else None,
    )
