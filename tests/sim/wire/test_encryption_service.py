"""EncryptDocument and DecryptDocument over the wire: who can open what, and with which code it fails."""

import subprocess
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives import serialization

from firmware_sim.simulation import Simulation
from tests.sim.conftest import Client
from tests.sim.soap_client import PrimarySystem
from tests.sim.wire.keys import decrypt, document, encrypt
from tests.sim.wire.test_pins import plays

LETTER = b"%PDF- a letter \x00\xff"


async def test_what_is_encrypted_for_a_card_only_that_card_opens(simulation: Simulation, client: Client) -> None:
    pvs, keys = client("pvs"), simulation.konnektors["konnektor"].around.keys
    own = await pvs.handle("SMC-B")
    sealed = document(await encrypt(pvs, LETTER, keys["hba-adler"].certificate("C.ENC"), handle=own))
    assert LETTER not in sealed
    assert document(await decrypt(pvs, own, sealed)) == LETTER
    doctor = client("pvs", workplace="sprechzimmer", user="adler")
    handle = await doctor.handle("HBA")
    plays(simulation, "kt-sprechzimmer", {"action": "type_right"})
    await doctor.pin("VerifyPin", handle, "PIN.CH")
    assert document(await decrypt(doctor, handle, sealed)) == LETTER
    for_the_doctor = document(await encrypt(pvs, LETTER, keys["hba-adler"].certificate("C.ENC")))
    assert (await decrypt(pvs, own, for_the_doctor)).code == 4106


async def test_a_locked_card_opens_nothing(client: Client) -> None:
    kim = client("kim")
    handle = await kim.handle("SMC-B")
    sealed = document(await encrypt(kim, LETTER, handle=handle))
    assert (await decrypt(kim, handle, sealed)).code == 4085


async def test_a_recipient_who_cannot_is_told(simulation: Simulation, pvs: PrimarySystem) -> None:
    keys = simulation.konnektors["konnektor"].around.keys["smcb-m1"]
    reply = await encrypt(pvs, LETTER, keys.certificate("C.AUT"), keys.certificate("C.ENC"))
    assert (reply.text("CONN:Status/CONN:Result"), reply.code) == ("Warning", 4259)
    assert document(await decrypt(pvs, await pvs.handle("SMC-B"), document(reply))) == LETTER
    assert (await encrypt(pvs, LETTER, keys.certificate("C.AUT"))).code == 4200
    assert (await encrypt(pvs, LETTER, b"no certificate")).code == 4105
    assert (await encrypt(pvs, LETTER)).code == 4000
    assert (await encrypt(pvs, LETTER, *[keys.certificate("C.ENC")] * 101)).code == 4282


async def test_what_is_broken_says_where(pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    sealed = document(await encrypt(pvs, LETTER, handle=handle))
    assert (await decrypt(pvs, handle, b"no CMS")).code == 4107
    assert (await decrypt(pvs, handle, sealed[:-1] + bytes([sealed[-1] ^ 1]))).code == 4109
    info = cms.ContentInfo.load(sealed)
    wrapped = info["content"]["recipient_infos"][0].chosen["encrypted_key"].native
    spoilt = sealed.replace(wrapped, wrapped[:-1] + bytes([wrapped[-1] ^ 1]))
    assert (await decrypt(pvs, handle, spoilt)).code == 4069
    assert (await decrypt(pvs, await pvs.handle("EGK"), sealed)).code == 4209
    assert (await decrypt(pvs, handle, sealed, reference="C.AUT")).code == 4149


async def test_kinds_of_encryption(pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    xml = document(await encrypt(pvs, b"<a/>", handle=handle, form="Base64XML"))
    assert document(await decrypt(pvs, handle, xml)) == b"<a/>"
    assert (await encrypt(pvs, b"<a/>", handle=handle, form="Base64XML", kind="")).code == 4201
    assert (await encrypt(pvs, LETTER, handle=handle, kind="urn:ietf:rfc:5751")).code == 4201
    assert document(await decrypt(pvs, handle, document(await encrypt(pvs, LETTER, handle=handle, kind="")))) == LETTER


@pytest.mark.parametrize("world_text", ["old_smcb"], indirect=True)
async def test_openssl_opens_what_is_for_an_rsa_card(
    simulation: Simulation, pvs: PrimarySystem, tmp_path: Path
) -> None:
    handle = await pvs.handle("SMC-B")
    sealed = document(await encrypt(pvs, LETTER, handle=handle))
    assert document(await decrypt(pvs, handle, sealed)) == LETTER
    key = simulation.konnektors["konnektor"].around.keys["smcb-m1"].private_key("C.ENC")
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert opened_by_openssl(sealed, pem, tmp_path) == LETTER


def opened_by_openssl(sealed: bytes, pem: bytes, folder: Path) -> bytes:
    (folder / "key.pem").write_bytes(pem)
    (folder / "sealed").write_bytes(sealed)
    command = ["openssl", "cms", "-decrypt", "-inform", "DER", "-in", "sealed", "-inkey", "key.pem", "-out", "content"]
    subprocess.run(command, cwd=folder, capture_output=True, check=True, timeout=20)
    return (folder / "content").read_bytes()
