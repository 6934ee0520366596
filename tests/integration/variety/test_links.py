"""How the agent is told of a Konnektor and how events reach it: .kon files, NAT, certificates asked for and renewed."""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from kartenwart.api.card.v1 import card_pb2
from kartenwart.api.job.v1 import job_pb2
from kartenwart.api.konnektor.v1 import konnektor_pb2
from kartenwart.api.signature.v1 import signature_service_pb2 as signature_pb2
from kartenwart.client import Kartenwart
from tests.integration.practice.desk import EMPFANG, entered, link, pin_entry, signature
from tests.integration.variety.devices import CONTEXTS, Device, contexts, konnektor, working, world
from tests.practice import Practice, Simulator
from tests.waiting import until

pytestmark = pytest.mark.timeout(60)

PLAIN_EVENTS = Device(profile="rise", generation="PTV5", lines=('cetp = "plain"',), settings="cetp_tls = false")
HSM = """
[[konnektors.terminals]]
name = "rechenzentrum"
label = "Rechenzentrum"
mac = "00-00-00-00-00-00"
address = "127.0.0.14"
physical = false

[[cards]]
name = "hsm-m1"
kind = "hsmb"
iccsn = "80276001011699900177"
holder = "Praxis am Markt TEST-ONLY"
telematik_id = "1-20000000177"
terminal = "rechenzentrum"
slot = 1
pins = [{ reference = "PIN.SMC", pin = "135790" }]
"""


def der(path: str) -> str:
    certificate = x509.load_pem_x509_certificate(Path(path).read_bytes())
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def kon_file(folder: Path, facts: dict[str, Any], trusted: str, **more: Any) -> Path:
    """Write what `ti` would be given for this Konnektor."""
    client = facts["clients"]["kartenwart"]
    said = {
        "version": "1.0.0",
        "url": facts["sds_url"].removesuffix("/connector.sds"),
        "rewriteServiceEndpoints": True,
        "mandantId": "m1",
        "clientSystemId": "kartenwart",
        "workplaceId": "empfang",
        "expectedHost": "konnektor.praxis-am-markt.test",
        "credentials": {
            "type": "pkcs12",
            "data": base64.b64encode(Path(client["p12"]).read_bytes()).decode(),
            "password": "${KON_PASSWORD}",
        },
        "trustStore": [der(facts[trusted])],
    }
    file = folder / "praxis.kon"
    file.write_text(json.dumps(said | more), encoding="utf-8")
    return file


@pytest.mark.parametrize("trusted", ["root_pem", "server_cert_pem"])
async def test_a_kon_file_is_all_that_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: str) -> None:
    device = Device(profile="ti-gateway", generation="PTV6", lines=('path_prefix = "/kon8"',))

    def settings(sim: Simulator) -> str:
        facts = sim.konnektor
        monkeypatch.setenv("KON_PASSWORD", Path(facts["clients"]["kartenwart"]["p12_password_file"]).read_text())
        kon_file(tmp_path, facts, trusted)
        return '[konnektors.praxis]\nkon = "../praxis.kon"\ncetp_listen = "127.0.0.1:0"\n'

    async with working(tmp_path, world(device), settings) as here:
        await here.simulator.plays("kt-empfang", default="type_right")
        profile = await here.workstation("Empfang", contexts=("praxis",))
        async with here.connected(profile) as box:
            await link(box, konnektor_pb2.LINK_STATE_UP)
            job = await entered(box, pin_entry(await here.card(box, "SMC_B"), context="contexts/praxis"))
            assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_VERIFIED


async def _subscribed(box: Kartenwart) -> None:
    async def told() -> bool:
        return (await box.konnektors.list())[0].events_subscribed

    await until(told)


async def _event_of(here: Practice, act: str, **more: Any) -> None:
    """Do something with the eGK and wait until the agent shows it, long before the next poll."""
    async with here.technician() as box:

        async def there() -> bool:
            kinds = {one.type for one in await box.cards.list()}
            return (card_pb2.CARD_TYPE_EGK in kinds) == (act == "insert")

        await here.simulator.do(f"/cards/egk-muster/{act}", **more)
        await until(there, within=5.0)


@dataclass(kw_only=True)
class Nat:
    """A port that forwards to another one, as a router does."""

    port: int = 0
    target: int = 0
    carried: int = 0

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.carried += 1
        _, inward = await asyncio.open_connection("127.0.0.1", self.target, local_addr=("127.0.0.9", 0))
        while data := await reader.read(65536):
            inward.write(data)
            await inward.drain()
        inward.close()
        writer.close()


@asynccontextmanager
async def nat() -> AsyncIterator[Nat]:
    made = Nat()
    server = await asyncio.start_server(made.carry, "127.0.0.8", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()


async def test_events_come_to_the_address_that_is_told(tmp_path: Path, free_port: int) -> None:
    async with nat() as router:
        router.target = free_port
        told = f"cetp://127.0.0.8:{router.port}"
        more = (
            f'cetp_tls = false\ncetp_advertise = "{told}"\n'
            'event_sources = ["127.0.0.9/32"]  # behind NAT events come from the router'
        )

        def settings(sim: Simulator) -> str:
            text = konnektor("k1", sim.konnektor, more=more) + contexts("k1", CONTEXTS)
            return text.replace('cetp_listen = "127.0.0.1:0"', f'cetp_listen = "127.0.0.1:{free_port}"')

        async with working(tmp_path, world(PLAIN_EVENTS), settings) as here:
            async with here.technician() as box:
                await _subscribed(box)
            subscriptions = (await here.simulator.ask("/state"))["konnektors"][0]["subscriptions"]
            assert {one["event_to"] for one in subscriptions} == {told}
            await _event_of(here, "pull")
            assert router.carried >= 1


async def test_the_listener_asks_for_the_konnektors_certificate_and_shows_its_own_renewed_one(
    tmp_path: Path, free_port: int
) -> None:
    def settings(sim: Simulator) -> str:
        facts = sim.konnektor
        more = f'cetp_trust_ca = "{facts["root_pem"]}"'
        text = konnektor("k1", facts, more=more) + contexts("k1", CONTEXTS)
        return text.replace('cetp_listen = "127.0.0.1:0"', f'cetp_listen = "127.0.0.1:{free_port}"')

    async with working(tmp_path, world(Device(profile="secunet", generation="PTV5")), settings) as here:
        async with here.technician() as box:
            await _subscribed(box)
        await _event_of(here, "pull")
        with pytest.raises((ssl.SSLError, OSError)):
            await _shake_hands(free_port, None)
        client = here.simulator.konnektor["clients"]["kartenwart"]
        before = await _shake_hands(free_port, client)
        (here.agent.folder / "state" / "site" / "server.pem").unlink()  # due: a leaf is issued at the next look

        async def renewed() -> bool:
            async with here.technician() as box:
                await box.enrolments.open()
                await box.enrolments.close()
            return await _shake_hands(free_port, client) != before

        await until(renewed, within=20.0, every=0.5)
        await _event_of(here, "insert", terminal="kt-empfang", slot=1)


async def _shake_hands(port: int, client: dict[str, str] | None) -> bytes:
    """Return the certificate that the listener shows; with TLS 1.2, as Konnektoren speak."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    if client is not None:
        context.load_cert_chain(client["cert_pem"], client["key_pem"])
    _, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, local_addr=("127.0.0.2", 0), server_hostname=""
    )
    shown: bytes = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    return shown


async def test_an_sm_b_in_the_data_centre_signs_without_anybody_at_a_pad(tmp_path: Path) -> None:
    device = Device(
        profile="ti-gateway", generation="PTV6", lines=('advertise = "https://127.0.0.254:9"',), settings=""
    )
    text = world(device, managed="hsm-m1").replace(
        'terminals = ["kt-empfang", "kt-sprechzimmer"]',
        'terminals = ["kt-empfang", "kt-sprechzimmer", "rechenzentrum"]',
    )
    text = text.replace('local = ["kt-empfang"]', 'local = ["kt-empfang", "rechenzentrum"]', 1)
    terminal, card = HSM.split("\n[[cards]]")
    text = (
        text.replace("\n[[konnektors.workplaces]]", terminal + "\n[[konnektors.workplaces]]", 1) + "\n[[cards]]" + card
    )

    def settings(sim: Simulator) -> str:
        return konnektor("k1", sim.konnektor, more="rewrite_endpoints = true") + contexts("k1", CONTEXTS)

    async with working(tmp_path, text, settings) as here:
        profile = await here.workstation("Empfang", contexts=("empfang",))
        async with here.connected(profile) as box:
            hsm = await here.card(box, "HSM_B")
            locked = await entered(box, pin_entry(hsm, context=EMPFANG, force=False))
            assert locked.failure.konnektor_code == 4066
            unlocked = {"card": "hsm-m1", "pin": "PIN.SMC", "mandant": "m1", "client_system": "kartenwart"}
            await here.simulator.do("/sessions/verify", **unlocked)
            job = await entered(box, pin_entry(hsm, context=EMPFANG, force=False))
            assert job.verify_pin.outcome == job_pb2.PIN_OUTCOME_ALREADY_VERIFIED
            document = await box.documents.upload(b"Befund", "text/plain")
            signed = await box.jobs.follow(
                await box.signatures.start(
                    signature(hsm, document.name, context=EMPFANG, form=signature_pb2.SIGNATURE_FORMAT_CADES_ENVELOPING)
                )
            )
            assert signed.state == job_pb2.JOB_STATE_SUCCEEDED, signed
        counts = await here.simulator.counts("hsm-m1")
        assert (counts["signatures"], counts["pin_prompts"]) == (1, 0)
