import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.card.v1.card_service_pb2 import GetCardRequest, ListCardsRequest, ReadCardCertificateRequest
from kartenwart.api.inventory.v1.inventory_service_pb2 import (
    EVENT_TYPE_CARD_INSERTED,
    EVENT_TYPE_CARD_REMOVED,
    GetInventoryRequest,
    ListEventsRequest,
    WatchEventsRequest,
    WatchInventoryRequest,
)
from kartenwart.api.konnektor.v1.konnektor_pb2 import LINK_STATE_UP
from kartenwart.api.konnektor.v1.konnektor_service_pb2 import ListContextsRequest, ListKonnektorsRequest
from kartenwart.api.system.v1.system_service_pb2 import GetSystemRequest
from kartenwart.api.terminal.v1.terminal_service_pb2 import ListTerminalsRequest
from kartenwart.domain.failures import Reason
from kartenwart.domain.inventory import CertificateReference, KeyAlgorithm
from kartenwart.edge.refusals import Refused
from kartenwart.edge.shared import Shared
from tests.unit.edge.house import House, at_the_box, desk, neighbour
from tests.unit.edge.opponents import PresentSource
from tests.unit.operations.practice import DESK, EGK, HBA, OTHER, ROOM, SMCB, named, observation

LONG = Duration(seconds=20)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


async def soon(iterator: AsyncIterator[Any]) -> Any:
    return await asyncio.wait_for(anext(iterator), 5)


async def test_the_box_says_who_it_is_and_who_calls(house: House) -> None:
    system = (await house.call("SystemService/GetSystem", GetSystemRequest(), desk())).system
    assert system.box_id == house.site.box_id
    assert system.site_fingerprint == house.site.fingerprint
    assert system.version == "0.1.0"
    assert system.clock_trusted
    assert system.time.seconds == int(house.clock.now().timestamp())
    assert (system.caller, system.caller_role) == ("workstations/w-1", "SIGNER")
    assert (system.default_context, list(system.contexts), list(system.users)) == (DESK, [DESK], ["users/arzt1"])


async def test_lists_show_what_the_scope_reaches(house: House) -> None:
    house.practice.keeper.observe(
        observation(SMCB, HBA, EGK, replace(SMCB, handle="h-n", iccsn="8" * 20, contexts=frozenset({OTHER})))
    )
    konnektors = (await house.call("KonnektorService/ListKonnektors", ListKonnektorsRequest(), desk())).konnektors
    assert [(one.name, one.link_state) for one in konnektors] == [("konnektors/k1", LINK_STATE_UP)]
    contexts = (await house.call("KonnektorService/ListContexts", ListContextsRequest(), desk())).contexts
    assert [(one.name, one.mandant, one.workplace) for one in contexts] == [(DESK, "m1", "empfang")]
    (terminal,) = (await house.call("TerminalService/ListTerminals", ListTerminalsRequest(), desk())).terminals
    assert [slot.card for slot in terminal.slots] == [named(SMCB), named(HBA), named(EGK), ""]
    cards = (await house.call("CardService/ListCards", ListCardsRequest(), desk())).cards
    assert {card.name for card in cards} == {named(SMCB), named(HBA), named(EGK)}
    theirs = (await house.call("CardService/ListCards", ListCardsRequest(), neighbour())).cards
    assert len(theirs) == 1
    wanted = ListCardsRequest(types=[card_pb2.CARD_TYPE_HBA])
    assert [card.name for card in (await house.call("CardService/ListCards", wanted, desk())).cards] == [named(HBA)]
    everything = (await house.call("CardService/ListCards", ListCardsRequest(), at_the_box())).cards
    assert len(everything) == 4


async def test_handles_and_whole_card_numbers_stay_inside(house: House) -> None:
    answer = await house.call("InventoryService/GetInventory", GetInventoryRequest(), at_the_box())
    text = str(answer)
    assert "h-smcb" not in text
    assert SMCB.iccsn not in text
    assert SMCB.iccsn[-4:] in text
    assert EGK.iccsn[-4:] not in text


async def test_a_patients_name_is_seen_only_where_it_is_needed(house: House) -> None:
    async def holder(contexts: tuple[str, ...]) -> str:
        who = replace(desk(), scope=replace(desk().scope, contexts=contexts))
        return str((await house.call("CardService/GetCard", GetCardRequest(name=named(EGK)), who)).card.holder)

    assert await holder((DESK,)) == "Patient P"
    assert await holder((ROOM,)) == ""
    box = await house.call("CardService/GetCard", GetCardRequest(name=named(EGK)), at_the_box())
    assert box.card.holder == ""


async def test_a_card_of_others_is_not_there(house: House) -> None:
    with pytest.raises(Refused) as caught:
        await house.call("CardService/GetCard", GetCardRequest(name=named(HBA)), neighbour())
    assert caught.value.reason is Reason.NOT_FOUND


async def test_a_certificate_is_read_and_recorded(house: House) -> None:
    house.practice.konnektor.certificates[CertificateReference.AUT, KeyAlgorithm.ECC] = b"E-certificate"
    request = ReadCardCertificateRequest(card=named(SMCB), reference=card_pb2.CERTIFICATE_REFERENCE_AUT)
    found = (await house.call("CardService/ReadCardCertificate", request, desk())).certificate
    assert (found.der, found.algorithm) == (b"E-certificate", card_pb2.KEY_ALGORITHM_ECC)
    assert ("kartenwart.api.card.v1.CardService/ReadCardCertificate", "OK") in house.practice.actions()


async def test_a_picture_comes_at_once_and_then_when_something_changed(house: House) -> None:
    name = "InventoryService/GetInventory"
    first = await house.call(name, GetInventoryRequest(wait=LONG), desk())
    assert not first.gap
    waiting = asyncio.create_task(house.call(name, GetInventoryRequest(cursor=first.cursor, wait=LONG), desk()))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    house.practice.keeper.observe(observation(SMCB))
    second = await asyncio.wait_for(waiting, 5)
    assert [card.name for card in second.inventory.cards] == [named(SMCB)]
    assert second.cursor != first.cursor


async def test_a_wait_that_sees_nothing_ends_with_the_same_cursor(house: House) -> None:
    name = "InventoryService/GetInventory"
    first = await house.call(name, GetInventoryRequest(), desk())
    short = Duration(nanos=30_000_000)
    again = await house.call(name, GetInventoryRequest(cursor=first.cursor, wait=short), desk())
    assert (again.cursor, again.gap) == (first.cursor, False)


async def test_a_foreign_cursor_is_answered_at_once_with_a_gap(house: House) -> None:
    request = GetInventoryRequest(cursor="aGVsbG8", wait=LONG)
    answer = await asyncio.wait_for(house.call("InventoryService/GetInventory", request, desk()), 2)
    assert answer.gap
    assert answer.cursor


async def test_what_a_scope_cannot_see_wakes_nobody(house: House) -> None:
    name = "InventoryService/GetInventory"
    first = await house.call(name, GetInventoryRequest(), desk())
    waiting = asyncio.create_task(house.call(name, GetInventoryRequest(cursor=first.cursor, wait=LONG), desk()))
    await asyncio.sleep(0.02)
    theirs = replace(SMCB, handle="h-n", iccsn="8" * 20, contexts=frozenset({OTHER}), local_contexts=frozenset())
    house.practice.keeper.observe(observation(SMCB, HBA, EGK, theirs))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert (await house.call(name, GetInventoryRequest(), desk())).cursor == first.cursor


async def test_watchers_of_one_scope_share_one_serialisation(house: House) -> None:
    async with (
        aclosing(house.pour("InventoryService/WatchInventory", WatchInventoryRequest(), desk())) as one,
        aclosing(house.pour("InventoryService/WatchInventory", WatchInventoryRequest(), desk(name="w-9"))) as two,
    ):
        for _ in range(2):
            first, second = await soon(one), await soon(two)
            assert isinstance(first, Shared)
            assert first is second
            assert first.binary() is second.binary()
            house.practice.keeper.observe(observation(HBA))
    assert len(first.message.inventory.cards) == 1


async def test_a_slow_watcher_gets_the_newest_and_misses_those_between(house: House) -> None:
    async with aclosing(house.pour("InventoryService/WatchInventory", WatchInventoryRequest(), desk())) as watch:
        await soon(watch)
        for found in ((SMCB,), (HBA,), (SMCB, HBA), ()):
            house.practice.keeper.observe(observation(*found))
        assert list((await soon(watch)).message.inventory.cards) == []
        waiting = asyncio.ensure_future(anext(watch))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def test_events_come_in_pages_and_none_twice(house: House) -> None:
    name, seen, cursor = "InventoryService/ListEvents", [], ""
    house.practice.keeper.observe(observation())
    house.practice.keeper.observe(observation(SMCB))
    while True:
        page = await house.call(name, ListEventsRequest(cursor=cursor, page_size=2), desk())
        assert not page.gap
        if not page.events:
            break
        assert len(page.events) <= 2
        seen += [(event.type, event.subject) for event in page.events]
        cursor = page.cursor
    removed = [subject for kind, subject in seen if kind == EVENT_TYPE_CARD_REMOVED]
    assert sorted(removed) == sorted([named(SMCB), named(HBA), named(EGK)])
    assert seen[-1] == (EVENT_TYPE_CARD_INSERTED, named(SMCB))
    theirs = await house.call(name, ListEventsRequest(), neighbour())
    assert all(not event.subject.startswith("cards/") for event in theirs.events)


async def test_a_wait_for_events_ends_with_the_first(house: House) -> None:
    name = "InventoryService/ListEvents"
    now = await house.call(name, ListEventsRequest(page_size=1000), desk())
    waiting = asyncio.create_task(house.call(name, ListEventsRequest(cursor=now.cursor, wait=LONG), desk()))
    await asyncio.sleep(0.02)
    assert not waiting.done()
    house.practice.keeper.observe(observation(SMCB, HBA))
    found = await asyncio.wait_for(waiting, 5)
    assert [event.subject for event in found.events] == [named(EGK)]
    foreign = await house.call(name, ListEventsRequest(cursor="zzz", wait=LONG), desk())
    assert foreign.gap


async def test_a_stream_of_events_begins_now_or_behind_its_cursor(house: House) -> None:
    name = "InventoryService/WatchEvents"
    start = await house.call("InventoryService/ListEvents", ListEventsRequest(page_size=1000), desk())
    async with aclosing(house.pour(name, WatchEventsRequest(), desk())) as fresh:
        waiting = asyncio.ensure_future(anext(fresh))
        await asyncio.sleep(0.02)
        house.practice.keeper.observe(observation(SMCB, HBA))
        told: Any = await asyncio.wait_for(waiting, 5)
        answer = told.message
        assert (answer.event.subject, answer.gap) == (named(EGK), False)
    async with aclosing(house.pour(name, WatchEventsRequest(cursor=start.cursor), desk())) as resumed:
        assert await soon(resumed) is told, "made and serialised once, however many watch"
    assert answer.cursor == (await house.call("InventoryService/ListEvents", ListEventsRequest(), desk())).cursor
    async with aclosing(house.pour(name, WatchEventsRequest(cursor=start.cursor), neighbour())) as theirs:
        waiting = asyncio.ensure_future(anext(theirs))
        await asyncio.sleep(0.02)
        assert not waiting.done()
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    async with aclosing(house.pour(name, WatchEventsRequest(cursor="zzz"), desk())) as foreign:
        first = (await soon(foreign)).message
        assert first.gap
        assert not first.HasField("event")


async def test_what_many_ask_for_is_made_once_until_the_picture_is_another(house: House) -> None:
    def asked() -> Iterator[Any]:
        for name, request in (
            ("CardService/ListCards", ListCardsRequest()),
            ("TerminalService/ListTerminals", ListTerminalsRequest()),
            ("InventoryService/GetInventory", GetInventoryRequest()),
        ):
            method = next(method for full, method in house.methods.items() if full.endswith(f".{name}"))
            yield house.edge.unary(method, PresentSource(desk(), request), None)

    first = [await answer for answer in asked()]
    assert [await answer for answer in asked()] == first
    house.practice.keeper.observe(observation(SMCB))
    now = [await answer for answer in asked()]
    assert all(new is not old for new, old in zip(now, first, strict=True))
    assert len(now[0].message.cards) < len(first[0].message.cards)
