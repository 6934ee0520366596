import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.konnektor import Konnektor, KonnektorConfiguration
from kartenwart.domain.failures import Reason, WorldError
from kartenwart.domain.inventory import CardType, LinkState, OnlineState
from kartenwart.transport.credentials import from_pem
from kartenwart.transport.trust import PinTrust
from tests.integration.konnektor.conftest import EMPFANG, NEIGHBOUR, PVS, SPRECHZIMMER, Simulator
from tests.unit.transport.peers import blocking_server, make, server_context


async def test_every_context_s_view_is_merged(konnektor: Konnektor) -> None:
    seen = await konnektor.observe()
    assert seen.konnektor.name == "konnektors/k"
    assert seen.konnektor.link_state is LinkState.UP
    assert seen.konnektor.condition is None
    assert seen.konnektor.ti_state is OnlineState.ONLINE
    assert seen.konnektor.vendor
    assert {service.service for service in seen.konnektor.services} >= {"EventService", "CardService"}
    terminals = {terminal.label: terminal for terminal in seen.terminals}
    assert len(terminals) == 2
    assert all(terminal.contexts == {EMPFANG.name, SPRECHZIMMER.name} for terminal in seen.terminals)
    cards = [card.type for card in seen.cards]
    assert cards.count(CardType.HBA) == 2
    assert cards.count(CardType.SMC_B) == 1
    smcb = next(card for card in seen.cards if card.type is CardType.SMC_B)
    assert smcb.contexts == {EMPFANG.name, SPRECHZIMMER.name}
    assert len(smcb.iccsn) == 20
    assert smcb.iccsn not in repr(smcb)


async def test_a_patient_s_card_is_near_where_the_konnektor_lets_it_be_used(
    simulator: Simulator, konnektor: Konnektor
) -> None:
    """Both workplaces are listed for its terminal and both are listed the card; only one of them has it at hand."""
    for slot in (1, 2):
        egk = next(card for card in (await konnektor.observe()).cards if card.type is CardType.EGK)
        assert egk.contexts == {EMPFANG.name, SPRECHZIMMER.name}
        assert egk.local_contexts == {EMPFANG.name}
        asked = sum(call["operation"] == "GetResourceInformation" for call in (await simulator.get("/calls"))["calls"])
        await konnektor.observe()
        again = sum(call["operation"] == "GetResourceInformation" for call in (await simulator.get("/calls"))["calls"])
        assert again == asked + 1  # the Konnektor's own state; what is known of the card is not asked again
        if slot == 1:
            await simulator.post("/cards/egk-muster/pull")
            await simulator.post("/cards/egk-muster/insert", {"terminal": "kt-empfang", "slot": 2})


async def test_client_systems_log_in_with_certificates_of_their_own(simulator: Simulator) -> None:
    configuration = simulator.configuration(EMPFANG, PVS, NEIGHBOUR)
    async with Konnektor(configuration, SystemClock()) as konnektor:
        seen = await konnektor.observe()
    assert seen.konnektor.condition is None
    by_contexts = {card.contexts for card in seen.cards if card.type is CardType.SMC_B}
    assert by_contexts == {frozenset({EMPFANG.name, PVS.name}), frozenset({NEIGHBOUR.name})}


async def test_a_refused_context_degrades_and_the_others_go_on(simulator: Simulator) -> None:
    stranger = replace(EMPFANG, name="contexts/stranger", mandant="m9")
    async with Konnektor(simulator.configuration(stranger, EMPFANG), SystemClock()) as konnektor:
        seen = await konnektor.observe()
    assert seen.konnektor.link_state is LinkState.DEGRADED
    assert seen.konnektor.condition is not None
    assert seen.konnektor.condition.reason is Reason.KONNEKTOR_CONTEXT_REFUSED
    assert seen.konnektor.condition.konnektor_code in (4004, 4021)
    assert seen.cards


async def test_a_certificate_that_the_konnektor_does_not_know_is_no_trouble_of_the_network(
    simulator: Simulator,
) -> None:
    unknown = make("kartenwart")
    login = from_pem(unknown.certificate_pem, unknown.key_pem)
    async with Konnektor(simulator.configuration(login=login, logins={}), SystemClock()) as konnektor:
        with pytest.raises(WorldError) as refused:
            await konnektor.observe()
    assert refused.value.failure.reason is Reason.KONNEKTOR_CREDENTIALS_REFUSED


async def test_a_certificate_of_another_client_system_is_refused(simulator: Simulator) -> None:
    configuration = simulator.configuration(PVS, logins={})
    async with Konnektor(configuration, SystemClock()) as konnektor:
        with pytest.raises(WorldError) as refused:
            await konnektor.observe()
    assert refused.value.failure.reason is Reason.KONNEKTOR_CONTEXT_REFUSED
    assert refused.value.failure.konnektor_code == 4204


async def test_a_certificate_that_has_run_out_is_named_in_the_journal_when_it_is_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody has looked at it since the start; it is said once, and not by a healthy link."""
    authority = make("authority")
    device, client = make("k", issuer=authority), make("client", issuer=authority, days=-2)
    context = server_context(device, tmp_path, clients=authority)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # as Konnektoren speak; the alert comes within the handshake
    configuration = KonnektorConfiguration(
        name="konnektors/k",
        url="https://127.0.0.1",
        short_seconds=1.0,
        trust=PinTrust(sha256=device.pin),
        login=from_pem(client.certificate_pem, client.key_pem),
        contexts=(EMPFANG,),
    )
    with blocking_server(context, b"") as (port, _):
        async with Konnektor(replace(configuration, url=f"https://127.0.0.1:{port}"), SystemClock()) as konnektor:
            with pytest.raises(WorldError) as refused:
                await konnektor.observe()
            assert refused.value.failure.reason is Reason.KONNEKTOR_CREDENTIALS_REFUSED
            with pytest.raises(WorldError):
                await konnektor.observe()
    (said,) = (one for one in caplog.records if one.name.startswith("kartenwart"))
    assert isinstance(said.args, Mapping)
    assert (said.msg, said.args["konnektor"]) == ("konnektor.certificate_validity", "konnektors/k")
    assert "abgelaufen" in str(said.args["doubt"])


async def test_clock_off_and_error_states_are_said(simulator: Simulator, konnektor: Konnektor) -> None:
    name = simulator.konnektor["name"]
    await simulator.post(f"/konnektors/{name}/clock", {"offset_seconds": 3600})
    seen = await konnektor.observe()
    assert seen.konnektor.condition is not None
    assert seen.konnektor.condition.reason is Reason.KONNEKTOR_CLOCK_OFF
