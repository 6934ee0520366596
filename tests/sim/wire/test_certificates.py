"""When certificates of cards end, of which kind their keys are, and whether a certificate holds."""

import base64
from datetime import UTC, date, datetime, timedelta

import pytest

from firmware_sim.pki import Pki
from firmware_sim.simulation import Simulation
from firmware_sim.world.reading import default_text
from tests.sim.conftest import Client
from tests.sim.soap_client import NS, PrimarySystem, Reply, certificates

EXPIRATION = ".//CERT:CertificateExpiration"
OLD = 'kind = "smcb"\ngeneration = "G2.0"\nvalid_days = 20\nrevoked = true\niccsn = "80276001011699900101"'


@pytest.fixture
def world_text(request: pytest.FixtureRequest) -> str:
    """The default world; "old" makes the SMC-B of m1 an old card, others are lines of the Konnektor's behaviour."""
    text = default_text()
    for word in getattr(request, "param", "").split(" + "):
        if word == "old":
            text = text.replace('kind = "smcb"\niccsn = "80276001011699900101"', OLD)
        elif word:
            text = text.replace("[konnektors.behaviour]", f"[konnektors.behaviour]\n{word}")
    return text


async def expirations(system: PrimarySystem, handle: str = "", crypt: str = "") -> Reply:
    return await system.call(
        "CERT:CheckCertificateExpiration",
        f"<CERT:Crypt>{crypt}</CERT:Crypt>" if crypt else "",
        before=f"<CONN:CardHandle>{handle}</CONN:CardHandle>" if handle else "",
    )


async def verify(system: PrimarySystem, der: bytes, at: datetime | None = None) -> Reply:
    time = f"<CERT:VerificationTime>{at.isoformat()}</CERT:VerificationTime>" if at else ""
    encoded = base64.b64encode(der).decode()
    return await system.call(
        "CERT:VerifyCertificate", f"<CERTCMN:X509Certificate>{encoded}</CERTCMN:X509Certificate>{time}"
    )


def rows(reply: Reply) -> dict[tuple[str, bool], date]:
    """(CtID, has a handle) -> last day."""
    return {
        (each.findtext("CERT:CtID", "", NS), bool(each.findtext("CONN:CardHandle", "", NS))): date.fromisoformat(
            each.findtext("CERT:validity", "", NS)
        )
        for each in reply.root.iterfind(EXPIRATION, NS)
    }


def result(reply: Reply) -> str | None:
    return reply.text("CERT:VerificationStatus/CERT:VerificationResult")


async def test_all_cards_of_a_mandant_and_what_is_built_in(client: Client) -> None:
    reply = await expirations(client("pvs"))
    assert set(rows(reply)) == {("", False), ("kt-empfang", True), ("kt-sprechzimmer", True)}
    names = [name[-3:] for name in reply.texts(f"{EXPIRATION}/CERT:ICCSN")]
    assert {"101", "201", "202"} <= set(names)
    assert "102" not in names, "the SMC-B of another mandant"
    assert "301" not in names, "a patient's card"
    assert len(names) == 6
    theirs = await expirations(client("pvs", mandant="m2"))
    assert {name[-3:] for name in theirs.texts(f"{EXPIRATION}/CERT:ICCSN")} >= {"102"}
    assert len(theirs.texts(EXPIRATION)) == 3


@pytest.mark.parametrize("world_text", ['expirations = "without_gsmckt"'], indirect=True)
async def test_some_firmware_leaves_the_cards_of_terminals_out(pvs: PrimarySystem) -> None:
    assert len((await expirations(pvs)).texts(EXPIRATION)) == 4


async def test_one_card(pvs: PrimarySystem) -> None:
    reply = await expirations(pvs, await pvs.handle("SMC-B"))
    ((terminal, handled),) = rows(reply)
    assert (terminal, handled) == ("kt-empfang", True)
    assert (await expirations(pvs, await pvs.handle("EGK"))).code == 4209
    assert (await expirations(pvs, "no-such-handle")).code == 4008


@pytest.mark.parametrize("world_text", ["old"], indirect=True)
async def test_an_old_card_has_rsa_only(pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    refused = await expirations(pvs, handle, "ECC")
    assert (refused.status, refused.code) == (500, 4258)
    assert (await expirations(pvs, handle, "RSA")).code is None
    day = datetime.now(UTC).date() + timedelta(days=20)
    assert abs((next(iter(rows(await expirations(pvs, handle)).values())) - day).days) <= 1
    listed = await expirations(pvs, crypt="ECC")
    assert (listed.status, listed.code, len(listed.texts(EXPIRATION))) == (200, 4257, 5)
    assert (await certificates(pvs, handle, "C.AUT")).code == 4258
    assert (await certificates(pvs, handle, "C.AUT", crypt="RSA")).code is None
    assert (await certificates(pvs, handle, "C.AUT", crypt="")).texts(".//CERTCMN:X509Certificate")


async def test_a_certificate_is_valid_in_its_time_only(simulation: Simulation, pvs: PrimarySystem) -> None:
    der = simulation.konnektors["konnektor"].around.keys["hba-brandt"].certificate("C.AUT")
    reply = await verify(pvs, der)
    assert result(reply) == "VALID"
    assert reply.texts("CERT:RoleList/CERT:Role") == ["1.2.276.0.76.4.30"]
    for days in (-3000, 3000):
        assert result(await verify(pvs, der, datetime.now(UTC) + timedelta(days=days))) == "INVALID"
    simulation.practice.devices["konnektor"].set_condition("EC_No_VPN_TI_Connection", True)
    assert result(await verify(pvs, der)) == "INCONCLUSIVE"


@pytest.mark.parametrize("world_text", ["old"], indirect=True)
async def test_revoked_foreign_and_no_certificates(
    simulation: Simulation, pvs: PrimarySystem, tmp_path_factory: pytest.TempPathFactory
) -> None:
    keys = simulation.konnektors["konnektor"].around.keys["smcb-m1"]
    assert result(await verify(pvs, keys.certificate("C.SIG"))) == "INVALID"
    stranger = Pki.open(tmp_path_factory.mktemp("foreign")).issue_card(
        "x", kind="hba", holder="Dr. X", iccsn="80276001010000000099"
    )
    reply = await verify(pvs, stranger.certificate("C.AUT"))
    assert (result(reply), reply.texts("CERT:RoleList/CERT:Role")) == ("INVALID", ["1.2.276.0.76.4.30"])
    assert (await verify(pvs, b"no certificate")).code == 4148
    wrong = "<CERTCMN:X509Certificate>AAAA</CERTCMN:X509Certificate><CERT:VerificationTime>now</CERT:VerificationTime>"
    assert (await pvs.call("CERT:VerifyCertificate", wrong)).code in (4000, 4148)
