"""The Konnektor in trouble: the agent stays up, says in German what it is, and recovers by itself when it ends."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.konnektor.v1.konnektor_pb2 import LINK_STATE_DEGRADED, LINK_STATE_DOWN, LINK_STATE_UP, Konnektor
from kartenwart.client import Failure, Kartenwart
from tests.integration.practice.desk import (
    AT_THE_DOCTOR,
    SPRECHZIMMER,
    assert_for_people,
    entered,
    link,
    pin_entry,
)
from tests.integration.practice.edges import edges_from_now
from tests.integration.practice.staff import Staffed, staffed, world
from tests.practice import Practice, practice
from tests.waiting import until

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("practice-trouble"),
]

A_DAY = 24 * 3600


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="staff")
async def _staff(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Staffed]:
    async with (
        practice(tmp_path_factory.mktemp("practice"), trust="pin") as here,
        staffed(here, ("adler",)) as staff,
    ):
        await here.card(staff.box, "HBA", "0201")
        yield staff


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def _well(staff: Staffed) -> AsyncIterator[None]:
    """Every test begins with a sound link, and with the process that was there before."""
    assert staff.practice.agent.process is not None
    pid = staff.practice.agent.process.process.pid
    await link(staff.box, LINK_STATE_UP)
    yield
    await link(staff.box, LINK_STATE_UP)
    assert staff.practice.agent.process.process.pid == pid
    assert staff.practice.agent.process.process.returncode is None


async def test_a_reboot_changes_handles_and_subscriptions_but_no_name(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    names = {card.name for card in await box.cards.list()}
    handles = await handles_of(here)
    edges = await edges_from_now(box)
    await here.simulator.do("/konnektors/konnektor/reboot", down_seconds=3)
    assert_for_people(told(await link(box, LINK_STATE_DOWN, "KONNEKTOR_UNREACHABLE")))
    await link(box, LINK_STATE_UP)
    await edges.seen(inventory_pb2.EVENT_TYPE_KONNEKTOR_REBOOTED)
    await until(lambda: subscribed(here, box))
    assert not handles & await handles_of(here)
    assert {card.name for card in await box.cards.list() if card.type != card_pb2.CARD_TYPE_EGK} <= names
    assert not any(state.pin for card in await box.cards.list() for state in card.pin_states if state.user)

    hba = await here.card(box, "HBA", "0201")
    await here.simulator.plays(AT_THE_DOCTOR, {"action": "type_right"})
    assert (await entered(box, pin_entry(hba, "users/adler"))).verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED
    await edges.close()


async def test_a_boot_that_no_event_told_of_is_found_all_the_same(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    await here.simulator.do("/konnektors/konnektor/events", lose="all")
    await here.simulator.do("/konnektors/konnektor/reboot", down_seconds=3)
    await link(box, LINK_STATE_DOWN, "KONNEKTOR_UNREACHABLE")
    await link(box, LINK_STATE_UP)
    await here.simulator.do("/konnektors/konnektor/events", lose=0)
    await until(lambda: subscribed(here, box))


@pytest.mark.parametrize(
    ("kind", "details", "reason"),
    [
        ("silent", {"seconds": 4}, "KONNEKTOR_SILENT"),
        ("cut", {"bytes": 300}, "KONNEKTOR_ANSWER_INVALID"),
        ("garbage", {}, "KONNEKTOR_ANSWER_INVALID"),
        ("http_status", {"status": 503}, "KONNEKTOR_ANSWER_INVALID"),
        ("soap_fault", {"code": 4002, "severity": "Fatal"}, "KONNEKTOR_CRITICAL"),
        ("soap_fault", {"code": 4001}, "KONNEKTOR_FAULT"),
    ],
)
async def test_each_trouble_says_which_it_is(
    staff: Staffed, kind: str, details: dict[str, object], reason: str
) -> None:
    await staff.practice.simulator.fault("GetCards", kind, times=-1, **details)
    try:
        down = await link(staff.box, LINK_STATE_DOWN, reason)
    finally:
        await staff.practice.simulator.do("/konnektors/konnektor/faults", "DELETE")
    assert_for_people(told(down))
    assert down.HasField("last_confirmed_time")
    assert await staff.box.cards.list(), "what was known stays, as of the last confirmation"


async def test_nobody_waits_for_a_silent_konnektor_but_those_who_ask_it(staff: Staffed) -> None:
    box = staff.box
    await staff.practice.simulator.fault("*", "silent", times=-1, seconds=4)
    try:
        await link(box, LINK_STATE_DOWN, "KONNEKTOR_SILENT")
        async with asyncio.timeout(1):
            await box.system.get()
            await box.cards.list()
    finally:
        await staff.practice.simulator.do("/konnektors/konnektor/faults", "DELETE")


async def test_another_certificate_is_not_trusted(staff: Staffed) -> None:
    here, box = staff.practice, staff.box
    await here.simulator.do("/konnektors/konnektor/certificate", key="rsa")
    await here.simulator.do("/konnektors/konnektor/reboot", down_seconds=0.1, wait=True)
    untrusted = await link(box, LINK_STATE_DOWN, "KONNEKTOR_CERTIFICATE_UNTRUSTED")
    assert_for_people(told(untrusted))
    calls = (await here.simulator.ask("/counts"))["operations"]
    await asyncio.sleep(2)
    assert (await here.simulator.ask("/counts"))["operations"] == calls, "nothing is said to a stranger"
    await here.simulator.do("/konnektors/konnektor/certificate", key="p256")


@pytest.mark.parametrize("offset", [A_DAY, -A_DAY, -3 * A_DAY])
async def test_a_clock_that_is_off_limits_the_link_and_no_more(staff: Staffed, offset: int) -> None:
    here, box = staff.practice, staff.box
    edges = await edges_from_now(box)
    await here.simulator.do("/konnektors/konnektor/clock", offset_seconds=offset)
    try:
        assert_for_people(told(await link(box, LINK_STATE_DEGRADED, "KONNEKTOR_CLOCK_OFF")))
        await here.simulator.do("/subscriptions/expire")
        await here.simulator.do("/konnektors/konnektor/reboot", down_seconds=0.5, wait=True)
        await until(lambda: subscribed(here, box))
        # An eGK is known by its handle: after the boot it counts as another card, once a poll has found it.
        await edges.seen(inventory_pb2.EVENT_TYPE_CARD_INSERTED, confirmed=True)
        await here.simulator.do("/cards/egk-muster/pull")
        await here.simulator.do("/cards/egk-muster/insert", terminal="kt-empfang", slot=1)
        await edges.seen(inventory_pb2.EVENT_TYPE_CARD_REMOVED, confirmed=False)
    finally:
        await here.simulator.do("/konnektors/konnektor/clock", offset_seconds=0)
    await edges.close()


async def test_a_critical_state_is_told(staff: Staffed) -> None:
    condition = "EC_CRL_Out_Of_Date"
    await staff.practice.simulator.do("/konnektors/konnektor/error_states", EC_CRL_Out_Of_Date=True)
    critical = await link(staff.box, LINK_STATE_DEGRADED, "KONNEKTOR_CRITICAL")
    assert_for_people(told(critical))
    assert list(critical.error_conditions) == [condition]
    await staff.practice.simulator.do("/konnektors/konnektor/error_states", EC_CRL_Out_Of_Date=False)


async def test_a_wrong_password_says_so(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("basic")
    changed = world(folder, ('authentication = "certificate"', 'authentication = "basic"'))
    async with practice(folder, changed, login="basic") as here:
        rooms = ("sprechzimmer", "pvs")
        async with here.connected(await here.workstation("Sprechzimmer 1", contexts=rooms)) as box:
            await link(box, LINK_STATE_UP)
            right = await passwords(here)
            await change(here, "pvs", "something-else")
            assert_for_people(told(await link(box, LINK_STATE_DEGRADED, "KONNEKTOR_CREDENTIALS_REFUSED")))
            cards = await box.cards.list()
            assert any(SPRECHZIMMER in [state.context for state in card.pin_states] for card in cards)
            await change(here, "kartenwart", "something-else")
            await link(box, LINK_STATE_DOWN, "KONNEKTOR_CREDENTIALS_REFUSED")
            for client_system, password in right.items():
                await change(here, client_system, password)
            await link(box, LINK_STATE_UP)


def told(konnektor: Konnektor) -> Failure:
    """Return why the link is down or limited."""
    return Failure.of(konnektor.condition)


async def passwords(here: Practice) -> dict[str, str]:
    """Return the passwords of the client systems that the agent uses."""
    basic = here.simulator.konnektor["basic"]
    return {name: Path(basic[name]["password_file"]).read_text() for name in ("pvs", "kartenwart")}


async def change(here: Practice, client_system: str, password: str) -> None:
    """Change a password at the Konnektor."""
    path = "/konnektors/konnektor/password"
    await here.simulator.do(path, client_system=client_system, password=password)


async def handles_of(here: Practice) -> set[str]:
    """Return the handles of all cards, as the simulator knows them."""
    return {card["handle"] for card in (await here.simulator.ask("/state"))["cards"] if card["handle"]}


async def subscribed(here: Practice, box: Kartenwart) -> bool:
    """Tell whether the Konnektor has subscriptions of all contexts, and the agent says so."""
    state = (await here.simulator.ask("/state"))["konnektors"][0]
    contexts = {(one["mandant"], one["client_system"], one["workplace"]) for one in state["subscriptions"]}
    return len(contexts) == 4 and (await box.konnektors.list())[0].events_subscribed
