"""Subscriptions to events and the endpoints behind them (EventService 7.2, TUC_KON_256)."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from firmware_sim.world.codes import KonnektorError
from firmware_sim.world.context import Context


@dataclass(frozen=True, kw_only=True, slots=True)
class Subscription:
    """One subscription; `failures` counts failed connections in a row."""

    id: str
    context: Context
    event_to: str
    topic: str
    filter: str = ""
    until: datetime
    failures: int = 0


class Subscriptions:
    """The subscriptions of one Konnektor. Endpoints outlive the boot that drops the subscriptions."""

    def __init__(self, lifetime: timedelta, max_failures: int) -> None:
        self._lifetime = lifetime
        self._max_failures = max_failures
        self._by_id: dict[str, Subscription] = {}
        self.endpoints: list[str] = []

    def __iter__(self) -> Iterator[Subscription]:
        return iter(tuple(self._by_id.values()))

    def subscribe(self, context: Context, event_to: str, topic: str, filter_: str, now: datetime) -> Subscription:
        """A new subscription, or the same id with a new end when the same one is asked for again."""
        self.expire(now)
        wanted = (context, event_to, topic, filter_)
        known = next((s for s in self if (s.context, s.event_to, s.topic, s.filter) == wanted), None)
        subscription = Subscription(
            id=known.id if known else str(uuid.uuid4()),
            context=context,
            event_to=event_to,
            topic=topic,
            filter=filter_,
            until=now + self._lifetime,
        )
        self._by_id[subscription.id] = subscription
        if event_to not in self.endpoints:
            self.endpoints.append(event_to)
        return subscription

    def renew(self, context: Context, ids: list[str], now: datetime) -> list[Subscription]:
        """Renew those that live and are the caller's; others are left out in silence. Raises 4102 when none is left."""
        self.expire(now)
        mine = [s for s in map(self._by_id.get, ids) if s is not None and _same_owner(s.context, context)]
        if not mine:
            raise KonnektorError(4102)
        renewed = [replace(subscription, until=now + self._lifetime) for subscription in mine]
        self._by_id.update({subscription.id: subscription for subscription in renewed})
        return renewed

    def unsubscribe(self, context: Context, subscription_id: str, event_to: str, now: datetime) -> None:
        """Drop one by id, or all of an endpoint. Raises 4102 when there is none."""
        self.expire(now)
        mine = (s for s in self if _same_owner(s.context, context))
        gone = [s for s in mine if s.id == subscription_id or s.event_to == event_to]
        if not gone:
            raise KonnektorError(4102)
        for each in gone:
            del self._by_id[each.id]
        left = {s.event_to for s in self}
        dropped = {s.event_to for s in gone} - left
        self.endpoints = [endpoint for endpoint in self.endpoints if endpoint not in dropped]

    def listed(self, context: Context, subscription_id: str, wide: bool, now: datetime) -> list[Subscription]:
        """The caller's subscriptions at this workplace, or at all when `wide`. Raises 4102 for an unknown id."""
        self.expire(now)
        mine = [s for s in self if _same_owner(s.context, context)]
        if not wide:
            mine = [s for s in mine if s.context.workplace == context.workplace]
        if not subscription_id:
            return mine
        named = [s for s in mine if s.id == subscription_id]
        if not named:
            raise KonnektorError(4102)
        return named

    def expire(self, now: datetime) -> None:
        self._by_id = {id_: s for id_, s in self._by_id.items() if s.until > now}

    def drop_for_boot(self) -> None:
        """A boot drops all subscriptions; the endpoints stay and are told BOOTUP_COMPLETE."""
        self._by_id.clear()

    def expire_all(self) -> None:
        """Let time run out for all of them at once (tests)."""
        self._by_id.clear()

    def delivered(self, event_to: str, reached: bool) -> None:
        """A connection to an endpoint succeeded or failed; EVT_MAX_TRY failures in a row end its subscriptions."""
        for subscription in self:
            if subscription.event_to != event_to:
                continue
            failures = 0 if reached else subscription.failures + 1
            if failures == subscription.failures:
                continue  # as nearly always, for each of many
            if failures >= self._max_failures:
                del self._by_id[subscription.id]
            else:
                self._by_id[subscription.id] = replace(subscription, failures=failures)


def _same_owner(one: Context, other: Context) -> bool:
    return (one.mandant, one.client_system) == (other.mandant, other.client_system)
