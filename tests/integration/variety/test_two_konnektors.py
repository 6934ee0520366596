"""Two Konnektors of two makers in one practice: one inventory, and every call goes where its card and context are."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2
from kartenwart.client import CallFailed
from tests.integration.practice.desk import entered, pin_entry
from tests.integration.practice.edges import edges_from_now
from tests.integration.variety.devices import Device, contexts, konnektor, working, world
from tests.practice import Practice, Simulator
from tests.waiting import until

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.xdist_group("variety-two"),
]

FIRST = {"empfang": ("m1", "kartenwart", "empfang")}
SECOND = {"labor": ("m9", "kartenwart", "labor")}
LABOR = "contexts/labor"
LABORATORY = """
[[konnektors]]
name = "zweiter"
address = "127.0.0.3"
host_names = ["konnektor.praxis-am-markt.test"]
profile = "secunet"
authentication = "basic"
server_key = "rsa"

[[konnektors.terminals]]
name = "kt-labor"
label = "Labor"
mac = "00-0D-F8-00-00-09"
address = "127.0.0.13"

[[konnektors.workplaces]]
name = "labor"
local = ["kt-labor"]

[[konnektors.client_systems]]
name = "kartenwart"

[[konnektors.mandants]]
name = "m9"
client_systems = ["kartenwart"]
workplaces = ["labor"]
terminals = ["kt-labor"]
managed_smb = ["smcb-m1", "smcb-m9"]
assignments = { kartenwart = ["labor"] }

[[cards]]
name = "smcb-m9"
kind = "smcb"
iccsn = "80276001011699900109"
holder = "Labor am Markt TEST-ONLY"
telematik_id = "1-20000000109"
terminal = "kt-labor"
slot = 1
pins = [{ reference = "PIN.SMC", pin = "975310" }]
"""


def settings(sim: Simulator) -> str:
    first, second = sim.about["konnektors"]
    return (
        konnektor("k1", first) + konnektor("k2", second, login="basic") + contexts("k1", FIRST) + contexts("k2", SECOND)
    )


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="here")
async def _here(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Practice]:
    folder = tmp_path_factory.mktemp("practice")
    device = Device(profile="kocobox", generation="PTV4+")
    text = world(device).replace("\n[[cards]]", LABORATORY + "\n[[cards]]", 1)
    async with working(folder, text, settings) as here:
        for pad in ("kt-empfang", "kt-labor"):
            await here.simulator.plays(pad, default="type_right")
        yield here


async def _ready(here: Practice) -> None:
    async with here.technician() as box:

        async def both() -> bool:
            found = await box.konnektors.list()
            up = konnektor_pb2.LINK_STATE_UP
            return len(found) == 2 and all(one.link_state == up and one.events_subscribed for one in found)

        await until(both)


async def test_both_stand_in_one_inventory(here: Practice) -> None:
    await _ready(here)
    async with here.technician() as box:
        assert {one.name: one.vendor for one in await box.konnektors.list()} == {
            "konnektors/k1": "KOCOC",
            "konnektors/k2": "SECUN",
        }
        owners = {one.label: one.konnektor for one in await box.terminals.list()}
        assert (owners["Empfang"], owners["Labor"]) == ("konnektors/k1", "konnektors/k2")
        routes = {one.iccsn_tail: {route.konnektor for route in one.routes} for one in await box.cards.list()}
        assert (routes["0101"], routes["0109"]) == ({"konnektors/k1"}, {"konnektors/k2"})


async def test_calls_go_where_card_and_context_are(here: Practice) -> None:
    await _ready(here)
    cards = ("smcb-m9", "smcb-m1")
    before = [await here.simulator.counts(card) for card in cards]
    profile = await here.workstation("Labor", contexts=("empfang", "labor"))
    async with here.connected(profile) as box:
        far = await here.card(box, "SMC_B", "0109")
        job = await entered(box, pin_entry(far, context=LABOR))
        assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED
        near = await here.card(box, "SMC_B", "0101")
        job = await entered(box, pin_entry(near, context="contexts/empfang"))
        assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED
        with pytest.raises(CallFailed) as missing:
            await box.pins.status(far, card_pb2.PIN_SMC, context="contexts/empfang")
        assert missing.value.failure.reason == "NOT_FOUND", "a context of the other Konnektor does not reach the card"
    for card, was in zip(cards, before, strict=True):
        now = await here.simulator.counts(card)
        assert [now[what] - was[what] for what in ("verify_pin_calls", "pin_prompts")] == [1, 1]


async def test_each_workstation_sees_its_own_practice_only(here: Practice) -> None:
    await _ready(here)
    laboratory = await here.workstation("Labor allein", contexts=("labor",))
    async with here.connected(laboratory) as box:
        await here.card(box, "SMC_B", "0109")
        assert {one.iccsn_tail for one in await box.cards.list()} == {"0109"}
        assert [one.name for one in await box.konnektors.list()] == ["konnektors/k2"]


async def test_a_card_that_moves_to_the_other_konnektor_keeps_its_name(here: Practice) -> None:
    await _ready(here)
    async with here.technician() as box:
        name = await here.card(box, "SMC_B", "0101")
        await here.simulator.do("/cards/smcb-m1/pull")
        await here.simulator.do("/cards/smcb-m1/insert", terminal="kt-labor", slot=2)

        async def moved() -> bool:
            card = next((one for one in await box.cards.list() if one.name == name), None)
            return card is not None and [route.konnektor for route in card.routes] == ["konnektors/k2"]

        try:
            await until(moved, within=25.0)
        finally:
            await here.simulator.do("/cards/smcb-m1/pull")
            await here.simulator.do("/cards/smcb-m1/insert", terminal="kt-empfang", slot=3)


async def test_one_that_is_down_takes_nothing_from_the_other(here: Practice) -> None:
    await _ready(here)
    profile = await here.workstation("Labor trotzdem", contexts=("labor",))
    async with here.technician() as technician, here.connected(profile) as box:
        edges = await edges_from_now(technician)
        await here.simulator.do("/konnektors/konnektor/reboot", down_seconds=8)
        card = await here.card(box, "SMC_B", "0109")
        job = await entered(box, pin_entry(card, context=LABOR))
        assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED
        await edges.seen(inventory_pb2.EVENT_TYPE_KONNEKTOR_REBOOTED, within=20.0)
        await edges.close()
    await _ready(here)


async def test_one_that_falls_silent_slows_nothing_of_the_other(here: Practice) -> None:
    """Calls to the silent one hang for five seconds each; calls, PIN entries and events of the other do not."""
    await _ready(here)
    both = await here.workstation("Beide", contexts=("empfang", "labor"))
    async with here.connected(both) as box:
        near, far = await here.card(box, "SMC_B", "0101"), await here.card(box, "SMC_B", "0109")
        await here.simulator.do("/konnektors/konnektor/line", line="soap", kind="half_open")
        try:
            stuck = asyncio.create_task(box.pins.status(near, card_pb2.PIN_SMC, context="contexts/empfang"))
            await asyncio.sleep(0.5)
            started = time.monotonic()
            for _ in range(10):
                await box.pins.status(far, card_pb2.PIN_SMC, context=LABOR)
            edges = await edges_from_now(box)
            job = await entered(box, pin_entry(far, context=LABOR))
            await edges.seen(inventory_pb2.EVENT_TYPE_PIN_ENTRY_FINISHED)
            assert time.monotonic() - started < 3.0
            assert not stuck.done(), "nobody was silent"
            assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED
            with pytest.raises(CallFailed) as silent:
                await stuck
            assert silent.value.failure.reason in {"KONNEKTOR_SILENT", "KONNEKTOR_UNREACHABLE"}
            await edges.close()
        finally:
            await here.simulator.do("/konnektors/konnektor/line", method="DELETE")
    await _ready(here)
