"""Edges: what happened, as domain events for the ring that ListEvents and WatchEvents read."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class EventType(StrEnum):
    """What happened; names as in kartenwart.api.inventory.v1.EventType without the prefix."""

    CARD_INSERTED = "CARD_INSERTED"
    CARD_REMOVED = "CARD_REMOVED"
    PIN_ENTRY_STARTED = "PIN_ENTRY_STARTED"
    PIN_ENTRY_FINISHED = "PIN_ENTRY_FINISHED"
    PIN_STATE_CHANGED = "PIN_STATE_CHANGED"
    TERMINAL_CONNECTED = "TERMINAL_CONNECTED"
    TERMINAL_DISCONNECTED = "TERMINAL_DISCONNECTED"
    KONNEKTOR_UP = "KONNEKTOR_UP"
    KONNEKTOR_DOWN = "KONNEKTOR_DOWN"
    KONNEKTOR_REBOOTED = "KONNEKTOR_REBOOTED"
    CONDITION_SET = "CONDITION_SET"
    CONDITION_CLEARED = "CONDITION_CLEARED"
    TERMINAL_ADDED = "TERMINAL_ADDED"
    TERMINAL_REMOVED = "TERMINAL_REMOVED"
    READER_ADDED = "READER_ADDED"
    READER_REMOVED = "READER_REMOVED"
    COMFORT_SIGNATURE_ENDING = "COMFORT_SIGNATURE_ENDING"
    COMFORT_SIGNATURE_ENDED = "COMFORT_SIGNATURE_ENDED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One edge. `contexts` decide who may see it (empty: only who sees all); `context` is the one concerned, if any."""

    type: EventType
    time: datetime
    subject: str
    konnektor: str = ""
    terminal: str = ""
    reader: str = ""
    slot_id: int = 0
    context: str = ""
    confirmed: bool = True
    detail: str = ""
    contexts: frozenset[str] = frozenset()
