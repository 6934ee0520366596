"""The agent at work with each kind of device: inventory, events, PIN entry, signature."""

import uuid
from pathlib import Path

import pytest

from firmware_sim.signing import make_pdf
from kartenwart.api.inventory.v1 import inventory_service_pb2 as inventory_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client import Kartenwart
from kartenwart.client.failures import JobFailed
from tests.integration.practice.desk import AT_THE_DOCTOR, AT_THE_RECEPTION, EMPFANG, bound, entered, link, pin_entry
from tests.integration.practice.edges import edges_from_now
from tests.integration.variety.devices import CONTEXTS, Device, contexts, konnektor, working, world
from tests.practice import Practice
from tests.waiting import until

pytestmark = pytest.mark.timeout(90)

DEVICES = (
    Device(  # SOAP1 with RSA on both sides and an old PKCS#12, CETP1; only SignatureService 7.4.0
        profile="kocobox",
        generation="PTV3",
        lines=('server_key = "rsa"',),
        client='key = "rsa"\np12 = "legacy"',
        signs=False,
        version="3.6.0",
    ),
    Device(  # SOAP4: plain HTTP, CETP2
        profile="kocobox",
        generation="PTV6",
        lines=('authentication = "none"', "tls_mandatory = false", 'cetp = "plain"'),
        login="none",
        settings="cetp_tls = false",
        version="6.0.0",
    ),
    Device(  # SOAP2: name and password, CETP1
        profile="secunet",
        generation="PTV5",
        lines=('authentication = "basic"', 'host_names = ["konnektor.praxis-am-markt.test"]'),
        login="basic",
        version="5.2.0",
    ),
    Device(  # SOAP1 with brainpool on both sides, CETP1
        profile="rise",
        generation="PTV4+",
        lines=('server_key = "brainpool"',),
        client='key = "brainpool"',
        version="4.80.0",
    ),
    Device(  # SOAP3: TLS and nobody is asked, RSA, CETP2; SignatureService 7.4.2
        profile="ehex",
        generation="PTV4",
        lines=('authentication = "none"', 'server_key = "rsa"', 'cetp = "plain"'),
        login="none",
        settings="cetp_tls = false",
        version="4.8.0",
    ),
    Device(  # SOAP1 behind a gateway: the directory's addresses lead nowhere
        profile="ti-gateway",
        generation="PTV6",
        lines=('path_prefix = "/kon8"', 'advertise = "https://127.0.0.254:9"'),
        settings="rewrite_endpoints = true",
        version="6.0.0",
    ),
)


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
async def test_a_day_with(tmp_path: Path, device: Device) -> None:
    def settings(facts: dict[str, object]) -> str:
        return konnektor("k1", facts, login=device.login, more=device.settings) + contexts("k1", CONTEXTS)

    async with working(tmp_path, world(device), lambda sim: settings(sim.konnektor)) as here:
        for pad in (AT_THE_DOCTOR, AT_THE_RECEPTION):
            await here.simulator.plays(pad, default="type_right")
        async with here.technician() as technician:
            await technician.users.create("adler", "Dr. Adler")
        profile = await here.workstation("Sprechzimmer 1", contexts=tuple(CONTEXTS), users=("adler",))
        async with here.connected(profile) as box:
            await _looks_around(box, device)
            await _hears_a_card(here, box)
            await _enters_a_pin(here, box)
            await _signs(here, box, device)


async def _looks_around(box: Kartenwart, device: Device) -> None:
    found = await link(box, konnektor_pb2.LINK_STATE_UP)
    listed = {(each.service, each.version) for each in found.services}
    assert found.product_type_version == device.version
    assert ("CardService", "8.2.1") in listed if device.generation == "PTV6" else ("CardService", "8.2.1") not in listed
    assert ("SignatureService", "7.5.5") in listed if device.generation not in ("PTV3", "PTV4") else True
    assert {card.iccsn_tail for card in await box.cards.list()} >= {"0101", "0201", "0202"}
    assert {terminal.label for terminal in await box.terminals.list()} == {"Empfang", "Sprechzimmer"}


async def _hears_a_card(here: Practice, box: Kartenwart) -> None:
    """An event within two seconds: the next poll would be twenty away."""

    async def subscribed() -> bool:
        return (await box.konnektors.list())[0].events_subscribed

    await until(subscribed)
    edges = await edges_from_now(box)
    await here.simulator.do("/cards/egk-muster/pull")
    await edges.seen(inventory_pb2.EVENT_TYPE_CARD_REMOVED, confirmed=False, within=4.0)
    await edges.close()


async def _enters_a_pin(here: Practice, box: Kartenwart) -> None:
    smcb = await here.card(box, "SMC_B")
    job = await entered(box, pin_entry(smcb, context=EMPFANG))
    assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED
    counts = await here.simulator.counts("smcb-m1")
    assert (counts["verify_pin_calls"], counts["pin_prompts"]) == (1, 1)


async def _signs(here: Practice, box: Kartenwart, device: Device) -> None:
    hba = await here.card(box, "HBA", "0201")
    await bound(here, box, hba, "users/adler")
    await here.simulator.plays(AT_THE_DOCTOR, default="type_right")
    letter = make_pdf("pdfa2")

    async def sign() -> bytes:
        signed = await box.sign(
            letter,
            mime_type="application/pdf",
            format=signature_pb2.SIGNATURE_FORMAT_PADES,
            request_id=str(uuid.uuid4()),
            accept_unknown_attempts=True,
            card=hba,
            user="users/adler",
            context="contexts/sprechzimmer",
        )
        return signed.content

    if device.signs:
        assert len(await sign()) > len(letter)
    else:
        with pytest.raises(JobFailed) as refused:
            await sign()
        assert refused.value.failure.reason == "CERTIFICATE_MISSING"
    counts = await here.simulator.counts("hba-adler")
    assert counts["signatures"] == (1 if device.signs else 0)
    assert counts["pin_prompts"] == (2 if device.signs else 1), "PIN.CH when bound, PIN.QES when signing"
