"""What happens in the practice reaches workstations: at once by events, soon by polls where events got lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from time import monotonic

import pytest
import pytest_asyncio

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.konnektor.v1.konnektor_pb2 import LINK_STATE_UP
from kartenwart.client import Kartenwart
from tests.integration.practice.desk import (
    AT_THE_DOCTOR,
    AT_THE_RECEPTION,
    EMPFANG,
    SPRECHZIMMER,
    entered,
    link,
    pin_entry,
)
from tests.integration.practice.edges import edges_from_now
from tests.integration.practice.staff import Staffed, staffed
from tests.practice import practice
from tests.waiting import until

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("practice-events"),
]

REMOVED, INSERTED = inventory_pb2.EVENT_TYPE_CARD_REMOVED, inventory_pb2.EVENT_TYPE_CARD_INSERTED
POLL_SECONDS = 2.0
Record = Callable[[str, object], None]


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    async with practice(tmp_path_factory.mktemp("practice")) as here, staffed(here, ("adler",)) as staff:
        yield staff


@pytest_asyncio.fixture(loop_scope="module", name="hba")
async def _hba(staff: Staffed) -> str:
    """The card that is pulled and put back: it stands confirmed in the picture, and events are subscribed."""

    async def confirmed() -> str:
        cards = await staff.box.cards.list()
        return next((card.name for card in cards if card.iccsn_tail == "0202" and card.confirmed), "")

    async def subscribed() -> bool:
        return (await staff.box.konnektors.list())[0].events_subscribed

    await link(staff.box, LINK_STATE_UP)
    await until(subscribed)
    return await until(confirmed)


async def pull(staff: Staffed) -> float:
    """Pull the card; return when."""
    begun = monotonic()
    await staff.practice.simulator.do("/cards/hba-brandt/pull")
    return begun


async def insert(staff: Staffed) -> float:
    """Put the card back; return when."""
    begun = monotonic()
    await staff.practice.simulator.do("/cards/hba-brandt/insert", terminal=AT_THE_DOCTOR, slot=2)
    return begun


async def test_events_are_seen_within_a_second_and_confirmed_by_a_poll(
    staff: Staffed, hba: str, record_property: Record
) -> None:
    edges = await edges_from_now(staff.box)
    for act, kind in ((pull, REMOVED), (insert, INSERTED)):
        begun = await act(staff)
        hint = await edges.seen(kind, confirmed=False, within=1.0)
        record_property(f"seconds_until_{act.__name__}_is_told", round(monotonic() - begun, 3))
        assert (hint.subject, hint.slot_id) == (hba, 2)
        assert (await edges.seen(kind, confirmed=True)).subject == hba
    await edges.close()


async def test_the_picture_follows_within_a_second(staff: Staffed, hba: str, record_property: Record) -> None:
    async with asyncio.timeout(20):
        for act, there in ((pull, False), (insert, True)):
            begun = await act(staff)
            async for picture in staff.box.inventory.watch():
                if (hba in [card.name for card in picture.cards]) == there:
                    break
            took = monotonic() - begun
            record_property(f"seconds_until_{act.__name__}_is_shown", round(took, 3))
            assert took < 1.0


async def test_what_events_lost_the_poll_finds(staff: Staffed, hba: str, record_property: Record) -> None:
    edges = await edges_from_now(staff.box)
    await staff.practice.simulator.do("/konnektors/konnektor/events", lose="all")
    try:
        for act, kind in ((pull, REMOVED), (insert, INSERTED)):
            begun = await act(staff)
            event = await edges.seen(kind, within=3 * POLL_SECONDS)
            record_property(f"seconds_until_{act.__name__}_is_polled", round(monotonic() - begun, 3))
            assert (event.subject, event.confirmed) == (hba, True)
    finally:
        await staff.practice.simulator.do("/konnektors/konnektor/events", lose=0)
    await edges.close()


async def test_a_forged_event_moves_no_card(staff: Staffed, hba: str) -> None:
    async def shown() -> set[str]:
        return {one.name for one in await staff.box.cards.list()}

    before, edges = await shown(), await edges_from_now(staff.box)
    parameters = {"CardHandle": "no-such-handle", "CardType": "HBA", "CtID": "nowhere", "SlotID": "1"}
    await staff.practice.simulator.do(
        "/konnektors/konnektor/emit", topic="CARD/INSERTED", parameters=parameters, terminal=AT_THE_DOCTOR
    )
    await pull(staff)
    assert (await edges.seen(REMOVED)).subject == hba
    assert await shown() <= before
    await insert(staff)
    assert (await edges.seen(INSERTED)).subject == hba
    assert await shown() <= before
    await edges.close()


async def test_a_terminal_that_is_unplugged_is_told(staff: Staffed, hba: str) -> None:
    edges = await edges_from_now(staff.box)
    await staff.practice.simulator.do(f"/terminals/{AT_THE_DOCTOR}/disconnect")
    lost = await edges.seen(inventory_pb2.EVENT_TYPE_TERMINAL_DISCONNECTED, within=1.0)
    shown = next(one for one in await staff.box.terminals.list() if one.name == lost.subject)
    assert (shown.label, shown.connected) == ("Sprechzimmer", False)
    await staff.practice.simulator.do(f"/terminals/{AT_THE_DOCTOR}/connect")
    assert (await edges.seen(inventory_pb2.EVENT_TYPE_TERMINAL_CONNECTED)).subject == lost.subject
    assert await staff.practice.card(staff.box, "HBA", "0202") == hba, "the card's name stays"
    await edges.close()


async def test_a_pin_entered_in_one_context_is_seen_in_all_that_share_the_session(staff: Staffed, hba: str) -> None:
    here, box = staff.practice, staff.box
    smcb = await here.card(box, "SMC_B", "0101")

    async def states() -> dict[str, card_pb2.PinStatus.ValueType]:
        return {state.context: state.status for state in (await box.cards.get(smcb)).pin_states}

    locked = dict.fromkeys((EMPFANG, SPRECHZIMMER), card_pb2.PIN_STATUS_VERIFIABLE)
    unlocked = dict.fromkeys(locked, card_pb2.PIN_STATUS_VERIFIED)
    assert await until(lambda: equal(states, locked))
    edges = await edges_from_now(box)
    await here.simulator.plays(AT_THE_RECEPTION, {"action": "type_right"})
    await entered(box, pin_entry(smcb, context=EMPFANG))
    assert await until(lambda: equal(states, unlocked), within=5)
    changed = {(await edges.seen(inventory_pb2.EVENT_TYPE_PIN_STATE_CHANGED)).context for _ in range(2)}
    assert changed == {EMPFANG, SPRECHZIMMER}
    await edges.close()


async def test_the_neighbours_see_only_what_is_theirs(staff: Staffed, hba: str) -> None:
    neighbour = await staff.practice.workstation("Nachbar", role="VIEWER", contexts=("nachbar",))
    async with staff.practice.connected(neighbour) as box:
        own, theirs = await edges_from_now(staff.box), await edges_from_now(box)
        await pull(staff)
        await insert(staff)
        await own.seen(INSERTED, confirmed=True)
        await staff.practice.simulator.do("/cards/smcb-m2/pull")
        await staff.practice.simulator.do("/cards/smcb-m2/insert", terminal="kt-empfang", slot=4)
        first = await theirs.seen(REMOVED)
        assert first.subject == await staff.practice.card(box, "SMC_B", "0102")
        assert first.subject not in [card.name for card in await staff.box.cards.list()]
        await own.close()
        await theirs.close()


async def test_get_inventory_waits_for_a_change(staff: Staffed, hba: str) -> None:
    box = staff.box
    now = await settled(box)
    begun = monotonic()
    same = await box.inventory.get(now.cursor, wait=0.5)
    assert monotonic() - begun >= 0.5
    assert (same.cursor, same.gap) == (now.cursor, False)

    waiting = asyncio.create_task(box.inventory.get(now.cursor, wait=20))
    await asyncio.sleep(0.2)
    begun = await pull(staff)
    changed = await waiting
    assert monotonic() - begun < 1.0
    assert changed.cursor != now.cursor
    assert not changed.gap
    assert hba not in [card.name for card in changed.inventory.cards]
    await insert(staff)


@pytest.mark.parametrize("cursor", ["", "no-cursor-of-ours", "aQpib3gKYm9vdAox"])
async def test_a_foreign_cursor_is_answered_at_once(staff: Staffed, hba: str, cursor: str) -> None:
    async with asyncio.timeout(2):
        answer = await staff.box.inventory.get(cursor, wait=20)
        events = await staff.box.inventory.events(cursor, 1, wait=20)
    assert answer.gap is events.gap is bool(cursor)
    assert answer.inventory.cards
    if cursor:
        async for first in staff.box.inventory.watch_events(cursor):
            assert first.gap
            break


async def test_list_events_waits_for_the_next(staff: Staffed, hba: str) -> None:
    box = staff.box
    await settled(box)
    cursor = ""
    while (page := await box.inventory.events(cursor, 1000)).events:
        cursor = page.cursor
    waiting = asyncio.create_task(box.inventory.events(page.cursor, wait=20))
    await asyncio.sleep(0.2)
    begun = await pull(staff)
    answer = await waiting
    assert monotonic() - begun < 1.0
    assert [(event.type, event.subject) for event in answer.events] == [(REMOVED, hba)]
    assert not answer.gap
    await insert(staff)


async def equal(ask: Callable[[], Awaitable[object]], expected: object) -> bool:
    """Tell whether something is as expected by now."""
    return await ask() == expected


async def settled(box: Kartenwart) -> inventory_pb2.GetInventoryResponse:
    """Return the picture once nothing has changed for a while."""
    now = await box.inventory.get()
    while (later := await box.inventory.get(now.cursor, wait=1)).cursor != now.cursor:
        now = later
    return now
