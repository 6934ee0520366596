"""CETP events as notices: which topic means what, and which parameter is read. Keys are compared without case."""

import re
from collections.abc import Mapping

from kartenwart.codecs.soap.inventory import card_type
from kartenwart.codecs.soap.pins import PIN_NAMES
from kartenwart.codecs.soap.subscriptions import CetpEvent
from kartenwart.codecs.times import read_date, read_datetime
from kartenwart.domain.ports.observations import Notice, NoticeType, ObservedCard

BOOTED = "BOOTUP/BOOTUP_COMPLETE"

_TYPES = {
    BOOTED: NoticeType.BOOTED,
    "CARD/INSERTED": NoticeType.CARD_INSERTED,
    "CARD/REMOVED": NoticeType.CARD_REMOVED,
    "CT/CONNECTED": NoticeType.TERMINAL_CONNECTED,
    "CT/DISCONNECTED": NoticeType.TERMINAL_DISCONNECTED,
    "SIG/SIGNDOC/NEXT_SUCCESSFUL": NoticeType.DOCUMENT_SIGNED,
}
_PIN_ENTRY = re.compile(r"CARD/PIN/[A-Z]+_(STARTED|FINISHED)")
_CONDITION = re.compile(r"OPERATIONAL_STATE/(.+)")
_JOB_NUMBER = re.compile(r"[A-Z]{3}-[0-9]{3}")
_PINS = {name: pin for pin, name in PIN_NAMES.items()}


def notice_of(event: CetpEvent, konnektor: str, context: str) -> Notice:
    """Return the notice for an event that came by a subscription of `context`."""
    values = {key.lower(): value for key, value in event.parameters.items()}
    kind = notice_type(event.topic)
    at_pad = kind in (NoticeType.PIN_ENTRY_STARTED, NoticeType.PIN_ENTRY_FINISHED)
    return Notice(
        type=kind,
        konnektor=konnektor,
        context=context,
        handle=values.get("cardhandle", ""),
        ct_id=(values.get("pininputctid") if at_pad else "") or values.get("ctid", ""),
        slot_id=_slot(values),
        pin=_PINS.get(values.get("pinref", "")),
        card=_card(values, context) if kind is NoticeType.CARD_INSERTED else None,
        active=values.get("value", "true").lower() in ("true", "1"),
        detail=_detail(kind, event, values),
    )


def notice_type(topic: str) -> NoticeType:
    """Return what a topic (in capitals) means; OTHER for those nobody here waits for."""
    if (entry := _PIN_ENTRY.fullmatch(topic)) is not None:
        return NoticeType.PIN_ENTRY_STARTED if entry[1] == "STARTED" else NoticeType.PIN_ENTRY_FINISHED
    if _CONDITION.fullmatch(topic) is not None:
        return NoticeType.CONDITION
    return _TYPES.get(topic, NoticeType.OTHER)


def _detail(kind: NoticeType, event: CetpEvent, values: Mapping[str, str]) -> str:
    if kind is NoticeType.DOCUMENT_SIGNED:
        # The specification names no key for the job number, so it is known by its form.
        return next((value for value in values.values() if _JOB_NUMBER.fullmatch(value)), "")
    return event.subject if kind is NoticeType.CONDITION else event.topic


def _card(values: Mapping[str, str], context: str) -> ObservedCard:
    return ObservedCard(
        handle=values.get("cardhandle", ""),
        type=card_type(values.get("cardtype", "")),
        ct_id=values.get("ctid", ""),
        slot_id=_slot(values),
        iccsn=values.get("iccsn", ""),
        holder=values.get("cardholdername", ""),
        inserted_at=read_datetime(values.get("inserttime")),
        certificate_expiry=read_date(values.get("certexpirationdate")),
        contexts=frozenset({context}),
        local_contexts=frozenset(),
    )


def _slot(values: Mapping[str, str]) -> int:
    digits = values.get("slotid", "")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 4 else 0
