"""ExternalAuthenticate over the wire: which key signs what, and who may ask for it."""

import hashlib

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from firmware_sim.konnektor.faults import Fault
from firmware_sim.simulation import Simulation
from tests.sim.conftest import Client
from tests.sim.soap_client import PrimarySystem
from tests.sim.wire.keys import ECDSA, RSA, authenticate, signature
from tests.sim.wire.test_pins import plays

DIGEST = hashlib.sha256(b"challenge").digest()
LONGER = hashlib.sha512(b"challenge").digest()
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=32)


def public_key(simulation: Simulation, card: str) -> object:
    return x509.load_der_x509_certificate(
        simulation.konnektors["konnektor"].around.keys[card].certificate("C.AUT")
    ).public_key()


async def test_an_unlocked_smc_b_signs_with_ecdsa(simulation: Simulation, pvs: PrimarySystem) -> None:
    reply = await authenticate(pvs, await pvs.handle("SMC-B"), DIGEST)
    assert reply.text("CONN:Status/CONN:Result") == "OK"
    key = public_key(simulation, "smcb-m1")
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(signature(reply), DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
    assert simulation.practice.counts.cards["smcb-m1"].authentications == 1


async def test_a_locked_card_does_not(simulation: Simulation, client: Client) -> None:
    kim = client("kim")
    assert (await authenticate(kim, await kim.handle("SMC-B"), DIGEST)).code == 4085
    doctor = client("pvs", workplace="sprechzimmer", user="adler")
    handle = await doctor.handle("HBA")
    assert (await authenticate(doctor, handle, DIGEST)).code == 4085
    plays(simulation, "kt-sprechzimmer", {"action": "type_right"})
    await doctor.pin("VerifyPin", handle, "PIN.CH")
    assert (await authenticate(doctor, handle, DIGEST)).text("CONN:Status/CONN:Result") == "OK"
    assert (await authenticate(doctor.at(user="vertretung"), handle, DIGEST)).code == 4018


async def test_what_is_refused(pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    assert (await authenticate(pvs, handle, DIGEST, kind="urn:ietf:rfc:5652")).code == 4111
    assert (await authenticate(pvs, handle, LONGER)).code == 4111
    assert (await authenticate(pvs, handle, LONGER, kind=RSA)).code == 4111
    assert (await authenticate(pvs, handle, DIGEST[:31])).code == 4000
    assert (await authenticate(pvs, handle, DIGEST, mime_type="text/plain")).code == 4000
    assert (await authenticate(pvs, handle, DIGEST, kind="")).code == 4206  # RSA is the default; the card has none
    assert (await authenticate(pvs, await pvs.handle("EGK"), DIGEST)).code == 4058


async def test_the_service_has_an_address_of_its_own(pvs: PrimarySystem) -> None:
    """Its namespace is that of SignatureService 7.4, but neither answers for the other."""
    handle = await pvs.handle("SMC-B")
    body = f"<SIG74:GetJobNumber>{pvs.context()}</SIG74:GetJobNumber>"
    assert (await pvs.send("SIG74:GetJobNumber", body, service="AuthSignatureService")).code == 4000
    body = f"<SIG74:ExternalAuthenticate><CONN:CardHandle>{handle}</CONN:CardHandle></SIG74:ExternalAuthenticate>"
    misplaced = await pvs.send("SIG74:ExternalAuthenticate", body)
    assert "nothing at this address" in (misplaced.text(".//GERROR:Detail") or "")


@pytest.mark.parametrize("world_text", ["old_smcb"], indirect=True)
async def test_an_old_card_signs_with_rsa(simulation: Simulation, pvs: PrimarySystem) -> None:
    handle, key = await pvs.handle("SMC-B"), public_key(simulation, "smcb-m1")
    assert isinstance(key, rsa.RSAPublicKey)
    prehashed, long = Prehashed(hashes.SHA256()), Prehashed(hashes.SHA512())
    key.verify(signature(await authenticate(pvs, handle, DIGEST, kind="")), DIGEST, PSS, prehashed)
    pkcs1 = await authenticate(pvs, handle, LONGER, kind=RSA, scheme="RSASSA-PKCS1-v1_5")
    key.verify(signature(pkcs1), LONGER, padding.PKCS1v15(), long)
    assert (await authenticate(pvs, handle, DIGEST, kind=ECDSA)).code == 4206


async def test_a_corrupt_signature_does_not_verify(simulation: Simulation, pvs: PrimarySystem) -> None:
    simulation.konnektors["konnektor"].faults.add(Fault(operation="ExternalAuthenticate", kind="corrupt_signature"))
    spoilt = signature(await authenticate(pvs, await pvs.handle("SMC-B"), DIGEST))
    key = public_key(simulation, "smcb-m1")
    assert isinstance(key, ec.EllipticCurvePublicKey)
    with pytest.raises(InvalidSignature):
        key.verify(spoilt, DIGEST, ec.ECDSA(Prehashed(hashes.SHA256())))
