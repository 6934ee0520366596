"""Every RPC by every role over both wires: who may is written here once more, from the protos' comments."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
import pytest_asyncio
from google.protobuf.message import Message

from kartenwart.client import CallFailed, KartenwartError
from kartenwart.client.wire import Wire
from kartenwart.edge.descriptors import Rpc, message_class, rpcs
from kartenwart.edge.trail import PER_MINUTE
from tests.integration.security.conftest import by_code, grpc, json
from tests.practice import Practice

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("security-rights")]

ROLES = ("VIEWER", "WORKSTATION", "SIGNER", "TECHNICIAN", "AUDITOR")
WAYS = ("grpc", "json")
# V viewer, W workstation, S signer, T technician, A auditor.
MAY = {
    "audit.v1.AuditService": {"ListAuditRecords": "TA", "VerifyAudit": "TA"},
    "authentication.v1.AuthenticationService": {"ExternalAuthenticate": "WS", "CreateLoginToken": "WS"},
    "card.v1.CardService": {"ListCards": "VWSTA", "GetCard": "VWSTA", "ReadCardCertificate": "WST"},
    "certificate.v1.CertificateService": {"ListCertificates": "VWST", "VerifyCertificate": "WST"},
    "document.v1.DocumentService": {
        "CreateDocument": "WS",
        "UploadChunk": "WS",
        "DownloadChunk": "WS",
        "DeleteDocument": "WS",
    },
    "encryption.v1.EncryptionService": {"EncryptDocument": "WS", "DecryptDocument": "WS"},
    "enrolment.v1.EnrolmentService": {
        "OpenEnrolment": "T",
        "CloseEnrolment": "T",
        "ListEnrolments": "T",
        "ApproveEnrolment": "T",
        "RejectEnrolment": "T",
        "CreateToken": "T",
    },
    "inventory.v1.InventoryService": {
        "GetInventory": "VWSTA",
        "WatchInventory": "VWSTA",
        "ListEvents": "VWSTA",
        "WatchEvents": "VWSTA",
    },
    "job.v1.JobService": {"GetJob": "WST", "ListJobs": "WST", "WatchJob": "WST", "WaitJob": "WST", "CancelJob": "WST"},
    "konnektor.v1.KonnektorService": {
        "ListKonnektors": "VWSTA",
        "ListContexts": "VWSTA",
        "GetTargetModel": "TA",
        "CheckKonnektor": "T",
    },
    "patient.v1.PatientCardService": {"ReadVsd": "WS", "ReadKvk": "WS"},
    "pin.v1.PinService": {
        "GetPinStatus": "VWST",
        "VerifyPin": "WST",
        "ChangePin": "WST",
        "UnblockPin": "WST",
        "EnablePin": "WS",
        "DisablePin": "WS",
        "UnlockPracticeCards": "WST",
        "GetPinMatrix": "VWST",
    },
    "reader.v1.ReaderService": {"ListReaders": "VWSTA", "GetReader": "VWSTA", "ResetReader": "T"},
    "signature.v1.ComfortSignatureService": {
        "ActivateComfortSignature": "S",
        "GetComfortSignature": "WST",
        "DeactivateComfortSignature": "ST",
    },
    "signature.v1.DocumentVerificationService": {"VerifyDocument": "WS"},
    "signature.v1.SignatureJournalService": {"ListSignatures": "STA"},
    "signature.v1.SignaturePresetService": {"ListSignaturePresets": "VWSTA"},
    "signature.v1.SignatureService": {"SignDocuments": "WS"},
    "system.v1.SystemService": {"GetSystem": "VWSTA"},
    "terminal.v1.TerminalService": {"ListTerminals": "VWSTA", "RequestCard": "WS", "EjectCard": "WS"},
    "user.v1.UserService": {"ListUsers": "WST", "CreateUser": "T", "BindUser": "S"},
    "workstation.v1.WorkstationService": {
        "ListWorkstations": "TA",
        "UpdateWorkstation": "T",
        "RevokeWorkstation": "T",
        "RenewCertificate": "VWSTA",
    },
}
LETTERS = {f"kartenwart.api.{service}/{rpc}": may for service, table in MAY.items() for rpc, may in table.items()}
RPCS = [rpc for rpc in rpcs() if "Exchange" not in rpc.service]


@dataclass(frozen=True, kw_only=True)
class Callers:
    """A workstation per role and way; `name` is its resource name."""

    here: Practice
    wires: dict[tuple[str, str], Wire]
    names: dict[tuple[str, str], str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def callers(here: Practice) -> AsyncIterator[Callers]:
    async with AsyncExitStack() as stack:
        wires: dict[tuple[str, str], Wire] = {}
        names = {}
        for role in ROLES:
            for way in WAYS:
                enrolled = by_code if role == "TECHNICIAN" else Practice.workstation
                profile = await enrolled(here, f"{role} {way}", role=role, contexts=("empfang",))
                names[role, way] = profile.workstation
                opened = grpc(profile) if way == "grpc" else json(profile)
                wires[role, way] = await stack.enter_async_context(opened)
        yield Callers(here=here, wires=wires, names=names)


async def test_the_table_has_every_rpc_of_the_contract() -> None:
    assert {rpc.name for rpc in RPCS} == set(LETTERS)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("role", ROLES)
async def test_a_role_may_what_it_may_and_nothing_else(callers: Callers, role: str, way: str) -> None:
    wire = callers.wires[role, way]
    told = {rpc.name: await outcome(wire, rpc) for rpc in RPCS}
    denied = ("PERMISSION_DENIED", "ROLE_MISSING")
    refused = {name for name, answer in told.items() if answer == denied}
    assert refused == {name for name, may in LETTERS.items() if role[0] not in may}
    # Whoever may is told what is wrong with an empty request, or gets an answer; nothing else went wrong.
    others = {answer for name, answer in told.items() if name not in refused}
    assert others <= {("OK", ""), ("INVALID_ARGUMENT", "INVALID_ARGUMENT")}
    await assert_in_the_audit(callers, callers.names[role, way], refused)


async def outcome(wire: Wire, rpc: Rpc) -> tuple[str, str]:
    request, reply = message_class(rpc.request)(), message_class(rpc.response)
    try:
        if rpc.streams:
            await opened(wire, request, reply)
        else:
            await wire.call(request, reply)
    except CallFailed as failed:
        return failed.code, failed.reason
    except KartenwartError as error:
        return "CONNECTION", str(error)
    return "OK", ""


async def opened(wire: Wire, request: Message, reply: type[Message]) -> None:
    """Open a stream: it is refused, or pours (WatchEvents perhaps nothing yet)."""
    stream = wire.stream(request, reply)
    try:
        await asyncio.wait_for(anext(stream), 0.3)
    except TimeoutError:
        pass
    finally:
        await stream.aclose()  # type: ignore[attr-defined]  # they are generators


async def assert_in_the_audit(callers: Callers, actor: str, refused: set[str]) -> None:
    async with callers.here.technician() as box:
        records = (await box.audit.page(1000)).records
    denials = {one.action for one in records if one.actor == actor and one.outcome == "ROLE_MISSING"}
    assert denials <= refused
    assert len(denials) >= min(len(refused), PER_MINUTE)  # a flood of denials does not fill the disk
