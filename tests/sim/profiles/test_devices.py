"""Devices at work: addresses, doors without TLS, addresses that nobody reaches, an SM-B in a data centre."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from asn1crypto import pkcs12
from lxml import etree

from firmware_sim.konnektor.konnektor import Konnektor
from firmware_sim.simulation import Simulation
from firmware_sim.world.configuration import VerifiedConfiguration
from firmware_sim.world.reading import WorldFileError, default_text, read_world
from tests.sim.profiles.conftest import Playing, only
from tests.sim.soap_client import NS, PrimarySystem, Reply, client_tls, sign, sign_request

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
CADES = "urn:ietf:rfc:5652"
HSM = """
[[cards]]
name = "hsm-m1"
kind = "hsmb"
iccsn = "80276001011699900177"
holder = "Praxis am Markt TEST-ONLY"
telematik_id = "1-20000000177"
terminal = "kt-empfang"
slot = 2
pins = [{ reference = "PIN.SMC", pin = "135790" }]
"""


class At(PrimarySystem):
    """A primary system that sends every operation to one path."""

    path = ""

    async def send(self, name: str, body: str, *, service: str = "") -> Reply:
        declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
        envelope = f"<S:Envelope {declared}><S:Body>{body}</S:Body></S:Envelope>"
        status, data = await self.post(self.path, envelope.encode())
        root = etree.fromstring(data).find(f"{SOAP}Body") if status != 404 else None
        return Reply(status=status, root=root[0] if root is not None else etree.Element("none"))


def at(session: aiohttp.ClientSession, konnektor: Konnektor, path: str, **context: Any) -> At:
    tls = client_tls(konnektor, "pvs" if konnektor.device.configuration.authentication == "certificate" else None)
    system = At(session=session, base=konnektor.listener.base, tls=tls, **context)
    system.path = path
    return system


def text_request(prefix: str) -> str:
    return sign_request(b"Befund", signature_type=CADES, mime_type="text/plain; charset=utf-8", prefix=prefix)


async def test_each_address_answers_for_its_own_service_and_version(
    playing: Playing, session: aiohttp.ClientSession
) -> None:
    async with playing('profile = "kocobox"') as simulation:
        konnektor = only(simulation)
        cards = await at(session, konnektor, "/service/systeminformationservice").call("EVT:GetCards")
        assert cards.status == 200
        assert (await at(session, konnektor, "/service/cardservice").call("EVT:GetCards")).code == 4000
        assert (await at(session, konnektor, "/ws/EventService").call("EVT:GetCards")).status == 404
        for path, right, wrong in (
            ("/service/signservice", "SIG74", "SIG75"),
            ("/service/v75/signservice", "SIG75", "SIG74"),
        ):
            assert (await at(session, konnektor, path).call(f"{right}:GetJobNumber")).status == 200
            assert (await at(session, konnektor, path).call(f"{wrong}:GetJobNumber")).code == 4000
        assert (await at(session, konnektor, "/service/fmvsdm").call("EVT:GetCards")).code == 4000


async def test_all_versions_at_one_address(playing: Playing, session: aiohttp.ClientSession) -> None:
    async with playing('profile = "secunet"', 'generation = "PTV6"', 'server_key = "rsa"') as simulation:
        for prefix in ("SIG74", "SIG75"):
            system = at(session, only(simulation), "/ws/SignatureService")
            assert (await system.call(f"{prefix}:GetJobNumber")).status == 200


async def test_soap4_speaks_plain_http_beside_tls(playing: Playing, session: aiohttp.ClientSession) -> None:
    async with playing('profile = "rise"', 'authentication = "none"', "tls_mandatory = false") as simulation:
        konnektor = only(simulation)
        async with session.get(konnektor.listener.plain_sds_url) as answer:
            directory = etree.fromstring(await answer.read())
        plain = directory.find(".//SI:Service[@Name='EventService']//SI:Endpoint", NS)
        assert plain is not None
        assert plain.get("Location") == f"{konnektor.listener.plain_base}/webservices/eventservice"
        system = at(session, konnektor, "/webservices/eventservice")
        assert (await system.call("EVT:GetCards")).status == 200
        system.base = konnektor.listener.plain_base
        assert (await system.call("EVT:GetCards")).status == 200


async def test_where_tls_is_mandatory_there_is_no_other_door(playing: Playing) -> None:
    async with playing('profile = "rise"') as simulation:
        assert only(simulation).listener.plain_sds_url == ""


async def test_behind_a_gateway_the_directory_tells_what_nobody_reaches(
    playing: Playing, session: aiohttp.ClientSession
) -> None:
    async with playing('profile = "ti-gateway"', 'path_prefix = "/kon8"') as simulation:
        konnektor = only(simulation)
        system = at(session, konnektor, "/kon8/webservices/eventservice")
        status, data = await system.get("/kon8/connector.sds")
        assert status == 200
        assert b"https://konnektor.ti-gateway.invalid/kon8/webservices/eventservice" in data
        assert (await system.get("/connector.sds"))[0] == 404
        assert (await system.call("EVT:GetCards")).status == 200
    async with playing('advertise = "https://127.0.0.254:9"') as simulation:
        system = at(session, only(simulation), "/ws/EventService")
        assert b'"https://127.0.0.254:9/ws/EventService"' in (await system.get("/connector.sds"))[1]


async def test_an_hsm_b_is_unlocked_by_its_operator_for_everybody(
    playing: Playing, session: aiohttp.ClientSession
) -> None:
    async with playing('profile = "ti-gateway"', managed="hsm-m1", more=HSM) as simulation:
        konnektor = only(simulation)
        await _locked_then_open(simulation, konnektor, session)


async def _locked_then_open(simulation: Simulation, konnektor: Konnektor, session: aiohttp.ClientSession) -> None:
    events = at(session, konnektor, "/webservices/eventservice")
    reply = await events.call("EVT:GetCards")
    kinds = reply.texts(".//CARD:Card/CARDCMN:CardType")
    handle = reply.texts(".//CARD:Card/CONN:CardHandle")[kinds.index("HSM-B")]
    cards = at(session, konnektor, "/webservices/cardservice")
    signatures = at(session, konnektor, "/webservices/signatureservice/v7.5")
    assert (await cards.pin("GetPinStatus", handle, "PIN.SMC")).text("CARD:PinStatus") == "VERIFIABLE"
    assert (await cards.pin("VerifyPin", handle, "PIN.SMC")).code == 4066
    assert (await sign(signatures, handle, text_request("SIG75"))).code == 4085
    simulation.practice.verify_elsewhere(
        VerifiedConfiguration(card="hsm-m1", pin="PIN.SMC", mandant="m1", client_system="kim")
    )
    assert (await cards.pin("GetPinStatus", handle, "PIN.SMC")).text("CARD:PinStatus") == "VERIFIED"
    assert (await sign(signatures, handle, text_request("SIG75"), job="ABC-124")).status == 200
    assert simulation.practice.counts.cards["hsm-m1"].pin_prompts == 0


async def test_old_firmware_exports_old_ciphers(playing: Playing) -> None:
    text = '\n[[konnektors.client_systems]]\nname = "alt"\nkey = "rsa"\np12 = "legacy"\n'
    world = default_text().replace("\n[[konnektors.mandants]]", f"{text}\n[[konnektors.mandants]]", 1)
    assert [system.p12 for system in read_world(world).konnektors[0].client_systems][-1] == "legacy"
    async with playing() as simulation:
        old = simulation.pki.client("alt", "rsa", True).p12
    assert _mac(old) == "sha1"
    assert _mac(simulation.konnektors["konnektor"].clients["pvs"].p12) == "sha256"


def _mac(file: Path) -> str:
    algorithm: str = pkcs12.Pfx.load(file.read_bytes())["mac_data"]["mac"]["digest_algorithm"]["algorithm"].native
    return algorithm


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tls_mandatory = false", "SOAP4"),
        ('path_prefix = "kon8/"', "begins with a slash"),
        ('advertise = "konnektor"', "https://host"),
        ('profile = "cisco"', "none of 'simulator'"),
    ],
)
def test_worlds_that_cannot_be(line: str, words: str) -> None:
    with pytest.raises(WorldFileError, match=words):
        read_world(default_text().replace('address = "127.0.0.2"', f'address = "127.0.0.2"\n{line}', 1))
