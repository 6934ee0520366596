from dataclasses import replace
from pathlib import Path

from kartenwart.adapters.clock import SystemClock
from kartenwart.adapters.konnektor import CetpConfiguration, Konnektor
from kartenwart.domain.inventory import CardType
from kartenwart.domain.ports.observations import NoticeType
from kartenwart.transport.credentials import from_pem
from tests.integration.konnektor.conftest import EMPFANG, Heard, Simulator


async def test_cards_and_terminals_are_told_with_their_context(simulator: Simulator, konnektor: Konnektor) -> None:
    await konnektor.subscribe()
    async with Heard(konnektor) as heard:
        await simulator.post("/cards/egk-muster/pull")
        gone = await heard.wait(NoticeType.CARD_REMOVED)
        assert gone.context == EMPFANG.name
        assert gone.handle
        await simulator.post("/cards/egk-muster/insert", {"terminal": "kt-empfang", "slot": 1})
        come = await heard.wait(NoticeType.CARD_INSERTED)
        assert come.card is not None
        assert come.card.type is CardType.EGK
        assert come.card.handle not in ("", gone.handle)
        assert (come.card.slot_id, len(come.card.iccsn)) == (1, 20)
        assert come.card.inserted_at is not None
        await simulator.post("/terminals/kt-sprechzimmer/disconnect")
        assert (await heard.wait(NoticeType.TERMINAL_DISCONNECTED)).ct_id
    assert konnektor.events_dropped.get("subscription", 0) == 0


async def test_after_a_boot_everything_is_subscribed_anew(simulator: Simulator, konnektor: Konnektor) -> None:
    await konnektor.subscribe()
    assert (await konnektor.observe()).konnektor.events_subscribed
    async with Heard(konnektor) as heard:
        name = simulator.konnektor["name"]
        await simulator.post(f"/konnektors/{name}/reboot", {"down_seconds": 0.5})
        booted = await heard.wait(NoticeType.BOOTED, 20)
        assert booted.context == ""
        assert not (await konnektor.observe()).konnektor.events_subscribed
        await konnektor.subscribe()
        assert (await konnektor.observe()).konnektor.events_subscribed
        await simulator.post("/cards/egk-muster/pull")
        await heard.wait(NoticeType.CARD_REMOVED)


async def test_stale_subscriptions_to_our_address_are_ended(simulator: Simulator, free_port: int) -> None:
    own = simulator.configuration().cetp
    assert own is not None
    configuration = simulator.configuration(EMPFANG, cetp=replace(own, listen_port=free_port))
    async with Konnektor(configuration, SystemClock()) as before:
        await before.subscribe()
    state = await simulator.get("/state")
    async with Konnektor(configuration, SystemClock()) as after:
        await after.subscribe()
        async with Heard(after) as heard:
            await simulator.post("/cards/egk-muster/pull")
            await heard.wait(NoticeType.CARD_REMOVED)
        assert after.events_dropped.get("subscription", 0) == 0
    assert state  # the practice went on between the two


async def test_the_konnektor_must_show_its_certificate_where_asked_to(simulator: Simulator) -> None:
    client = simulator.konnektor["clients"]["kartenwart"]
    own = from_pem(Path(client["cert_pem"]).read_bytes(), Path(client["key_pem"]).read_bytes())
    root = Path(simulator.konnektor["root_pem"]).read_text("ascii")
    cetp = CetpConfiguration(listen_host="127.0.0.1", certificate=lambda: own, authorities_pem=root)
    async with Konnektor(simulator.configuration(cetp=cetp), SystemClock()) as konnektor:
        await konnektor.subscribe()
        await simulator.post("/cards/egk-muster/pull")
        async with Heard(konnektor) as heard:
            await heard.wait(NoticeType.CARD_REMOVED)
