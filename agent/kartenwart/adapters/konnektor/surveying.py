"""What the Konnektor lets each context do, found by reading alone: lists, resources, and GetPinStatus of SM-B.

An SM-B that is not managed, or belongs to another mandant, stands in no list. But whoever asks for the slot it is in is
told why it may not be used (TUC_KON_000, rule R7), so each slot without a listed card is asked for once per mandant.
"""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from kartenwart.adapters.konnektor.link import Link, call_context
from kartenwart.codecs.soap.exchange import Exchange
from kartenwart.codecs.soap.inventory import (
    CardEntry,
    TerminalEntry,
    get_card,
    get_card_terminals,
    get_cards,
    get_slot,
    get_terminal,
)
from kartenwart.codecs.soap.pins import get_pin_status
from kartenwart.domain.failures import Failure, Reason, WorldError
from kartenwart.domain.information_model import KnownTerminal
from kartenwart.domain.inventory import CardType, Context, Pin
from kartenwart.domain.model_check import ContextSurvey
from kartenwart.domain.model_findings import resolved

Value = TypeVar("Value")
Place = tuple[str, int]

_CONTEXTS_AT_ONCE = 4
_NOBODY_THERE = (Reason.KONNEKTOR_UNREACHABLE, Reason.KONNEKTOR_SILENT, Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED)
_SMB_REFUSED = (4009, 4013)


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What a context sees, with the cards that it may ask for."""

    survey: ContextSurvey
    cards: tuple[CardEntry, ...]


async def survey(link: Link, contexts: Sequence[Context]) -> tuple[ContextSurvey, ...]:
    """Ask in every context, first for the lists, then for what no list shows."""
    await link.services()
    views = await _all(_view(link, context) for context in contexts)
    seen = [view.survey for view in views]
    scanned = _slots_to_scan(views)
    return tuple(await _all(_details(link, view, seen, scanned.get(view.survey.context.name, ())) for view in views))


async def _view(link: Link, context: Context) -> _View:
    caller = call_context(context)
    here = await _asked(link, get_card_terminals(caller), context)
    wide = await _asked(link, get_card_terminals(caller, mandant_wide=True), context)
    cards: Failure | tuple[CardEntry, ...] = ()
    if not isinstance(here, Failure):
        cards = await _asked(link, get_cards(caller), context)
    found = ContextSurvey(
        context=context,
        call=here if isinstance(here, Failure) else None,
        wide=wide if isinstance(wide, Failure) else None,
        listed=() if isinstance(here, Failure) else tuple(map(_known, here)),
        wide_listed=() if isinstance(wide, Failure) else tuple(map(_known, wide)),
    )
    return _View(survey=found, cards=() if isinstance(cards, Failure) else cards)


def _slots_to_scan(views: Iterable[_View]) -> dict[str, list[Place]]:
    """Return the slots without a listed card, each for the first context of its mandant that reaches the terminal."""
    taken: set[tuple[str, Place]] = set()
    found: dict[str, list[Place]] = {}
    for view in views:
        context = view.survey.context
        occupied = {(card.ct_id, card.slot_id) for card in view.cards}
        places = ((known.ct_id, slot) for known in view.survey.listed for slot in range(1, known.slot_count + 1))
        for place in places:
            if place not in occupied and (context.mandant, place) not in taken:
                taken.add((context.mandant, place))
                found.setdefault(context.name, []).append(place)
    return found


async def _details(link: Link, view: _View, seen: Sequence[ContextSurvey], places: Iterable[Place]) -> ContextSurvey:
    found = view.survey
    if found.call is not None:
        return found
    return replace(
        found,
        terminals=await _terminals(link, found, seen),
        near=await _near(link, view),
        practice_cards=await _practice_cards(link, view) | await _hidden_cards(link, found.context, places),
    )


async def _terminals(link: Link, found: ContextSurvey, seen: Sequence[ContextSurvey]) -> dict[str, Failure | None]:
    """Ask for each terminal that is wanted and not listed; what is listed may be used."""
    told: dict[str, Failure | None] = {known.ct_id: None for known in found.listed}
    for ct_id in _wanted(found.context, seen):
        if ct_id not in told:
            told[ct_id] = await _refusal(link, get_terminal(call_context(found.context), ct_id), found.context)
    return told


async def _near(link: Link, view: _View) -> dict[str, Failure | None]:
    """Ask for each eGK: its terminal is beside the workplace where the Konnektor lets it be used."""
    context = view.survey.context
    return {
        card.ct_id: await _refusal(link, get_card(call_context(context), card.handle), context)
        for card in view.cards
        if card.type is CardType.EGK
    }


async def _practice_cards(link: Link, view: _View) -> dict[Place, Failure | None]:
    context = view.survey.context
    return {
        (card.ct_id, card.slot_id): await _refusal(
            link, get_pin_status(call_context(context), handle=card.handle, pin=Pin.SMC), context
        )
        for card in view.cards
        if card.type.is_practice
    }


async def _hidden_cards(link: Link, context: Context, places: Iterable[Place]) -> dict[Place, Failure | None]:
    """Return the slots that hold an SM-B which no list shows, with the reason."""
    told = {place: await _refusal(link, get_slot(call_context(context), *place), context) for place in places}
    return {place: refusal for place, refusal in told.items() if refusal and refusal.konnektor_code in _SMB_REFUSED}


def _wanted(context: Context, seen: Sequence[ContextSurvey]) -> list[str]:
    """Return the terminals that the settings name for the workplace; where they name none, all that anyone lists."""
    named = (*context.local_terminals, *context.remote_terminals)
    if named:
        return [resolved(text, seen).ct_id for text in named]
    return sorted({known.ct_id for one in seen for known in (*one.listed, *one.wide_listed)})


async def _asked(link: Link, exchange: Exchange[Value], context: Context) -> Value | Failure:
    """Return the answer, or why it was refused; raises where nobody can be asked."""
    try:
        return await link.call(exchange, context)
    except WorldError as error:
        if error.failure.reason in _NOBODY_THERE:
            raise
        return error.failure


async def _refusal(link: Link, exchange: Exchange[Value], context: Context) -> Failure | None:
    """Return why a question was refused, None where it was answered."""
    answer = await _asked(link, exchange, context)
    return answer if isinstance(answer, Failure) else None


def _known(entry: TerminalEntry) -> KnownTerminal:
    return KnownTerminal(ct_id=entry.ct_id, label=entry.name, mac_address=entry.mac_address, slot_count=entry.slots)


async def _all(works: Iterable[Awaitable[Value]]) -> list[Value]:
    """Return all values in order, a few at a time; the first trouble ends the others and is raised alone."""
    limit = asyncio.Semaphore(_CONTEXTS_AT_ONCE)

    async def one(work: Awaitable[Value]) -> Value:
        async with limit:
            return await work

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(work)) for work in works]
    except BaseExceptionGroup as trouble:
        raise trouble.exceptions[0] from None
    return [task.result() for task in tasks]
