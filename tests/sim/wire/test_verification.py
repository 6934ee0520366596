"""XAdES, and VerifyDocument of all that the simulator signs: what holds, what is spoilt, and what nobody can tell."""

import base64

import pytest
from lxml import etree

from firmware_sim.konnektor.faults import Fault
from firmware_sim.signing import make_pdf
from firmware_sim.simulation import Simulation
from tests.sim.conftest import Client
from tests.sim.soap_client import PrimarySystem, Reply, sign, sign_request

CADES, XADES = "urn:ietf:rfc:5652", "urn:ietf:rfc:3275"
XML = b'<a xmlns="urn:x" xmlns:y="urn:y"><!-- remark --><b y:c="1">text</b></a>'
ENVELOPED = (
    '<dss:SignaturePlacement WhichDocument="d"><dss:XPathFirstChildOf>/*</dss:XPathFirstChildOf>'
    "</dss:SignaturePlacement>"
)
ENVELOPING = '<SIG75:IncludeObjects><dss:IncludeObject WhichDocument="d"/></SIG75:IncludeObjects>'


def xml_request(options: str, document: bytes = XML) -> str:
    return (
        f'<SIG75:SignRequest RequestID="d1"><SIG75:OptionalInputs><dss:SignatureType>{XADES}</dss:SignatureType>'
        f'{options}</SIG75:OptionalInputs><SIG75:Document ID="d" ShortText="Brief"><CONN:Base64XML>'
        f"{base64.b64encode(document).decode()}</CONN:Base64XML></SIG75:Document>"
        "<SIG75:IncludeRevocationInfo>false</SIG75:IncludeRevocationInfo></SIG75:SignRequest>"
    )


def xades(reply: Reply) -> bytes:
    inside = reply.root.find(".//{*}SignatureObject/{*}Signature")
    if inside is not None:
        return etree.tostring(inside, with_tail=False)
    return base64.b64decode(reply.text(".//SIG75:DocumentWithSignature/CONN:Base64XML") or "")


async def verify(system: PrimarySystem, *, data: tuple[str, bytes] | None = None, signature: bytes = b"") -> Reply:
    """VerifyDocument; a MIME type of text/xml is Base64XML."""
    document = ""
    if data is not None:
        encoded = base64.b64encode(data[1]).decode()
        inner = f'<dss:Base64Data MimeType="{data[0]}">{encoded}</dss:Base64Data>'
        if data[0] == "text/xml":
            inner = f"<CONN:Base64XML>{encoded}</CONN:Base64XML>"
        document = f"<SIG75:Document>{inner}</SIG75:Document>"
    if signature:
        encoded = base64.b64encode(signature).decode()
        inner = f'<dss:Base64Signature Type="{CADES}">{encoded}</dss:Base64Signature>'
        document += f"<dss:SignatureObject>{inner}</dss:SignatureObject>"
    return await system.call(
        "SIG75:VerifyDocument",
        "<SIG75:OptionalInputs><vr:ReturnVerificationReport/></SIG75:OptionalInputs>"
        f"{document}<SIG75:IncludeRevocationInfo>false</SIG75:IncludeRevocationInfo>",
    )


def result(reply: Reply) -> str | None:
    return reply.text(".//SIG75:HighLevelResult")


@pytest.mark.parametrize("options", [ENVELOPED, ENVELOPING])
async def test_an_smb_signs_xml_inside_and_around(pvs: PrimarySystem, options: str) -> None:
    signed = xades(await sign(pvs, await pvs.handle("SMC-B"), xml_request(options)))
    assert b"remark" in signed
    reply = await verify(pvs, data=("text/xml", signed))
    assert (result(reply), reply.text(".//SIG75:TimestampType")) == ("VALID", "SIGNATURE_EMBEDDED_TIMESTAMP")
    assert (reply.text(".//vr:VerificationReport//dss:ResultMajor") or "").endswith(":Success")
    changed = await verify(pvs, data=("text/xml", signed.replace(b"text<", b"Text<")))
    assert result(changed) == "INVALID"


async def test_cades_and_pades_are_verified(pvs: PrimarySystem) -> None:
    handle = await pvs.handle("SMC-B")
    for enveloping in (True, False):
        request = sign_request(b"Brief", signature_type=CADES, mime_type="text/plain", enveloping=enveloping)
        reply = await sign(pvs, handle, request, job=f"AAA-00{int(enveloping)}")
        cms = base64.b64decode(reply.text(".//dss:Base64Signature") or "")
        beside = None if enveloping else ("text/plain", b"Brief")
        assert result(await verify(pvs, data=beside, signature=cms)) == "VALID"
        assert result(await verify(pvs, data=("text/plain", b"Other"), signature=cms)) == "INVALID"
    letter = make_pdf("pdfa2")
    reply = await sign(pvs, handle, sign_request(letter), job="AAA-003")
    pdf = base64.b64decode(reply.text(".//SIG75:DocumentWithSignature/dss:Base64Data") or "")
    assert result(await verify(pvs, data=("application/pdf-a", pdf))) == "VALID"
    assert result(await verify(pvs, data=("application/pdf-a", pdf + b"\n%more"))) == "INVALID"
    assert (await verify(pvs, data=("application/pdf-a", letter))).code == 4253


@pytest.mark.parametrize("options", [ENVELOPED, ENVELOPING])
async def test_spoilt_xml_signatures_do_not_verify(simulation: Simulation, pvs: PrimarySystem, options: str) -> None:
    simulation.konnektors["konnektor"].faults.add(Fault(operation="SignDocument", kind="corrupt_signature"))
    signed = xades(await sign(pvs, await pvs.handle("SMC-B"), xml_request(options)))
    assert result(await verify(pvs, data=("text/xml", signed))) == "INVALID"


async def test_without_the_ti_nobody_can_tell(simulation: Simulation, pvs: PrimarySystem) -> None:
    signed = xades(await sign(pvs, await pvs.handle("SMC-B"), xml_request(ENVELOPED)))
    simulation.konnektors["konnektor"].device.set_condition("EC_No_VPN_TI_Connection", True)
    assert result(await verify(pvs, data=("text/xml", signed))) == "INCONCLUSIVE"


async def test_what_cannot_be_signed_as_xades_is_refused(pvs: PrimarySystem, client: Client) -> None:
    handle = await pvs.handle("SMC-B")
    for request, code in (
        (xml_request(""), 4111),
        (xml_request(ENVELOPED.replace("FirstChildOf", "After")), 4111),
        (xml_request(ENVELOPED, b"<a>"), 4022),
        (xml_request(ENVELOPED.replace(">/*<", ">/none<")), 4123),
    ):
        assert (await sign(pvs, handle, request)).code == code
    doctor = client("pvs", workplace="sprechzimmer", user="adler")
    assert (await sign(doctor, await doctor.handle("HBA"), xml_request(ENVELOPED))).code == 4111


async def test_nothing_to_verify_is_said(pvs: PrimarySystem) -> None:
    assert (await verify(pvs)).code == 4253
    assert (await verify(pvs, signature=b"no structure")).code == 4253
