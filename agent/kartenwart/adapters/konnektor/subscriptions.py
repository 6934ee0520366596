"""Our subscriptions: per context the topics we need, renewed at half life, compared with the Konnektor's own list."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kartenwart.adapters.konnektor.link import Link, call_context
from kartenwart.codecs.soap.subscriptions import (
    Subscription,
    get_subscription,
    renew_subscriptions,
    subscribe,
    unsubscribe,
)
from kartenwart.domain.clock import Clock
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import Context

TOPICS = ("CARD", "CT", "SIG", "OPERATIONAL_STATE", "NETWORK")
# The Konnektor keeps a subscription for 25 hours (TIP1-A_4608); so much is assumed where it does not say.
_LIFE = timedelta(hours=25)
# The Konnektor drops subscriptions that it could not serve without a word, so its list is read again now and then.
_COMPARE_SECONDS = 600.0
_UNKNOWN_SUBSCRIPTION = 4102
# Where nobody answers for one context, nobody answers for the next: the wait would only be multiplied.
_NOBODY_THERE = (Reason.KONNEKTOR_UNREACHABLE, Reason.KONNEKTOR_SILENT, Reason.KONNEKTOR_CERTIFICATE_UNTRUSTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """A subscription that we hold; from `renew_at` on it is to be renewed."""

    id: str
    context: str
    topic: str
    renew_at: datetime
    expires_at: datetime


class Subscriptions:
    """What we have subscribed to at one Konnektor, with `event_to` as our address."""

    def __init__(self, link: Link, clock: Clock, contexts: Sequence[Context], event_to: str) -> None:
        self._link = link
        self._clock = clock
        self._contexts = contexts
        self._event_to = event_to
        self._live: dict[str, Live] = {}
        self._compared_at: float | None = None
        self._refused: frozenset[str] = frozenset()
        self._boots = 0

    def context_of(self, subscription_id: str) -> str | None:
        """Return the context of a live subscription, None for an id that is not ours or has expired."""
        live = self._live.get(subscription_id)
        return live.context if live and live.expires_at > self._clock.now() else None

    @property
    def complete(self) -> bool:
        """True where every context that the Konnektor does not refuse has all its topics."""
        served = [context.name for context in self._contexts if context.name not in self._refused]
        return bool(served) and all(not self._missing(name) for name in served)

    def forget(self) -> None:
        """Forget all: after a boot the Konnektor has forgotten them too."""
        self._live.clear()
        self._compared_at = None
        self._boots += 1

    def doubt(self) -> None:
        """Compare with the Konnektor's list next time: it may have booted, and the event that tells so got lost."""
        self._compared_at = None

    async def ensure(self) -> None:
        """Bring everything up to date; trouble is raised where nobody answers or no context could be served."""
        now = self._clock.monotonic()
        compare = self._compared_at is None or now - self._compared_at > _COMPARE_SECONDS
        troubles: dict[str, WorldError] = {}
        for context in self._contexts:
            try:
                await self._ensure(context, compare=compare)
            except WorldError as error:
                if error.failure.reason in _NOBODY_THERE:
                    raise
                troubles[context.name] = error
        self._refused = frozenset(troubles)
        if len(troubles) == len(self._contexts):
            raise next(iter(troubles.values()))
        if compare:
            self._compared_at = now

    async def end(self) -> None:
        """End all of ours, so that none of them stands at the Konnektor until it expires."""
        by_name = {context.name: context for context in self._contexts}
        while self._live:
            _, live = self._live.popitem()
            await self._end(by_name[live.context], live.id)

    async def _ensure(self, context: Context, *, compare: bool) -> None:
        if compare:
            await self._compare(context)
        await self._renew(context)
        for topic in self._missing(context.name):
            exchange = subscribe(call_context(context), event_to=self._event_to, topic=topic)
            boots = self._boots
            told = await self._link.call(exchange, context)
            if boots == self._boots:  # else an answer of before a boot: the Konnektor has forgotten it
                self._keep(context, topic, told)

    async def _compare(self, context: Context) -> None:
        """Forget what the Konnektor no longer has, and end what stands there under our address but is not ours."""
        listed = await self._link.call(get_subscription(call_context(context)), context)
        there = {each.id for each in listed}
        for live in self._of(context.name):
            if live.id not in there:
                del self._live[live.id]
        for each in listed:
            if each.event_to == self._event_to and each.id not in self._live:
                await self._end(context, each.id)

    async def _end(self, context: Context, subscription_id: str) -> None:
        try:
            await self._link.call(unsubscribe(call_context(context), subscription_id), context)
        except WorldError as error:
            if error.failure.konnektor_code != _UNKNOWN_SUBSCRIPTION:
                raise

    async def _renew(self, context: Context) -> None:
        due = [live for live in self._of(context.name) if live.renew_at <= self._clock.now()]
        if not due:
            return
        exchange = renew_subscriptions(call_context(context), [live.id for live in due])
        try:
            by_id = {each.id: each for each in await self._link.call(exchange, context)}
        except WorldError as error:
            if error.failure.konnektor_code != _UNKNOWN_SUBSCRIPTION:
                raise
            by_id = {}
        for live in due:
            ours = self._live.pop(live.id, None)  # None: a boot was told meanwhile, and the Konnektor has forgotten it
            if ours is not None and live.id in by_id:
                self._keep(context, live.topic, by_id[live.id])

    def _keep(self, context: Context, topic: str, told: Subscription) -> None:
        now = self._clock.now()
        expires = now + self._life(told, now)
        self._live[told.id] = Live(
            id=told.id, context=context.name, topic=topic, renew_at=now + (expires - now) / 2, expires_at=expires
        )

    def _life(self, told: Subscription, now: datetime) -> timedelta:
        """Return how long a subscription lives; its end is told by the Konnektor's clock, which may be off."""
        life = told.expires_at - self._link.skew - now if told.expires_at else _LIFE
        return life if timedelta() < life <= _LIFE else _LIFE

    def _of(self, context: str) -> list[Live]:
        return [live for live in self._live.values() if live.context == context]

    def _missing(self, context: str) -> list[str]:
        now = self._clock.now()
        held = {live.topic for live in self._of(context) if live.expires_at > now}
        return [topic for topic in TOPICS if topic not in held]
