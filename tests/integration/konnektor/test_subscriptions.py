"""Subscriptions against a raw device and a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from kartenwart.adapters.konnektor import CetpConfiguration, Konnektor, KonnektorConfiguration
from kartenwart.adapters.konnektor.notices import BOOTED
from kartenwart.adapters.konnektor.subscriptions import TOPICS
from kartenwart.codecs.soap.subscriptions import CetpEvent
from kartenwart.domain.failures import Reason, WorldError
from tests.integration.konnektor.conftest import EMPFANG, SPRECHZIMMER
from tests.integration.konnektor.device import Device, http, raw_device
from tests.unit.codecs.answers import OK, envelope, fault


class MovedClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


class Book:
    """The device's subscriptions: answers as a Konnektor does."""

    def __init__(self, device: Device, clock: MovedClock) -> None:
        self.ids: dict[str, str] = {}
        self._clock = clock
        self._made = 0
        device.replies |= {
            "Subscribe": self._subscribe,
            "GetSubscription": self._list,
            "RenewSubscriptions": self._renew,
            "Unsubscribe": self._end,
        }
        self.own_address = ""

    def _ends(self) -> str:
        return f"<EVT:TerminationTime>{(self._clock.now() + timedelta(hours=25)).isoformat()}</EVT:TerminationTime>"

    def _subscribe(self) -> bytes:
        self._made += 1
        self.ids[f"id-{self._made}"] = self.own_address
        told = f"<EVT:SubscriptionID>id-{self._made}</EVT:SubscriptionID>{self._ends()}"
        return http(envelope(f"<EVT:SubscribeResponse>{OK}{told}</EVT:SubscribeResponse>"))

    def _list(self) -> bytes:
        each = "".join(
            f"<EVT:Subscription><EVT:SubscriptionID>{name}</EVT:SubscriptionID><EVT:EventTo>{to}</EVT:EventTo>"
            "<EVT:Topic>CARD</EVT:Topic></EVT:Subscription>"
            for name, to in self.ids.items()
        )
        listed = f"<EVT:Subscriptions>{each}</EVT:Subscriptions>"
        return http(envelope(f"<EVT:GetSubscriptionResponse>{OK}{listed}</EVT:GetSubscriptionResponse>"))

    def _renew(self) -> bytes:
        if not self.ids:
            return http(fault(4102), 500)
        each = "".join(
            f"<EVT:SubscriptionRenewal><EVT:SubscriptionID>{name}</EVT:SubscriptionID>{self._ends()}"
            "</EVT:SubscriptionRenewal>"
            for name in self.ids
        )
        renewed = f"<EVT:SubscribeRenewals>{each}</EVT:SubscribeRenewals>"
        return http(envelope(f"<EVT:RenewSubscriptionsResponse>{OK}{renewed}</EVT:RenewSubscriptionsResponse>"))

    def _end(self) -> bytes:
        if self.ids:
            self.ids.popitem()
        return http(envelope(f"<EVT:UnsubscribeResponse>{OK}</EVT:UnsubscribeResponse>"))


@asynccontextmanager
async def practice(*contexts: object) -> AsyncIterator[tuple[Device, Book, MovedClock, Konnektor]]:
    clock = MovedClock()
    async with raw_device() as device:
        book = Book(device, clock)
        configuration = KonnektorConfiguration(
            name="konnektors/k",
            url=device.url,
            contexts=contexts or (EMPFANG,),  # type: ignore[arg-type]
            short_seconds=2,
            cetp=CetpConfiguration(listen_host="127.0.0.1", advertised_url="cetp://127.0.0.9:1"),
        )
        async with Konnektor(configuration, clock) as konnektor:
            yield device, book, clock, konnektor


async def test_every_topic_once_and_then_peace() -> None:
    async with practice() as (device, book, _, konnektor):
        await konnektor.subscribe()
        await konnektor.subscribe()
        assert len(book.ids) == device.calls["Subscribe"] == len(TOPICS)
        assert device.calls["GetSubscription"] == 1
        assert device.calls["RenewSubscriptions"] == 0


async def test_renewed_at_half_life_and_the_forgotten_anew() -> None:
    async with practice() as (device, book, clock, konnektor):
        await konnektor.subscribe()
        clock.seconds += 12.4 * 3600
        await konnektor.subscribe()
        assert device.calls["RenewSubscriptions"] == 0
        clock.seconds += 0.2 * 3600
        await konnektor.subscribe()
        assert device.calls["RenewSubscriptions"] == 1
        clock.seconds += 13 * 3600
        book.ids.pop("id-1")
        await konnektor.subscribe()
        assert device.calls["Subscribe"] == len(TOPICS) + 1
        assert (await konnektor.observe()).konnektor.events_subscribed


async def test_a_boot_told_in_the_middle_of_a_renewal_is_no_defect() -> None:
    async with practice() as (device, book, clock, konnektor):
        await konnektor.subscribe()
        clock.seconds += 13 * 3600
        renew = device.replies["RenewSubscriptions"]

        def boots() -> bytes:
            konnektor._take(CetpEvent(topic=BOOTED, severity="Info", subscription_id="", parameters={}))
            book.ids.clear()
            device.replies["RenewSubscriptions"] = renew
            return http(fault(4102), 500)

        device.replies["RenewSubscriptions"] = boots
        await konnektor.subscribe()
        assert len(book.ids) == len(TOPICS)
        assert (await konnektor.observe()).konnektor.events_subscribed


async def test_an_answer_of_before_a_boot_is_no_subscription() -> None:
    async with practice() as (device, book, _, konnektor):
        subscribe = device.replies["Subscribe"]
        assert callable(subscribe)

        def boots() -> bytes | None:
            answer = subscribe()
            konnektor._take(CetpEvent(topic=BOOTED, severity="Info", subscription_id="", parameters={}))
            book.ids.clear()
            device.replies["Subscribe"] = subscribe
            return answer

        device.replies["Subscribe"] = boots
        await konnektor.subscribe()
        await konnektor.subscribe()
        assert len(book.ids) == len(TOPICS)
        assert (await konnektor.observe()).konnektor.events_subscribed


async def test_at_the_end_nothing_is_left_at_the_konnektor_and_a_silent_one_holds_nobody_up() -> None:
    async with practice() as (_, book, _, konnektor):
        await konnektor.subscribe()
        assert book.ids
    assert not book.ids
    async with asyncio.timeout(5), practice() as (device, _, _, konnektor):
        await konnektor.subscribe()
        device.replies["Unsubscribe"] = None


async def test_what_the_konnektor_dropped_without_a_word_is_found_by_its_list() -> None:
    async with practice() as (device, book, clock, konnektor):
        await konnektor.subscribe()
        book.ids.clear()
        clock.seconds += 601
        await konnektor.subscribe()
        assert len(book.ids) == len(TOPICS)
        assert device.calls["GetSubscription"] == 2


async def test_stale_ones_under_our_address_are_ended_and_others_left_alone() -> None:
    async with practice() as (device, book, _, konnektor):
        book.ids = {"others": "cetp://127.0.0.8:1", "stale": "cetp://127.0.0.9:1"}
        await konnektor.subscribe()
        assert device.calls["Unsubscribe"] == 1
        assert "others" in book.ids
        assert "stale" not in book.ids


async def test_expiry_is_noticed_and_a_refused_context_does_not_hinder_the_others() -> None:
    async with practice(EMPFANG, SPRECHZIMMER) as (device, _, clock, konnektor):
        await konnektor.subscribe()
        assert (await konnektor.observe()).konnektor.events_subscribed
        clock.seconds += 26 * 3600
        assert not (await konnektor.observe()).konnektor.events_subscribed
        for operation in ("Subscribe", "RenewSubscriptions", "GetSubscription"):
            device.replies[operation] = http(fault(4204), 500)
        with pytest.raises(WorldError) as refused:
            await konnektor.subscribe()
        assert refused.value.failure.reason is Reason.KONNEKTOR_CONTEXT_REFUSED
