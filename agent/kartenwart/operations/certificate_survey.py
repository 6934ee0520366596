"""How the certificates of all cards stand: asked of the Konnektoren, kept for a while, never green by silence."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime

from kartenwart.domain.catalogue import refused, wrong_field
from kartenwart.domain.certificates import Bearer, CertificateCheck, CertificateState
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, CertificateReference, Context, Inventory, KeyAlgorithm
from kartenwart.domain.ports.konnektor import KonnektorPort
from kartenwart.domain.ports.vault import CertificateReader
from kartenwart.domain.principals import Caller
from kartenwart.operations.certificate_look import Look
from kartenwart.operations.contexts import Contexts
from kartenwart.operations.inventory import InventoryKeeper, view
from kartenwart.operations.reach import Cards

KEPT_SECONDS = 6 * 3600.0
KEPT_IN_PART_SECONDS = 5 * 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """What one context found: of which things, when, and until when it may be told (monotonic seconds)."""

    things: frozenset[str]
    since: float
    until: float
    states: tuple[CertificateState, ...]


class CertificateSurveys:
    """Looks at certificates per context; callers that ask at once share one look."""

    def __init__(
        self,
        *,
        keeper: InventoryKeeper,
        cards: Cards,
        contexts: Contexts,
        konnektors: Mapping[str, KonnektorPort],
        reader: CertificateReader,
        clock: Clock,
    ) -> None:
        self._keeper = keeper
        self._cards = cards
        self._contexts = contexts
        self._konnektors = konnektors
        self._reader = reader
        self._clock = clock
        self._kept: dict[str, _Kept] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def list(self, caller: Caller, konnektor: str = "", *, refresh: bool = False) -> tuple[CertificateState, ...]:
        """Return the state of every certificate that the caller's contexts see; CallerError NOT_FOUND (Konnektor)."""
        asked = [one for one in self._contexts.visible(caller) if not one.at_readers]
        wanted = [one for one in asked if konnektor in ("", one.konnektor)]
        if konnektor and not wanted:
            raise refused(Reason.NOT_FOUND)
        found = await asyncio.gather(*(self._of(context, refresh=refresh) for context in wanted))
        return _merged(state for states in found for state in states)

    async def verify(self, context: str, der: bytes, at: datetime | None) -> CertificateCheck:
        """Return the Konnektor's word on a certificate (DER); CallerError INVALID_ARGUMENT where it is none."""
        chosen = self._contexts.get(context)
        try:
            self._reader.decode(CertificateReference.AUT, der)
        except WorldError:
            raise wrong_field("der", "Das ist kein X.509-Zertifikat im DER-Format.") from None
        async with self._cards.place(chosen):
            return await self._cards.konnektor(chosen).verify_certificate(chosen, der, at)

    def today(self) -> date:
        """Return the day from which days are counted."""
        return self._clock.now().date()

    async def _of(self, context: Context, *, refresh: bool) -> tuple[CertificateState, ...]:
        asked = self._clock.monotonic()
        async with self._locks.setdefault(context.name, asyncio.Lock()):
            seen = view(self._keeper.picture.inventory, frozenset({context.name}))
            kept = self._kept.get(context.name)
            stale = kept is not None and refresh and kept.since < asked
            if kept is None or stale or not self._holds(kept, context, seen):
                kept = self._kept[context.name] = await self._looked(context, seen, kept.states if kept else ())
        return (*kept.states, *_patients_cards(context, seen, self._clock.now()))

    def _holds(self, kept: _Kept, context: Context, seen: Inventory) -> bool:
        return kept.things == _things(context, seen) and self._clock.monotonic() < kept.until

    async def _looked(self, context: Context, seen: Inventory, earlier: Iterable[CertificateState]) -> _Kept:
        port = self._konnektors[context.konnektor]
        now = self._clock.now()
        look = Look(context=context, seen=seen, cards=self._cards, port=port, reader=self._reader, now=now)
        since, found = self._clock.monotonic(), await look.states()
        known = {_key(state): state for state in earlier}
        states = tuple(_remembering(state, known.get(_key(state))) for state in found)
        seconds = KEPT_SECONDS if all(map(_whole, states)) else KEPT_IN_PART_SECONDS
        until = self._clock.monotonic() + seconds
        return _Kept(things=_things(context, seen), since=since, until=until, states=states)


def _things(context: Context, seen: Inventory) -> frozenset[str]:
    """Return what a look depends on: terminals, and cards by insertion. Patients' cards come and go without one."""
    cards = (f"{card.name} {card.handle(context.konnektor)}" for card in seen.cards if card.type is not CardType.EGK)
    terminals = (f"{one.name} {one.connected}" for one in seen.terminals if one.konnektor == context.konnektor)
    return frozenset((*cards, *terminals))


def _patients_cards(context: Context, seen: Inventory, now: datetime) -> tuple[CertificateState, ...]:
    """An eGK's certificate is not to be read (4090); its last day stands in the list of cards."""
    return tuple(
        CertificateState(
            bearer=Bearer.CARD,
            konnektor=context.konnektor,
            terminal=next((route.terminal for route in card.routes if route.konnektor == context.konnektor), ""),
            card=card.name,
            card_type=card.type,
            valid_until=card.certificate_expiry,
            checked_at=now,
        )
        for card in seen.cards
        if card.type is CardType.EGK and card.handle(context.konnektor)
    )


def _merged(states: Iterable[CertificateState]) -> tuple[CertificateState, ...]:
    """Return one state per thing, sorted; where contexts differ, the one that found out more."""
    best: dict[tuple[str, int, str], CertificateState] = {}
    for state in states:
        key = _key(state)
        if key not in best or _told(state) > _told(best[key]):
            best[key] = state
    return tuple(best[key] for key in sorted(best))


def _key(state: CertificateState) -> tuple[str, int, str]:
    """Return which thing it is of, as the list is sorted: Konnektor, terminals, cards."""
    return (state.konnektor, list(Bearer)[::-1].index(state.bearer), state.card or state.terminal)


def _remembering(state: CertificateState, earlier: CertificateState | None) -> CertificateState:
    """Return what was found earlier where this time something went wrong, as of then: a card's certificate stays."""
    if state.trouble is None or earlier is None:
        return state
    filled = replace(
        state,
        algorithm=state.algorithm or earlier.algorithm,
        valid_until=state.valid_until or earlier.valid_until,
        telematik_id=state.telematik_id or earlier.telematik_id,
        profession_oids=state.profession_oids or earlier.profession_oids,
    )
    return state if filled == state else replace(filled, checked_at=earlier.checked_at)


def _whole(state: CertificateState) -> bool:
    """True where nothing is left to find out; that a card has RSA keys only is an answer."""
    return state.valid_until is not None and (state.trouble is None or state.algorithm is KeyAlgorithm.RSA)


def _told(state: CertificateState) -> int:
    return (state.valid_until is not None) + (state.algorithm is not None) + (state.trouble is None)
