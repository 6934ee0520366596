"""Who is calling: client certificates, passwords, nobody."""

import base64
from pathlib import Path

import aiohttp
import pytest
from lxml import etree

from firmware_sim.simulation import Simulation
from tests.sim.conftest import Client
from tests.unit.transport.peers import make


async def test_a_certificate_belongs_to_one_client_system(client: Client) -> None:
    assert (await client("kim", certificate="pvs").call("EVT:GetCards")).code == 4204
    assert (await client("kim").call("EVT:GetCards")).status == 200


async def test_without_certificate_there_is_no_connection(client: Client) -> None:
    with pytest.raises(aiohttp.ClientConnectionError):
        await client("pvs", certificate=None).get("/connector.sds")


async def test_a_certificate_of_no_client_system(simulation: Simulation, client: Client) -> None:
    stranger = client("pvs")
    identity = simulation.pki.client("stranger")
    stranger.tls.load_cert_chain(identity.cert_pem, identity.key_pem)
    assert (await stranger.call("EVT:GetCards")).code == 4204


async def test_a_certificate_that_it_never_issued_is_refused_with_an_alert(
    simulation: Simulation, client: Client, tmp_path: Path
) -> None:
    identity = make("stranger")
    (tmp_path / "both.pem").write_bytes(identity.certificate_pem + identity.key_pem)
    stranger = client("pvs", certificate=None)
    stranger.tls.load_cert_chain(tmp_path / "both.pem")
    with pytest.raises(aiohttp.ClientConnectorSSLError, match=r"(?i)alert unknown ca"):
        await stranger.get("/connector.sds")


@pytest.mark.parametrize("world_text", ["basic"], indirect=True)
async def test_name_and_password(simulation: Simulation, client: Client) -> None:
    konnektor = simulation.konnektors["konnektor"]
    nobody = client("pvs", certificate=None)
    assert (await nobody.get("/connector.sds"))[0] == 200
    assert (await nobody.post("/ws/EventService", b""))[0] == 401
    known = client("pvs", certificate=None)
    known.headers["Authorization"] = basic("pvs", konnektor.passwords["pvs"][1])
    assert (await known.call("EVT:GetCards")).status == 200
    assert (await known.at(client_system="kim").call("EVT:GetCards")).code == 4204
    for header in (basic("pvs", "wrong"), basic("nobody", ""), "Basic %%%", "Bearer x"):
        known.headers["Authorization"] = header
        assert (await known.post("/ws/EventService", b""))[0] == 401


def basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("world_text", ["nobody_asked"], indirect=True)
async def test_nobody_is_asked(client: Client) -> None:
    anyone = client("kim", certificate=None)
    assert (await anyone.call("EVT:GetCards")).status == 200
    _, data = await anyone.get("/connector.sds")
    assert (
        etree.fromstring(data).findtext("{http://ws.gematik.de/conn/ServiceDirectory/v3.1}ClientAutMandatory")
        == "false"
    )


@pytest.mark.parametrize("world_text", ["rsa"], indirect=True)
async def test_rsa_server_and_a_new_certificate_on_the_same_port(simulation: Simulation, client: Client) -> None:
    konnektor, pvs = simulation.konnektors["konnektor"], client("pvs")
    assert (await pvs.call("EVT:GetCards")).status == 200
    before = konnektor.server.cert_pem
    await konnektor.replace_certificate("p256", renew=True)
    assert konnektor.server.cert_pem != before
    assert (await client("pvs").call("EVT:GetCards")).status == 200
