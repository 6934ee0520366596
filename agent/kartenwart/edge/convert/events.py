"""Edges as messages."""

from kartenwart.api.inventory.v1 import inventory_service_pb2
from kartenwart.domain.events import Event, EventType
from kartenwart.edge.convert.basics import EnumTable, timestamp

EVENT_TYPES = EnumTable(inventory_service_pb2.EventType, "EVENT_TYPE", EventType)


def event_message(event: Event) -> inventory_service_pb2.Event:
    """Return an event; who may see it was decided before (operations.events.visible)."""
    return inventory_service_pb2.Event(
        type=EVENT_TYPES.number(event.type),
        time=timestamp(event.time),
        subject=event.subject,
        konnektor=event.konnektor,
        terminal=event.terminal,
        reader=event.reader,
        slot_id=event.slot_id,
        context=event.context,
        confirmed=event.confirmed,
        detail=event.detail,
    )
