"""What practices do beside PINs and plain signatures, with marked letters and challenges, done well and gone wrong."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from google.protobuf import json_format

from kartenwart.api.signature.v1 import person_assertion_pb2
from kartenwart.api.workstation.v1 import workstation_pb2
from kartenwart.client.services.comfort import person_assertion
from tests.integration.leaks.marks import ALL_IN_ONE, KVNR, LETTER, PATIENT
from tests.integration.leaks.workplace import Workplace
from tests.practice import Practice

TEXT = f"Sehr geehrte Kollegin, {LETTER}: unauffällig.".encode()
LOGIN = "authentication.v1.AuthenticationService/CreateLoginToken"
AUTHENTICATE = "authentication.v1.AuthenticationService/ExternalAuthenticate"
ENCRYPT = "encryption.v1.EncryptionService/EncryptDocument"
DECRYPT = "encryption.v1.EncryptionService/DecryptDocument"
VERIFY = "signature.v1.DocumentVerificationService/VerifyDocument"
COMFORT = "signature.v1.ComfortSignatureService"
WORDS = {"text": ALL_IN_ONE, "severity": f"Error {PATIENT}", "error_type": f"Technical {KVNR}"}
TOLD_WRONG = (("soap_fault", 4001), ("soap_fault", 9999), ("garbage", 0))
IN_EACH_WAY = (*TOLD_WRONG, ("wrong_status", 4063))


async def keys(here: Practice, near: Workplace, smcb: str) -> None:
    """A marked challenge answered, a marked hash signed, a marked letter encrypted and opened; each spoilt too."""
    await here.simulator.fault("ExternalAuthenticate", "corrupt_signature")
    for state in ("JOB_STATE_FAILED", "JOB_STATE_SUCCEEDED"):
        done = await near.job(LOGIN, card=smcb, challenge=f"{LETTER}.{KVNR}")
        assert done["state"] == state, done
    data = base64.b64encode(TEXT).decode()
    done = await near.job(AUTHENTICATE, card=smcb, scheme="SIGNATURE_SCHEME_ECDSA_RAW", data=data)
    assert done["state"] == "JOB_STATE_SUCCEEDED", done
    sealed = await near.post(ENCRYPT, document=await near.upload(TEXT, "text/plain"), card=smcb)
    assert sealed["result"]["mimeType"] == "application/pkcs7-mime", sealed
    opened = await near.post(DECRYPT, document=sealed["result"]["name"], card=smcb)
    assert opened["result"]["size"] == str(len(TEXT)), opened
    refused = await near.post(DECRYPT, document=await near.upload(TEXT, "text/plain"), card=smcb)
    assert refused["code"] == "failed_precondition", refused


async def faults_of_keys(here: Practice, near: Workplace, smcb: str) -> None:
    """The same with whatever cards' own keys do."""

    async def login() -> None:
        await near.job(LOGIN, card=smcb, challenge=LETTER)

    async def envelope() -> None:
        sealed = await near.post(ENCRYPT, document=await near.upload(TEXT, "text/plain"), card=smcb)
        document = sealed["result"]["name"] if "result" in sealed else await near.upload(TEXT, "text/plain")
        await near.post(DECRYPT, document=document, card=smcb)

    for operation, act in (
        ("ExternalAuthenticate", login),
        ("EncryptDocument", envelope),
        ("DecryptDocument", envelope),
    ):
        await troubles(here, operation, act)


async def verifications(here: Practice, near: Workplace, far: Workplace, smcb: str, hba: str) -> None:
    """A marked letter's signature and a doctor's certificate are verified."""
    signed = await near.sign(TEXT, "text/plain", "CADES_ENVELOPING", card=smcb)
    document = signed["signDocuments"]["documents"][0]["output"]
    assert (await near.post(VERIFY, document=document))["report"]
    read = await far.post(
        "card.v1.CardService/ReadCardCertificate", card=hba, reference="CERTIFICATE_REFERENCE_AUT", user="users/adler"
    )

    async def letter() -> None:
        await near.post(VERIFY, document=document)

    async def certificate() -> None:
        der = read["certificate"]["der"]
        await far.post("certificate.v1.CertificateService/VerifyCertificate", der=der)

    await certificate()
    await troubles(here, "VerifyDocument", letter)
    await troubles(here, "VerifyCertificate", certificate)


async def comfort(here: Practice, far: Workplace, hba: str) -> None:
    """A session is begun, a marked letter signed in it by a person's word, the word used again, all sessions ended."""
    mine = {"card": hba, "user": "users/adler"}
    await here.simulator.do(f"/konnektors/{here.simulator.konnektor['name']}/comfort", enabled=True)
    await permitted(here)
    await reinserted(here, far, mine)

    async def begin() -> None:
        await far.job(f"{COMFORT}/ActivateComfortSignature", **mine)

    async def look() -> None:
        await far.post(f"{COMFORT}/GetComfortSignature", **mine)

    async def end() -> None:
        await far.post(f"{COMFORT}/DeactivateComfortSignature", **mine, endAllSessions=True)

    await troubles(here, "ActivateComfortSignature", begin)
    await end()
    await reinserted(here, far, mine)
    begun = await far.job(f"{COMFORT}/ActivateComfortSignature", **mine)
    assert begun["state"] == "JOB_STATE_SUCCEEDED", begun
    word = json_format.MessageToDict(person_assertion("users/adler", person_assertion_pb2.PERSON_ACT_SECURITY_KEY))
    done = await far.sign(TEXT, "text/plain", "CADES_DETACHED", **mine, comfort=word)
    assert done["state"] == "JOB_STATE_SUCCEEDED", done
    again = await far.sign(TEXT, "text/plain", "CADES_DETACHED", **mine, comfort=word)
    assert "ASSERTION_REPLAYED" in str(again), again
    for operation, act in (("GetSignatureMode", look), ("DeactivateComfortSignature", end)):
        await troubles(here, operation, act)
    await far.post("signature.v1.SignatureJournalService/ListSignatures")
    await end()


async def permitted(here: Practice) -> None:
    """The technician lets the consulting room's workstation sign by comfort."""
    async with here.technician() as box:
        [room] = [one for one in await box.workstations.list() if one.label == "Sprechzimmer"]
        change = workstation_pb2.Workstation(name=room.name, scope=workstation_pb2.Scope(comfort=True))
        await box.workstations.update(change, "scope.comfort")


async def reinserted(here: Practice, far: Workplace, mine: dict[str, str]) -> None:
    """Take the doctor's card out and put it back: what was verified on it stands in the way of a session."""
    await here.simulator.do("/cards/hba-adler/pull")
    await here.simulator.do("/cards/hba-adler/insert", terminal="kt-sprechzimmer", slot=1)
    async with asyncio.timeout(20):
        while "COMFORT_STATE_INACTIVE" not in str(await far.post(f"{COMFORT}/GetComfortSignature", **mine)):
            await asyncio.sleep(0.1)


async def patients(here: Practice, near: Workplace, picture: dict[str, Any]) -> None:
    """A patient's card that cannot be read, asked for or let go; what reading it tells is the caller's own."""
    cards, terminals = picture["inventory"]["cards"], picture["inventory"]["terminals"]
    egk = next(one["name"] for one in cards if one["type"] == "CARD_TYPE_EGK" and one.get("holder"))
    terminal = next(one["name"] for one in terminals if one["label"] == "Empfang")

    async def read() -> None:
        await near.post("patient.v1.PatientCardService/ReadVsd", card=egk)

    async def ask() -> None:
        wished = {"terminal": terminal, "slotId": 1, "displayText": f"Karte {KVNR}", "timeout": "1s"}
        await near.job("terminal.v1.TerminalService/RequestCard", **wished)

    async def let_go() -> None:
        wished = {"card": egk, "displayText": f"Danke {PATIENT}", "timeout": "1s"}
        await near.job("terminal.v1.TerminalService/EjectCard", **wished)

    for operation, act in (("ReadVSD", read), ("RequestCard", ask), ("EjectCard", let_go)):
        await troubles(here, operation, act, TOLD_WRONG)


async def troubles(
    here: Practice,
    operation: str,
    act: Callable[[], Awaitable[None]],
    ways: Sequence[tuple[str, int]] = IN_EACH_WAY,
) -> None:
    """Let one operation fail in each way, and see that it was asked for."""
    for kind, code in ways:
        before = await asked(here, operation)
        await here.simulator.fault(operation, kind, code=code, **WORDS)
        await act()
        await here.simulator.do(f"/konnektors/{here.simulator.konnektor['name']}/faults", method="DELETE")
        assert await asked(here, operation) > before, operation


async def asked(here: Practice, operation: str) -> int:
    """Return how often the Konnektor was asked for an operation."""
    operations: dict[str, int] = (await here.simulator.ask("/counts"))["operations"]
    return operations.get(operation, 0)
