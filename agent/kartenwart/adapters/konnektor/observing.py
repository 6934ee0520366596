"""Polls: what every context sees, merged into one Observation."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from kartenwart.adapters.konnektor.link import Link, call_context
from kartenwart.adapters.konnektor.nearness import Nearness
from kartenwart.adapters.konnektor.services import Services
from kartenwart.codecs.soap.inventory import (
    CardEntry,
    ResourceState,
    TerminalEntry,
    get_card_terminals,
    get_cards,
    get_resource_information,
)
from kartenwart.domain.catalogue import failure
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Failure, Reason, WorldError
from kartenwart.domain.inventory import Context, Konnektor, LinkState
from kartenwart.domain.ports.observations import Observation, ObservedCard, ObservedTerminal

CLOCK_TOLERANCE = timedelta(minutes=5)
_CONTEXTS_AT_ONCE = 4
_DIRECTORY_SECONDS = 60.0
# What concerns one context or its login; the others go on.
_OF_ONE_CONTEXT = (Reason.KONNEKTOR_CONTEXT_REFUSED, Reason.KONNEKTOR_CREDENTIALS_REFUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one context sees; `near` are the handles of the eGKs beside its workplace."""

    context: Context
    terminals: tuple[TerminalEntry, ...]
    cards: tuple[CardEntry, ...]
    near: frozenset[str]


async def observe(
    link: Link, clock: Clock, nearness: Nearness, *, name: str, contexts: Sequence[Context], events_subscribed: bool
) -> Observation:
    """Poll everything once.

    A context that the Konnektor refuses degrades the link while the others go on; any other trouble, and all contexts
    refused, is raised: half a picture would make cards vanish that are there.
    """
    taken = clock.now()
    # While the clocks differ the directory, which tells the Konnektor's, is read each time: the end shall be seen.
    services = await link.services(not_older_than=0.0 if _clock_off(link) else _DIRECTORY_SECONDS)
    views, refused = await _views(link, nearness, contexts)
    if not views:
        raise WorldError(refused[0], sent=False)
    resource = await link.call(get_resource_information(call_context(views[0].context)), views[0].context)
    condition = _condition(resource, refused, clock_off=_clock_off(link))
    konnektor = replace(
        _described(name, services, resource),
        link_state=LinkState.DEGRADED if condition else LinkState.UP,
        condition=condition,
        events_subscribed=events_subscribed,
        last_confirmed=taken,
    )
    return Observation(konnektor=konnektor, terminals=_terminals(views), cards=_cards(views))


async def _views(link: Link, nearness: Nearness, contexts: Sequence[Context]) -> tuple[list[View], list[Failure]]:
    limit = asyncio.Semaphore(_CONTEXTS_AT_ONCE)

    async def view(context: Context) -> View | WorldError:
        async with limit:
            try:
                return await _view(link, nearness, context)
            except WorldError as error:
                return error

    seen = await asyncio.gather(*(view(context) for context in contexts))
    errors = [each for each in seen if isinstance(each, WorldError)]
    for error in errors:
        if error.failure.reason not in _OF_ONE_CONTEXT:
            raise error
    return [each for each in seen if isinstance(each, View)], [error.failure for error in errors]


async def _view(link: Link, nearness: Nearness, context: Context) -> View:
    caller = call_context(context)
    terminals = await link.call(get_card_terminals(caller), context)
    cards = await link.call(get_cards(caller), context)
    return View(context=context, terminals=terminals, cards=cards, near=await nearness.of(context, cards))


def _clock_off(link: Link) -> bool:
    return abs(link.skew) > CLOCK_TOLERANCE


def _condition(resource: ResourceState, refused: Sequence[Failure], *, clock_off: bool) -> Failure | None:
    """Return what is wrong although the poll succeeded, the worst first."""
    if any(state.active and state.severity.lower() == "fatal" for state in resource.error_states):
        return failure(Reason.KONNEKTOR_CRITICAL)
    if refused:
        return refused[0]
    if clock_off:
        return failure(Reason.KONNEKTOR_CLOCK_OFF)
    return None


def _described(name: str, services: Services, resource: ResourceState) -> Konnektor:
    directory = services.directory
    return Konnektor(
        name=name,
        vendor=directory.vendor,
        product=directory.product,
        product_type_version=directory.product_type_version,
        firmware_version=directory.firmware_version,
        services=services.listed,
        ti_state=resource.ti,
        sis_state=resource.sis,
        error_conditions=tuple(sorted(state.condition for state in resource.error_states if state.active)),
    )


def _terminals(views: Iterable[View]) -> tuple[ObservedTerminal, ...]:
    """Merge by CtId: the newest view tells the state, every view its context and the workplaces it lists."""
    merged: dict[str, ObservedTerminal] = {}
    for view in views:
        for entry in view.terminals:
            known = merged.get(entry.ct_id)
            merged[entry.ct_id] = ObservedTerminal(
                ct_id=entry.ct_id,
                label=entry.name,
                mac_address=entry.mac_address,
                ip_address=entry.ip_address,
                connected=entry.connected,
                physical=entry.physical,
                workplaces=tuple(sorted({*entry.workplaces, *(known.workplaces if known else ())})),
                slot_count=entry.slots,
                product=entry.product,
                contexts=frozenset({view.context.name}) | (known.contexts if known else frozenset()),
            )
    return tuple(merged[ct_id] for ct_id in sorted(merged))


def _cards(views: Sequence[View]) -> tuple[ObservedCard, ...]:
    """Merge by handle, with the contexts that see it and those that have it beside them."""
    merged: dict[str, ObservedCard] = {}
    for view in views:
        for entry in view.cards:
            known = merged.get(entry.handle)
            here = frozenset({view.context.name})
            contexts = here | (known.contexts if known else frozenset())
            near = here if entry.handle in view.near else frozenset()
            near |= known.local_contexts if known else frozenset()
            merged[entry.handle] = _card(entry, contexts, near)
    return tuple(merged[handle] for handle in sorted(merged))


def _card(entry: CardEntry, contexts: frozenset[str], local_contexts: frozenset[str]) -> ObservedCard:
    """Return a card as listed, with who sees it."""
    return ObservedCard(
        handle=entry.handle,
        type=entry.type,
        ct_id=entry.ct_id,
        slot_id=entry.slot_id,
        iccsn=entry.iccsn,
        holder=entry.holder,
        inserted_at=entry.inserted_at,
        certificate_expiry=entry.certificate_expiry,
        contexts=contexts,
        local_contexts=local_contexts,
    )
