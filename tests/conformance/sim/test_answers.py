"""Every answer, fault, service directory and event that the simulator sends is valid by the official schemas."""

import base64

import pytest
from lxml import etree

from firmware_sim.konnektor.faults import Fault
from firmware_sim.pads.script import Step
from firmware_sim.signing import make_pdf
from firmware_sim.simulation import Simulation
from tests.conformance.sim.conftest import Judge
from tests.sim.conftest import Client
from tests.sim.event_sink import EventSink
from tests.sim.patients import opened, place, read_vsd
from tests.sim.soap_client import PrimarySystem, Reply, certificates, sign, sign_request, subscription
from tests.sim.wire.keys import authenticate, decrypt, document, encrypt

CADES = "urn:ietf:rfc:5652"


def judged(judge: Judge, reply: Reply, name: str) -> Reply:
    judge(reply.root)
    assert etree.QName(reply.root).localname == name
    return reply


async def test_service_directory(pvs: PrimarySystem, judge: Judge) -> None:
    status, data = await pvs.get("/connector.sds")
    assert status == 200
    judge(etree.fromstring(data))


@pytest.mark.parametrize("world_text", ["PTV3"], indirect=True)
async def test_service_directory_of_an_old_konnektor(pvs: PrimarySystem, judge: Judge) -> None:
    _, data = await pvs.get("/connector.sds")
    judge(etree.fromstring(data))
    assert b"SignatureService/WSDL/v7.5" not in data


async def test_event_service(simulation: Simulation, pvs: PrimarySystem, judge: Judge) -> None:
    simulation.practice.devices["konnektor"].set_condition("EC_No_VPN_TI_Connection", True)
    wide = 'mandant-wide="true"'
    judged(judge, await pvs.call("EVT:GetCardTerminals", attributes=wide), "GetCardTerminalsResponse")
    cards = judged(judge, await pvs.call("EVT:GetCards", attributes=wide), "GetCardsResponse")
    assert len(cards.texts(".//CARD:Card/CONN:CardHandle")) == 4
    name = "GetResourceInformationResponse"
    judged(judge, await pvs.call("EVT:GetResourceInformation"), name)
    judged(judge, await pvs.call("EVT:GetResourceInformation", "<CARDCMN:CtId>kt-empfang</CARDCMN:CtId>"), name)
    handle = await pvs.handle("EGK")
    by_handle = await pvs.call("EVT:GetResourceInformation", f"<CONN:CardHandle>{handle}</CONN:CardHandle>")
    judged(judge, by_handle, name)


async def test_subscriptions(pvs: PrimarySystem, judge: Judge) -> None:
    content = subscription("cetp://127.0.0.1:9", "CARD/INSERTED", "//EVT:Key")
    made = judged(judge, await pvs.call("EVT:Subscribe", content), "SubscribeResponse")
    identity = f"<EVT:SubscriptionID>{made.text('EVT:SubscriptionID')}</EVT:SubscriptionID>"
    judged(judge, await pvs.call("EVT:GetSubscription"), "GetSubscriptionResponse")
    judged(judge, await pvs.call("EVT:RenewSubscriptions", identity), "RenewSubscriptionsResponse")
    judged(judge, await pvs.call("EVT:Unsubscribe", identity), "UnsubscribeResponse")
    gone = judged(judge, await pvs.call("EVT:Unsubscribe", identity), "Fault")
    assert gone.code == 4102


async def test_card_service(simulation: Simulation, client: Client, judge: Judge) -> None:
    kim = client("kim")
    handle, script = await kim.handle("SMC-B"), simulation.pads["kt-empfang"].script
    judged(judge, await kim.pin("GetPinStatus", handle, "PIN.SMC"), "GetPinStatusResponse")
    for step in ("type_wrong", "type_right", "cancel"):
        script.play([Step(action=step)], "silent")
        judged(judge, await kim.pin("VerifyPin", handle, "PIN.SMC"), "VerifyPinResponse")
    script.play([Step(action="type_right"), Step(action="pin", pin="99887766"), Step(action="type_right")], "silent")
    judged(judge, await kim.pin("ChangePin", handle, "PIN.SMC"), "ChangePinResponse")
    script.play([Step(action="type_right")], "silent")
    judged(judge, await kim.pin("UnblockPin", handle, "PIN.SMC"), "UnblockPinResponse")
    script.play([], "type_wrong")
    results = [(await kim.pin("VerifyPin", handle, "PIN.SMC")) for _ in range(4)]
    for reply in results:
        judge(reply.root)
    assert [reply.text("CARDCMN:PinResult") for reply in results] == [
        "REJECTED",
        "REJECTED",
        "NOWBLOCKED",
        "WASBLOCKED",
    ]
    assert results[3].code == 4063
    judged(judge, await kim.pin("GetPinStatus", handle, "PIN.SMC"), "GetPinStatusResponse")


async def test_multi_reference_pins(simulation: Simulation, pvs: PrimarySystem, sink: EventSink, judge: Judge) -> None:
    await pvs.call("EVT:Subscribe", subscription(sink.url, "CARD/PIN"))
    handle = await pvs.handle("EGK")
    simulation.pads["kt-empfang"].script.play([], "type_right")
    statuses = []
    for operation in ("EnablePin", "DisablePin"):
        judged(judge, await pvs.pin(operation, handle, "MRPIN.NFD"), f"{operation}Response")
        status = judged(judge, await pvs.pin("GetPinStatus", handle, "MRPIN.NFD"), "GetPinStatusResponse")
        statuses.append(status.text("CARD:PinStatus"))
    assert statuses == ["VERIFIABLE", "DISABLED"]
    steps = [f"CARD/PIN/{act}_{end}" for act in ("ENABLE", "DISABLE") for end in ("STARTED", "FINISHED")]
    assert await sink.topics(4) == steps
    for event in sink.received:
        judge(event.root)
    assert (await pvs.pin("EnablePin", handle, "PIN.CH")).code == 4072
    assert (await pvs.pin("EnablePin", await pvs.handle("SMC-B"), "PIN.SMC")).code == 4209


async def test_certificate_service(client: Client, judge: Judge) -> None:
    pvs = client("pvs")
    handle = await pvs.handle("SMC-B")
    name = "ReadCardCertificateResponse"
    judged(judge, await certificates(pvs, handle, "C.AUT", "C.ENC", "C.SIG"), name)
    without = judged(judge, await certificates(pvs, handle, "C.AUT", crypt=""), name)
    assert (without.code, without.texts(".//CERTCMN:X509Certificate")) == (4256, [])
    judged(judge, await pvs.call("CERT:CheckCertificateExpiration"), "CheckCertificateExpirationResponse")
    judged(judge, await certificates(pvs, handle, "C.QES"), "Fault")


@pytest.mark.parametrize("prefix", ["SIG74", "SIG75"])
async def test_signature_service(simulation: Simulation, client: Client, judge: Judge, prefix: str) -> None:
    doctor = client("pvs", workplace="sprechzimmer", user="adler")
    simulation.pads["kt-sprechzimmer"].script.play([], "type_right")
    number = judged(judge, await doctor.call(f"{prefix}:GetJobNumber"), "GetJobNumberResponse")
    job = number.text(f"{prefix}:JobNumber") or ""
    handle = await doctor.handle("HBA")
    pades = sign_request(make_pdf("pdfa2"), prefix=prefix)
    reply = await sign(doctor, handle, pades, job=job, prefix=prefix)
    judged(judge, reply, "SignDocumentResponse")
    cades = sign_request(b"text", signature_type=CADES, mime_type="text/plain", prefix=prefix)
    judged(judge, await sign(doctor, handle, cades, prefix=prefix), "SignDocumentResponse")
    judged(
        judge, await doctor.call(f"{prefix}:StopSignature", f"<{prefix}:JobNumber>{job}</{prefix}:JobNumber>"), "Fault"
    )
    simulation.konnektors["konnektor"].faults.add(Fault(operation="*", kind="wrong_status", code=4124))
    spoilt = judged(judge, await sign(doctor, handle, cades, job="XYZ-001", prefix=prefix), "SignDocumentResponse")
    assert spoilt.code == 4124


async def test_expirations_and_verdicts_on_certificates(
    simulation: Simulation, pvs: PrimarySystem, judge: Judge
) -> None:
    name = "CheckCertificateExpirationResponse"
    listed = judged(judge, await pvs.call("CERT:CheckCertificateExpiration", "<CERT:Crypt>ECC</CERT:Crypt>"), name)
    assert listed.texts(".//CERT:CertificateExpiration/CERT:CtID").count("") == 1
    der = base64.b64encode(simulation.konnektors["konnektor"].around.keys["hba-adler"].certificate("C.AUT")).decode()
    content = f"<CERTCMN:X509Certificate>{der}</CERTCMN:X509Certificate>"
    verified = judged(judge, await pvs.call("CERT:VerifyCertificate", content), "VerifyCertificateResponse")
    assert verified.text("CERT:VerificationStatus/CERT:VerificationResult") == "VALID"


@pytest.mark.parametrize("world_text", ["comfort"], indirect=True)
async def test_comfort_signature(simulation: Simulation, client: Client, judge: Judge) -> None:
    simulation.pads["kt-sprechzimmer"].script.play([], "type_right")
    doctor = client("pvs", workplace="sprechzimmer", user="6f1c6a5e-8a4b-4f0e-9a63-0d1f4d1b7c11")
    card = f"<CONN:CardHandle>{await doctor.handle('HBA')}</CONN:CardHandle>"
    activated = await doctor.call("SIG75:ActivateComfortSignature", before=card)
    assert judged(judge, activated, "ActivateComfortSignatureResponse").text("SIG75:SignatureMode") == "COMFORT"
    mode = judged(judge, await doctor.call("SIG75:GetSignatureMode", before=card), "GetSignatureModeResponse")
    assert mode.text("SIG75:SessionInfo/SIG75:CountRemaining") == "100"
    name = "SIG75:DeactivateComfortSignature"
    for result in ("OK", "Warning"):
        ended = judged(judge, await doctor.send(name, f"<{name}>{card}</{name}>"), "DeactivateComfortSignatureResponse")
        assert ended.text("CONN:Status/CONN:Result") == result


async def test_keys_of_cards(pvs: PrimarySystem, judge: Judge) -> None:
    handle = await pvs.handle("SMC-B")
    judged(judge, await authenticate(pvs, handle, bytes(32)), "ExternalAuthenticateResponse")
    judged(judge, await authenticate(pvs, handle, bytes(32), kind="urn:other"), "Fault")
    sealed = judged(judge, await encrypt(pvs, b"a letter", handle=handle), "EncryptDocumentResponse")
    judged(judge, await decrypt(pvs, handle, document(sealed)), "DecryptDocumentResponse")
    judged(judge, await decrypt(pvs, handle, b"no CMS"), "Fault")


async def test_comfort_signature_is_off(client: Client, judge: Judge) -> None:
    doctor = client("pvs", workplace="sprechzimmer", user="adler")
    card = f"<CONN:CardHandle>{await doctor.handle('HBA')}</CONN:CardHandle>"
    mode = judged(judge, await doctor.call("SIG75:GetSignatureMode", before=card), "GetSignatureModeResponse")
    assert mode.text("SIG75:ComfortSignatureStatus") == "DISABLED"
    refused = judged(judge, await doctor.call("SIG75:ActivateComfortSignature", before=card), "Fault")
    assert refused.code == 4263


@pytest.mark.parametrize("world_text", ["kvk"], indirect=True)
async def test_patients_cards(pvs: PrimarySystem, judge: Judge) -> None:
    reply = await read_vsd(pvs, await pvs.handle("EGK"), await pvs.handle("SMC-B"))
    judged(judge, reply, "ReadVSDResponse")
    for name in ("PersoenlicheVersichertendaten", "AllgemeineVersicherungsdaten", "GeschuetzteVersichertendaten"):
        judge(opened(reply, name))
    judge(opened(reply, "Pruefungsnachweis"))
    handle = f"<KVK:KVKHandle>{await pvs.handle('KVK')}</KVK:KVKHandle>"
    judged(judge, await pvs.call("KVK:ReadKVK", before=handle), "ReadKVKResponse")
    judged(judge, await pvs.call("CTS:RequestCard", place(1)), "RequestCardResponse")
    judged(judge, await pvs.call("EVT:GetCards"), "GetCardsResponse")


@pytest.mark.parametrize("world_text", ["private_patient"], indirect=True)
async def test_containers_of_a_private_insurer(pvs: PrimarySystem, judge: Judge) -> None:
    reply = await read_vsd(pvs, await pvs.handle("EGK"), await pvs.handle("SMC-B"))
    for name in ("PersoenlicheVersichertendaten", "AllgemeineVersicherungsdaten", "GeschuetzteVersichertendaten"):
        judge(opened(reply, name))


@pytest.mark.parametrize("world_text", ["vendor_trace"], indirect=True)
async def test_faults(pvs: PrimarySystem, judge: Judge) -> None:
    for reply in (
        await pvs.call("EVT:GetCards", "<CARDCMN:CtId>nowhere</CARDCMN:CtId>"),
        await pvs.at(mandant="m9").call("EVT:GetCards"),
        await pvs.call("EVT:NoSuchThing"),
    ):
        judged(judge, reply, "Fault")
        assert reply.status == 500
        assert len(reply.texts(".//GERROR:Trace/GERROR:Code")) == 2


async def test_every_event(simulation: Simulation, client: Client, sink: EventSink, judge: Judge) -> None:
    practice, konnektor = simulation.practice, simulation.konnektors["konnektor"]
    doctor = client("pvs", workplace="sprechzimmer", user="adler")
    for topic in ("CARD", "CT", "OPERATIONAL_STATE", "SIG", "BOOTUP"):
        await doctor.call("EVT:Subscribe", subscription(sink.url, topic))
    simulation.pads["kt-sprechzimmer"].script.play([], "type_right")
    handle = await doctor.handle("HBA")
    await doctor.pin("VerifyPin", handle, "PIN.CH")
    await doctor.pin("ChangePin", handle, "PIN.CH")
    await sign(doctor, handle, sign_request(make_pdf("pdfa1")))
    practice.pull("hba-adler")
    practice.insert("hba-adler", "kt-sprechzimmer", 1)
    practice.disconnect("kt-sprechzimmer")
    practice.connect("kt-sprechzimmer")
    for condition in konnektor.device.conditions:
        konnektor.device.set_condition(condition.name, True)
    await konnektor.reboot(0.05)
    booted = await sink.first("BOOTUP/BOOTUP_COMPLETE")
    assert booted.subscription == ""
    for event in sink.received:
        judge(event.root)
    assert {
        "CARD/INSERTED",
        "CARD/REMOVED",
        "CARD/PIN/VERIFY_STARTED",
        "CARD/PIN/VERIFY_FINISHED",
        "CARD/PIN/CHANGE_STARTED",
        "CARD/PIN/CHANGE_FINISHED",
        "CT/CONNECTED",
        "CT/DISCONNECTED",
        "SIG/SIGNDOC/NEXT_SUCCESSFUL",
        "OPERATIONAL_STATE/EC_CardTerminal_Not_Available(kt-sprechzimmer)",
        "OPERATIONAL_STATE/EC_CRL_Out_Of_Date",
    } <= {event.topic for event in sink.received}
