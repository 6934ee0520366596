"""Subscriptions and CETP: who is told what, from where, and what gets lost."""

import asyncio

import aiohttp
import pytest

from firmware_sim.simulation import Simulation
from tests.sim.conftest import Client
from tests.sim.event_sink import EventSink, event_sink
from tests.sim.soap_client import PrimarySystem, Reply, sign, subscription
from tests.sim.wire.test_pins import asked, plays
from tests.sim.wire.test_signatures import text_request


async def subscribe(system: PrimarySystem, sink: EventSink, topic: str = "CARD", filter_: str = "") -> Reply:
    return await system.call("EVT:Subscribe", subscription(sink.url, topic, filter_))


async def test_a_card_comes_and_goes(simulation: Simulation, pvs: PrimarySystem, sink: EventSink) -> None:
    id_ = (await subscribe(pvs, sink)).text("EVT:SubscriptionID")
    old = await pvs.handle("EGK")
    simulation.practice.pull("egk-muster")
    simulation.practice.insert("egk-muster", "kt-empfang", 2)
    assert await sink.topics(2) == ["CARD/REMOVED", "CARD/INSERTED"]
    removed, inserted = sink.received
    assert removed.subscription == inserted.subscription == id_
    assert removed.parameters["CardHandle"] == old
    assert inserted.parameters["CardHandle"] == await pvs.handle("EGK") != old
    assert inserted.parameters["SlotID"] == "2"
    assert {"CardType", "ICCSN", "CtID", "InsertTime", "CardHolderName", "KVNR", "CertExpirationDate"} <= set(
        inserted.parameters
    )
    assert "CertExpirationDate" not in removed.parameters


async def test_events_come_from_the_konnektors_own_address(
    simulation: Simulation, pvs: PrimarySystem, sink: EventSink
) -> None:
    await subscribe(pvs, sink)
    simulation.practice.pull("egk-muster")
    simulation.practice.insert("egk-muster", "kt-empfang", 1)
    await sink.topics(2)
    assert {each.peer for each in sink.received} == {"127.0.0.2"}
    assert [each.connection for each in sink.received] == [1, 2]


@pytest.mark.parametrize("world_text", ["kept"], indirect=True)
async def test_several_frames_on_one_connection(simulation: Simulation, pvs: PrimarySystem, sink: EventSink) -> None:
    await subscribe(pvs, sink)
    simulation.practice.pull("egk-muster")
    simulation.practice.insert("egk-muster", "kt-empfang", 1)
    await sink.topics(2)
    assert [each.connection for each in sink.received] == [1, 1]


@pytest.mark.parametrize("world_text", ["plain"], indirect=True)
async def test_plain_events(simulation: Simulation, pvs: PrimarySystem) -> None:
    async with event_sink(None) as plain:
        await subscribe(pvs, plain)
        simulation.practice.pull("egk-muster")
        assert await plain.topics(1) == ["CARD/REMOVED"]


async def test_topics_and_filters(simulation: Simulation, pvs: PrimarySystem, sink: EventSink) -> None:
    hba_only = "//EVT:Parameter[EVT:Key='CardType' and EVT:Value='HBA']"
    await subscribe(pvs, sink, "CARD/REMOVED", hba_only)
    await subscribe(pvs, sink, "CARD/INSERTED", "/Event/Message/Parameter[Key='CardType']/Value='EGK'")
    for card, terminal in (("egk-muster", "kt-empfang"), ("hba-adler", "kt-sprechzimmer")):
        simulation.practice.pull(card)
        simulation.practice.insert(card, terminal, 1)
    await sink.topics(2)
    await asyncio.sleep(0.1)
    shown = {(each.topic, each.parameters["CardType"]) for each in sink.received}
    assert shown == {("CARD/REMOVED", "HBA"), ("CARD/INSERTED", "EGK")}


async def test_a_filter_that_cannot_be_evaluated(pvs: PrimarySystem, sink: EventSink) -> None:
    assert (await subscribe(pvs, sink, "CARD", "//EVT:Parameter[")).code == 4095
    assert (await subscribe(pvs, sink, "CARD", "nonsense()")).code == 4095


async def test_other_mandants_cards_are_not_told(simulation: Simulation, client: Client, sink: EventSink) -> None:
    await subscribe(client("pvs", mandant="m2"), sink)
    simulation.practice.pull("hba-adler")
    simulation.practice.insert("hba-adler", "kt-sprechzimmer", 1)
    simulation.practice.pull("smcb-m1")
    simulation.practice.insert("smcb-m1", "kt-empfang", 3)
    simulation.practice.pull("smcb-m2")
    simulation.practice.insert("smcb-m2", "kt-empfang", 4)
    inserted = [each for each in await collected(sink) if each[0] == "CARD/INSERTED"]
    assert inserted == [("CARD/INSERTED", "80276001011699900102")]


async def collected(sink: EventSink) -> list[tuple[str, str]]:
    await sink.topics(2)
    await asyncio.sleep(0.2)
    return [(each.topic, each.parameters.get("ICCSN", "")) for each in sink.received]


async def test_who_has_to_type_where(simulation: Simulation, client: Client, sink: EventSink) -> None:
    pvs = client("pvs", workplace="sprechzimmer")
    await subscribe(pvs, sink, "CARD/PIN")
    plays(simulation, "kt-sprechzimmer", {"action": "type_wrong"})
    await pvs.pin("VerifyPin", await pvs.handle("SMC-B"), "PIN.SMC")
    started = await sink.first("CARD/PIN/VERIFY_STARTED")
    finished = await sink.first("CARD/PIN/VERIFY_FINISHED")
    assert (started.parameters["CtID"], started.parameters["PinInputCtID"]) == ("kt-empfang", "kt-sprechzimmer")
    assert (started.parameters["PinRef"], "Result" in started.parameters) == ("PIN.SMC", False)
    assert finished.parameters["Result"] == "REJECTED"


async def test_progress_of_a_batch_goes_to_its_client_system(
    simulation: Simulation, pvs: PrimarySystem, client: Client, sink: EventSink
) -> None:
    await subscribe(client("kim"), sink, "SIG")
    await subscribe(pvs, sink, "SIG")
    handle = await pvs.handle("SMC-B")
    await sign(pvs, handle, *(text_request(request_id=str(number)) for number in range(3)), job="KWT-007")
    await sink.topics(3)
    await asyncio.sleep(0.1)
    assert [each.parameters for each in sink.received] == [{"JobNumber": "KWT-007"}] * 3


async def test_a_lost_link_has_an_event_of_its_own(simulation: Simulation, pvs: PrimarySystem, sink: EventSink) -> None:
    await subscribe(pvs, sink, "NETWORK")
    await subscribe(pvs, sink, "OPERATIONAL_STATE")
    device = simulation.practice.devices["konnektor"]
    for holds in (True, False):
        device.set_condition("EC_No_VPN_TI_Connection", holds)
    state = "OPERATIONAL_STATE/EC_No_VPN_TI_Connection"
    assert await sink.topics(4) == [state, "NETWORK/VPN_TI/DOWN", state, "NETWORK/VPN_TI/UP"]
    assert [each.parameters.get("Value") for each in sink.received] == ["true", None, "false", None]


async def test_lost_events_are_lost(simulation: Simulation, pvs: PrimarySystem, sink: EventSink) -> None:
    await subscribe(pvs, sink)
    simulation.konnektors["konnektor"].sender.lose = 1
    simulation.practice.pull("egk-muster")
    simulation.practice.insert("egk-muster", "kt-empfang", 1)
    assert await sink.topics(1) == ["CARD/INSERTED"]


async def test_an_endpoint_that_is_not_there_loses_its_subscription(
    simulation: Simulation, pvs: PrimarySystem, sink: EventSink, free_port: int
) -> None:
    dead = EventSink(url=f"cetp://127.0.0.1:{free_port}")
    await subscribe(pvs, dead)
    await subscribe(pvs, sink)
    for _ in range(3):
        simulation.practice.pull("egk-muster")
        simulation.practice.insert("egk-muster", "kt-empfang", 1)
    await sink.topics(6)
    subscriptions = simulation.practice.devices["konnektor"].subscriptions
    async with asyncio.timeout(5):
        while len(list(subscriptions)) > 1:
            await asyncio.sleep(0.01)
    assert [each.event_to for each in subscriptions] == [sink.url]


@pytest.mark.parametrize("world_text", ["forgetful"], indirect=True)
async def test_subscriptions_expire_and_can_be_renewed(pvs: PrimarySystem, sink: EventSink) -> None:
    id_ = (await subscribe(pvs, sink)).text("EVT:SubscriptionID")
    renew = f"<EVT:SubscriptionID>{id_}</EVT:SubscriptionID><EVT:SubscriptionID>unknown</EVT:SubscriptionID>"
    renewed = await pvs.call("EVT:RenewSubscriptions", renew)
    assert renewed.texts(".//EVT:SubscriptionRenewal/EVT:SubscriptionID") == [id_]
    await asyncio.sleep(0.35)
    assert (await pvs.call("EVT:RenewSubscriptions", renew)).code == 4102
    assert (await pvs.call("EVT:GetSubscription")).texts(".//EVT:Subscription") == []


async def test_the_same_subscription_again(pvs: PrimarySystem, sink: EventSink) -> None:
    ids = {(await subscribe(pvs, sink)).text("EVT:SubscriptionID") for _ in range(2)}
    assert len(ids) == 1
    assert (await pvs.call("EVT:Unsubscribe", f"<EVT:EventTo>{sink.url}</EVT:EventTo>")).status == 200
    assert (await pvs.call("EVT:Unsubscribe", f"<EVT:EventTo>{sink.url}</EVT:EventTo>")).code == 4102


async def test_a_boot_forgets_and_tells(simulation: Simulation, pvs: PrimarySystem, sink: EventSink) -> None:
    konnektor = simulation.konnektors["konnektor"]
    await subscribe(pvs, sink)
    old, port = await pvs.handle("SMC-B"), konnektor.listener.port
    await konnektor.reboot(0.05)
    await konnektor.wait_until_up()
    assert konnektor.listener.port == port
    assert (await sink.first("BOOTUP/BOOTUP_COMPLETE")).subscription == ""
    assert (await pvs.pin("GetPinStatus", old, "PIN.SMC")).code == 4008
    status = await pvs.pin("GetPinStatus", await pvs.handle("SMC-B"), "PIN.SMC")
    assert status.text("CARD:PinStatus") == "VERIFIABLE"
    assert (await pvs.call("EVT:GetSubscription")).texts(".//EVT:SubscriptionID") == []


async def test_a_boot_ends_what_runs(simulation: Simulation, pvs: PrimarySystem) -> None:
    call = asyncio.create_task(pvs.pin("VerifyPin", await pvs.handle("SMC-B"), "PIN.SMC"))
    await asked(simulation.pads["kt-empfang"])
    konnektor = simulation.konnektors["konnektor"]
    await konnektor.reboot(0.05)
    with pytest.raises(aiohttp.ClientConnectionError):
        await call
    await konnektor.wait_until_up()
    assert simulation.pads["kt-empfang"].prompt is None
    assert simulation.practice.counts.total().pin_tries_wrong == 0
